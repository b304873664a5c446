"""What people decided of a file before it is judged: names that mean a unit, rows taken out, faults accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from thidua.intake.cells import lay
from thidua.lake.decisions import Decision, in_force

_TEXT, _INTEGER, _LONG = pa.string(), pa.int32(), pa.int64()
EXCLUDED_RULE = "excluded_row"


@dataclass(frozen=True)
class Decided:
    """The entries in view at one judgement of one submission; see lake/judgements.py."""

    in_view: tuple[Decision, ...] = ()

    @property
    def ids(self) -> list[str]:
        return sorted(decision["decision_id"] for decision in self.in_view)

    @property
    def aliases(self) -> tuple[tuple[str, str], ...]:
        """(name, unit); of a name decided twice the later word."""
        found = {one["subject"]["name"]: one["subject"]["unit_id"] for one in self._of_kind("name_unit")}
        return tuple(sorted(found.items()))

    @property
    def excluded(self) -> list[Decision]:
        return self._of_kind("exclude_row")

    @property
    def waived(self) -> list[Decision]:
        return self._of_kind("waive")

    def _of_kind(self, kind: str) -> list[Decision]:
        return [decision for decision in in_force(self.in_view) if decision["kind"] == kind]


def _words(decision: Decision, vi: str, en: str) -> tuple[str, str]:
    who, why = (" ".join(str(decision[name]).split()) for name in ("decided_by", "reason"))
    return f"{vi} {who}: {why}", f"{en} {who}: {why}"


def exclude_rows(connection: duckdb.DuckDBPyConnection, decided: Mapping[int, Decided]) -> None:
    """Takes decided rows out of `cells` before anything looks at them, and keeps them in table `excluded`."""
    rows = [
        (
            file_no,
            one["subject"].get("sheet"),
            one["subject"]["line_number"],
            *_words(one, "không tính theo quyết định của", "taken out by decision of"),
        )
        for file_no, some in decided.items()
        for one in some.excluded
    ]
    columns = {"file_no": _INTEGER, "sheet": _TEXT, "line": _LONG, "message_vi": _TEXT, "message_en": _TEXT}
    lay(connection, "asked_out", columns, rows)
    connection.execute(
        """
        create or replace temp table excluded as
        select parts.part_no, asked_out.*
        from asked_out
        inner join parts
            on asked_out.file_no = parts.file_no and asked_out.sheet is not distinct from parts.sheet
        inner join cells on parts.part_no = cells.part_no and asked_out.line = cells.line
        """
    )
    if rows:
        connection.execute(
            """
            delete from laid_cells
            where exists (
                select 1 from excluded where excluded.part_no = laid_cells.part_no and excluded.line = laid_cells.line
            )
            """
        )


def accept_faults(connection: duckdb.DuckDBPyConnection, decided: Mapping[int, Decided]) -> None:
    """Faults that a decision accepts become warnings that say so; a row taken out is one too."""
    rows = [
        (
            file_no,
            one["subject"]["rule_id"],
            *_words(one, "; được chấp nhận theo quyết định của", "; accepted by decision of"),
        )
        for file_no, some in decided.items()
        for one in some.waived
    ]
    columns = {"file_no": _INTEGER, "rule_id": _TEXT, "message_vi": _TEXT, "message_en": _TEXT}
    lay(connection, "accepted_faults", columns, rows)
    connection.execute(
        """
        update faults
        set
            severity = 'warning',
            message_vi = faults.message_vi || accepted_faults.message_vi,
            message_en = faults.message_en || accepted_faults.message_en
        from accepted_faults
        where faults.file_no = accepted_faults.file_no and faults.rule_id = accepted_faults.rule_id
        """
    )
    connection.execute(
        f"""
        insert into faults (file_no, part_no, line, rule_id, severity, message_vi, message_en)
        select file_no, min(part_no), line, '{EXCLUDED_RULE}', 'warning', any_value(message_vi), any_value(message_en)
        from excluded
        group by file_no, sheet, line
        """
    )
