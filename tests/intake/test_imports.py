"""What a process that judges pays for: imports are most of the time of a small file. Nothing else is imported here."""

from __future__ import annotations

import sys

from tests.processes import CHILDREN


def judging_process() -> None:
    from thidua.intake.validate import load_gx

    load_gx()
    imported = {"great_expectations", "boto3", "botocore", "pyathena", "s3fs", "airflow"} & set(sys.modules)
    assert imported == {"great_expectations"}, imported
    import boto3  # it is only not for Great Expectations

    assert boto3.client


def test_who_judges_imports_nothing_of_the_store() -> None:
    """Great Expectations takes clients of clouds along where they are installed: half a second of each process."""
    process = CHILDREN.Process(target=judging_process)
    process.start()
    process.join(300)
    assert process.exitcode == 0
