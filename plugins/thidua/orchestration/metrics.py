"""Numbers for monitoring, sent as Airflow's own are: to StatsD, Datadog or OpenTelemetry, by its settings `[metrics]`.

Off unless these switch it on. Names below the prefix of Airflow, `campaign` as a tag where the receiver knows tags:

    thidua.submissions.<outcome>     counter: files judged: accepted, accepted_with_rejections, returned
    thidua.rejections.<severity>     counter: faults found in them: critical, error, warning
    thidua.build.seconds             timer;   thidua.build.batches  counter
    thidua.published.at              gauge: when the current version was published, seconds since 1970
    thidua.published.age             gauge: how old it is, in seconds, whenever a DAG of ours looks
    thidua.waiting.<for>             gauge: questions that wait for operator, council, office

A number that cannot be sent stops nobody: it is logged.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec

from thidua.settings import Home

log = logging.getLogger(__name__)

_SWITCHES = ("statsd_on", "statsd_datadog_enabled", "otel_on")
WAITS_FOR = ("operator", "council", "office")
P = ParamSpec("P")


def _is_on() -> bool:
    """Whether this process is Airflow's and its settings send numbers anywhere. Elsewhere nobody imports Airflow for it."""
    found = sys.modules.get("airflow.sdk.configuration")
    return found is not None and any(found.conf.getboolean("metrics", switch, fallback=False) for switch in _SWITCHES)


def _stats() -> Any:
    from airflow.sdk.observability import stats

    return stats


def _when_on(send: Callable[P, None]) -> Callable[P, None]:
    @wraps(send)
    def call(*arguments: P.args, **options: P.kwargs) -> None:
        try:
            if _is_on():
                send(*arguments, **options)
        except Exception:
            log.exception("numbers for monitoring are not sent (%s)", send.__name__)

    return call


@_when_on
def count_judged(home: Home, batches: Sequence[str]) -> None:
    """The files of these batches by outcome, their faults by severity."""
    import duckdb

    from thidua.lake.batches import batches_dir

    files = {
        table: [str(batches_dir(home) / batch / f"{table}.parquet") for batch in batches]
        for table in ("submissions", "rejected_rows")
    }
    if not batches:
        return
    with duckdb.connect() as connection:
        outcomes = connection.execute(
            "select campaign_id, case when verdict = 'accepted' and rejected_row_count > 0 "
            "then 'accepted_with_rejections' else verdict end as outcome, count(*) from read_parquet($1) "
            "group by campaign_id, outcome order by campaign_id, outcome",
            [files["submissions"]],
        ).fetchall()
        faults = connection.execute(
            "select campaign_id, severity, count(*) from read_parquet($1) "
            "group by campaign_id, severity order by campaign_id, severity",
            [files["rejected_rows"]],
        ).fetchall()
    for name, rows in (("submissions", outcomes), ("rejections", faults)):
        for campaign_id, kind, count in rows:
            _stats().incr(f"thidua.{name}.{kind}", count=count, tags={"campaign": campaign_id})


@_when_on
def count_build(seconds: float, batches: int) -> None:
    _stats().timing("thidua.build.seconds", timedelta(seconds=seconds))
    _stats().incr("thidua.build.batches", count=batches)


@_when_on
def gauge_house(home: Home, now: datetime) -> None:
    """How old what is published is, and what waits for people."""
    from thidua.operations.health import published_age, waiting_questions

    age = published_age(home, now)
    if age is None:
        return
    _stats().gauge("thidua.published.at", int(now.timestamp() - age))
    _stats().gauge("thidua.published.age", int(age))
    counts: Counter[str] = Counter(waiting_questions(home, now))
    for waits_for in sorted({*WAITS_FOR, *counts}):
        _stats().gauge(f"thidua.waiting.{waits_for}", counts[waits_for])
