"""Puts sample exports into landing/: files and the sidecars that date their receipts.

The same seed gives the same bytes, and a file that is there already is left as it is: a second call does no work.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from thidua.files import write_atomic
from thidua.plan.loader import Plan, load_campaigns
from thidua.samples.chance import Outgoing
from thidua.samples.growth import GrowthOffices
from thidua.samples.people import PeopleOffices
from thidua.samples.spec import Growth, People, Sample, load_samples
from thidua.samples.tables import TableOffices
from thidua.settings import Home


def generate(home: Home, campaigns_dir: Path, seed: int = 1, campaigns: Iterable[str] | None = None) -> list[Path]:
    """Writes the samples of all campaigns (or those named) below landing/ and returns their paths, in order.

    Raises PlanError when a plan or a sample.yml is broken; nothing is written then.
    """
    plans = load_campaigns(campaigns_dir, campaigns)
    samples = {name: load_samples(plan.folder, plan.units) for name, plan in plans.items()}
    written: list[Path] = []
    for campaign_id, plan in plans.items():
        for export_type, file in outgoing(plan, samples[campaign_id], seed):
            path = home.landing / campaign_id / export_type / file.name
            sidecar = json.dumps({"received_at": file.received_at.isoformat()}).encode()
            # The sidecar first: a file that lies in landing/ is whole and dated.
            _write_new(path.with_name(path.name + ".receipt.json"), sidecar)
            _write_new(path, file.content)
            written.append(path)
    return written


def outgoing(plan: Plan, samples: Iterable[Sample], seed: int) -> Iterator[tuple[str, Outgoing]]:
    """(export type, file) of all that a campaign's offices send."""
    for sample in samples:
        if isinstance(sample, People):
            yield from PeopleOffices(plan, sample, seed).files()
            continue
        offices = GrowthOffices(plan, sample, seed) if isinstance(sample, Growth) else TableOffices(plan, sample, seed)
        for file in offices.files():
            yield sample.export_type, file


def _write_new(path: Path, content: bytes) -> None:
    if not path.exists() or path.read_bytes() != content:
        write_atomic(path, content)
