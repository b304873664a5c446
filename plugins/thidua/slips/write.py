"""Writes slips: a folder for each submission and judgement, whole or not at all, and never a second time.

They hold what an office sent, persons included, so they lie in lake/restricted/ and are readable to their owner only.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from uuid import uuid4

from thidua.errors import NotWell, PlanError, ThiduaError
from thidua.files import fsync_dir, fsync_tree, locked
from thidua.intake.campaigns import CampaignFacts, load_facts
from thidua.intake.contracts import Contract, load_contract
from thidua.intake.faults import FileFault
from thidua.intake.readers import read_file
from thidua.lake.batches import committed_submission_ids
from thidua.lake.deletions import deletion_note, is_deleted
from thidua.lake.receipts import load_receipts, raw_path
from thidua.settings import Home
from thidua.slips.judged import Judged, Judgements
from thidua.slips.marks import marks_of, marks_of_head
from thidua.slips.text import Copy, plain_text, summary_of
from thidua.slips.text_copy import copy_as_text, is_excerpt
from thidua.slips.workbook_copy import copy_workbook, is_office_workbook

log = logging.getLogger(__name__)

TEXT_NAME = "phieu-tra-lai.txt"
_TEMPORARY = ".tmp-"
_LONGEST_STEM = 200  # bytes, so that the name with its ending fits any file system
_AT_ONCE = 100  # submissions whose faults are held in memory


@dataclass(frozen=True)
class Slip:
    """`workbook` keeps the name of the file that was sent, since names carry unit and day."""

    submission_id: str
    folder: Path
    workbook: Path
    text: Path
    is_new: bool

    def read_text(self) -> str:
        return self.text.read_text(encoding="utf-8")


def slips_dir(home: Home) -> Path:
    return home.restricted / "slips"


def write_slips(home: Home, campaigns_dir: Path, submission_ids: Collection[str] | None = None) -> list[Slip]:
    """The slips of all submissions with faults, or of some; those that are there already are left as they are."""
    judgements = Judgements(home, submission_ids)
    folder = home.restricted_folder("slips")
    slips = {}
    with locked(folder / ".lock"):
        for abandoned in folder.glob(f"{_TEMPORARY}*"):
            shutil.rmtree(abandoned)
        missing = []
        for submission_id, judged in judgements.submissions.items():
            slip = slip_of(home, judged)
            slips[submission_id] = slip
            if slip.is_new:
                missing.append(submission_id)
        writer = _Writer(home, campaigns_dir)
        for start in range(0, len(missing), _AT_ONCE):
            for judged in judgements.with_faults(missing[start : start + _AT_ONCE]):
                writer.write(judged, slips[judged.submission_id])
        if missing:
            fsync_dir(folder)
    return list(slips.values())


def write_slip(home: Home, campaigns_dir: Path, asked: str) -> Slip | None:
    """The slip of one submission, None when nothing is wrong with it. `asked`: see find_submission.

    Raises NotWell for a submission that was not judged yet.
    """
    submission_id = find_submission(home, asked)
    slips = write_slips(home, campaigns_dir, [submission_id])
    if not slips and submission_id not in committed_submission_ids(home):
        raise NotWell(f"{submission_id} chưa được xét / is not judged yet; run `thidua ingest`")
    return slips[0] if slips else None


def find_submission(home: Home, asked: str) -> str:
    """The submission with this id, this unique beginning of an id, or (the latest one) this path below landing/."""
    receipts = load_receipts(home)
    path = asked.removeprefix(f"{home.landing}/").removeprefix("landing/")
    by_path = [receipt for receipt in receipts if receipt.landing_path == path]
    if by_path:
        return by_path[-1].submission_id
    found = [receipt for receipt in receipts if receipt.submission_id.startswith(asked)] if asked else []
    if len(found) == 1:
        return found[0].submission_id
    if found:
        shown = ", ".join(f"{receipt.submission_id[:12]} ({receipt.landing_path})" for receipt in found[:5])
        raise ThiduaError(f"'{asked}' là đầu của nhiều số biên nhận / begins several submissions: {shown}")
    raise ThiduaError(
        f"không có bài nộp / there is no submission '{asked}' (allowed: a receipt number, its beginning, or a path below "
        "landing/; `thidua status` lists what was returned)"
    )


def slip_of(home: Home, judged: Judged) -> Slip:
    folder = slips_dir(home) / f"{judged.submission_id}-{judged.judgement}"
    stem = PurePath(judged.file_name).stem.encode()[:_LONGEST_STEM].decode(errors="ignore")
    return Slip(judged.submission_id, folder, folder / f"{stem}.xlsx", folder / TEXT_NAME, is_new=not folder.exists())


class _Writer:
    """Plans and contracts are looked up once."""

    def __init__(self, home: Home, campaigns_dir: Path) -> None:
        self._home = home
        self._campaigns_dir = campaigns_dir
        self._facts_of = cache(self._load_facts)

    def _load_facts(self, campaign_id: str) -> CampaignFacts | None:
        try:
            return load_facts(self._campaigns_dir, campaign_id)
        except PlanError:
            return None  # the slip then names the campaign and its units by their ids

    def write(self, judged: Judged, slip: Slip) -> None:
        folder = slip.folder.with_name(f"{_TEMPORARY}{uuid4().hex}")
        folder.mkdir(mode=0o700)
        workbook, text = self._contents(judged)
        for name, content in ((slip.workbook.name, workbook), (TEXT_NAME, text.encode())):
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
        fsync_tree(folder)
        folder.rename(slip.folder)

    def _contents(self, judged: Judged) -> tuple[bytes, str]:
        """The workbook and the text. A file that cannot be copied still gets its summary."""
        facts, contract = self._facts_of(judged.campaign_id), load_contract(judged.export_type)
        if is_deleted(self._home, judged.content_sha256):
            summary = summary_of(judged, facts, contract, "none")
            note = deletion_note(self._home, judged.content_sha256)
            return copy_as_text([], {}, summary, {}), f"{plain_text(summary)}\n{note}\n"
        try:
            return self._with_copy(judged, facts, contract)
        except FileFault:
            pass  # not readable, which is what its slip says
        except Exception:
            log.exception("the slip of %s comes without a copy of the file", judged.submission_id)
        summary = summary_of(judged, facts, contract, "none")
        return copy_as_text([], {}, summary, {}), plain_text(summary)

    def _with_copy(self, judged: Judged, facts: CampaignFacts | None, contract: Contract | None) -> tuple[bytes, str]:
        content = raw_path(self._home, judged.content_sha256).read_bytes()
        layout = judged.layout
        # Only what intake could read is opened here: its reader knows what must not be.
        grids = None if layout else read_file(judged.file_name, content)
        marks = (
            marks_of(judged.faults, layout, contract) if layout else marks_of_head(judged.faults, grids or [], contract)
        )
        copy: Copy = "whole"
        if is_office_workbook(content):
            summary = summary_of(judged, facts, contract, copy)
            try:
                return copy_workbook(content, marks, summary), plain_text(summary)
            except Exception:
                log.exception("%s is copied as text: its workbook cannot be written again", judged.submission_id)
        grids = grids or read_file(judged.file_name, content)
        copy = "excerpt" if is_excerpt(grids) else "whole"
        summary = summary_of(judged, facts, contract, copy)
        heads = {sheet["sheet"]: max(sheet["header_rows"]) for sheet in layout["sheets"]} if layout else {}
        return copy_as_text(grids, marks, summary, heads), plain_text(summary)
