"""The process that opens workbooks, so that one made to burst takes nothing else with it.

Reads from stdin a length (8 bytes) and a workbook, again and again until stdin ends. Answers on stdout with messages,
each a length and JSON: first an empty one, when it is ready; per sheet `sheet`, then `rows` as often as needed; last
`end`, or `fault`. See sandbox.py.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from thidua.intake.faults import FileFault
from thidua.intake.packages import damaged
from thidua.intake.sheets import read_sheets, too_large
from thidua.limits import PROCESS_BYTES


def messages_of(content: bytes) -> Iterator[dict[str, Any]]:
    """What is answered to one workbook."""
    try:
        for sheet in read_sheets(content):
            yield {"sheet": sheet.name, "merges": sheet.merges, "is_1904": sheet.is_1904}
            for lines, rows in sheet.batches:
                yield {"lines": lines, "rows": rows}
        yield {"end": True}
    except FileFault as fault:
        yield {"fault": fault.rule_id, "values": fault.values}
    except MemoryError:
        yield _fault(too_large("RAM"))
    except Exception:
        yield _fault(damaged())
    except BaseException as error:
        # The reader's own panics are no Exceptions; what ends this process must end it.
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            raise
        yield _fault(damaged())


def _fault(fault: FileFault) -> dict[str, Any]:
    return {"fault": fault.rule_id, "values": fault.values}


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    answers.write(struct.pack("<Q", 0))
    answers.flush()
    while len(head := requests.read(8)) == 8:
        content = requests.read(struct.unpack("<Q", head)[0])
        for message in messages_of(content):
            body = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace")
            answers.write(struct.pack("<Q", len(body)))
            answers.write(body)
        answers.flush()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (PROCESS_BYTES, PROCESS_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer)
