"""Great Expectations over DuckDB: the rules of an export type are data in expectations/<export_type>/suite.json.

GX says which rules fail; every failing row is then taken by the rule's own query, since the lists in GX's results are
cut short. A rule's query selects from `{batch}` (table `typed` of figures.py or events.py) and returns at least part_no
and line.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

import duckdb

from thidua.errors import PlanError, Problem, ThiduaError
from thidua.intake.contracts import Contract, Severity
from thidua.intake.personal import MASK
from thidua.settings import expectations_dir

log = logging.getLogger(__name__)

# GX keeps its current context in a global: one run at a time in a process.
_ONE_RUN = Lock()


@dataclass(frozen=True)
class Rule:
    """What the meta of an expectation says. `column`: whose cell is at fault (Contract.key_of); `scope` file: told once
    a file.
    """

    rule_id: str
    severity: Severity
    column: str | None
    message_vi: str
    message_en: str
    query: str
    scope: str = "row"
    waivable: bool = False


def suite_path(export_type: str, folder: Path | None = None) -> Path:
    return (folder or expectations_dir()) / export_type / "suite.json"


@lru_cache(maxsize=64)
def _load(path: Path, mtime_ns: int) -> tuple[str, tuple[Rule, ...]]:
    label = f"expectations/{path.parent.name}/{path.name}"
    text = path.read_text(encoding="utf-8")
    try:
        expectations = json.loads(text)["expectations"]
        rules = tuple(
            Rule(**expectation["meta"], query=expectation["kwargs"]["unexpected_rows_query"])
            for expectation in expectations
        )
    except (ValueError, KeyError, TypeError) as error:
        problem = Problem(
            label, None, "expectations", f"not a suite of this house ({error})", "see the suites beside it"
        )
        raise PlanError([problem]) from error
    twice = {rule.rule_id for rule in rules if sum(other.rule_id == rule.rule_id for other in rules) > 1}
    if twice:
        raise PlanError([Problem(label, None, "rule_id", f"used twice: {', '.join(sorted(twice))}")])
    return text, rules


def load_rules(export_type: str, folder: Path | None = None) -> tuple[str, tuple[Rule, ...]]:
    """(the suite's JSON, its rules). Raises PlanError on a suite that is not ours to read."""
    path = suite_path(export_type, folder)
    if not path.exists():
        raise PlanError([Problem(f"expectations/{export_type}/suite.json", None, "-", "is missing")])
    return _load(path, path.stat().st_mtime_ns)


class WorkDatabase:
    """A DuckDB in memory that GX opens too: a named one, with the settings that duckdb-engine asks for.

    DuckDB refuses a second connection with other settings to the same database.
    """

    def __init__(self) -> None:
        import duckdb_engine
        import sqlalchemy

        self.name = f":memory:thidua_{uuid4().hex}"
        agent = f"duckdb_engine/{duckdb_engine.__version__}(sqlalchemy/{sqlalchemy.__version__})"
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(self.name, config={"custom_user_agent": agent})
        self.connection.execute("set TimeZone = 'UTC'")

    @property
    def url(self) -> str:
        return f"duckdb:///{self.name}"

    def __enter__(self) -> WorkDatabase:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


class _DuckDB(str):
    """A dialect's name with the `.value` that GX's list of dialects expects."""

    @property
    def value(self) -> str:
        return str(self)


@lru_cache(maxsize=1)
def load_gx() -> Any:
    """GX, imported late (it costs seconds), without telemetry, and able to read DuckDB."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    # Out of the box GX closes DuckDB's connection before it fetches (great_expectations#11579).
    if "duckdb" not in engine._PERSISTED_CONNECTION_DIALECTS:
        engine._PERSISTED_CONNECTION_DIALECTS = (*engine._PERSISTED_CONNECTION_DIALECTS, _DuckDB("duckdb"))
    for noisy in ("great_expectations", "great_expectations.core.batch"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    return gx


def run_suite(url: str, suite_json: str) -> tuple[set[str], Any]:
    """Runs the suite over table `typed`, once: (the ids of the rules that rows break, GX's validation result).

    Raises ThiduaError when a rule could not be evaluated at all.
    """
    with _ONE_RUN:
        return _run_suite(url, suite_json)


def _run_suite(url: str, suite_json: str) -> tuple[set[str], Any]:
    gx = load_gx()
    from great_expectations.core import ExpectationSuite
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    # No docs site, no progress bars, no telemetry: the rows are ours to tell of (data_docs.py), and may be personal.
    settings = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    context = gx.get_context(mode="ephemeral", project_config=settings)
    source = context.data_sources.add_sql("work", connection_string=url)
    batch = source.add_table_asset("typed", table_name="typed").add_batch_definition_whole_table("chunk")
    document: Mapping[str, Any] = json.loads(suite_json)
    suite = ExpectationSuite(name=document["name"], expectations=document["expectations"], meta=document.get("meta"))
    # Not stored as a validation definition: the suite in expectations/ is the only copy.
    result = batch.get_batch().validate(suite, result_format="BASIC")
    failing = set()
    for one in result.results:
        rule_id = one.expectation_config.meta["rule_id"]
        if one.exception_info and (
            one.exception_info.get("raised_exception")
            or any(isinstance(info, dict) and info.get("raised_exception") for info in one.exception_info.values())
        ):
            log.error("rule %s could not be evaluated: %s", rule_id, one.exception_info)
            raise ThiduaError(f"rule {rule_id} of suite {document['name']} could not be evaluated; correct its query")
        if not one.success:
            failing.add(rule_id)
    engine = source.get_execution_engine()
    engine.close()
    return failing, result


_FAULTS = """
create or replace table faults (
    file_no integer, part_no integer, line bigint, rule_id varchar, severity varchar, column_name varchar,
    header varchar, value varchar, message_vi varchar, message_en varchar
)
"""

# Every fault names its place as the sender sees it, then what is wrong and how to mend it.
_PLACE_VI = """
concat(
    case when sheet is not null then 'Trang tính ''' || sheet || ''', ' else '' end,
    case when line is not null then 'dòng ' || line || ', ' else '' end,
    case when header is not null then 'cột ''' || header || ''', ' else '' end
)
"""
_PLACE_EN = """
concat(
    case when sheet is not null then 'Sheet ''' || sheet || ''', ' else '' end,
    case when line is not null then 'row ' || line || ', ' else '' end,
    case when header is not null then 'column ''' || header || ''', ' else '' end
)
"""


# Roles whose lookups know what a text could have meant.
_HINTED = {"unit": True, "metric": True, "choice": False, "product": False, "dimension": False}


def _collect(connection: duckdb.DuckDBPyConnection, contract: Contract, rule: Rule) -> None:
    """All rows that break one rule into `faults`, with the cell as written; a personal one is masked."""
    # Laid out first: DuckDB 1.5 fails to plan a query that ranks what a rule with joins has found.
    connection.execute(f"create or replace temp table found as {rule.query.format(batch='typed')}")
    names = [column[0] for column in connection.execute("describe found").fetchall()]
    detail = "cast(found.detail as varchar)" if "detail" in names else "cast(null as varchar)"
    column = next((one for one in contract.cell_columns if contract.key_of(one) == rule.column), None)
    value = header = hint = "cast(null as varchar)"
    name = "cast($column as varchar)"
    joins = []
    if column:
        key = contract.key_of(column)
        value = (
            f"case when cells.{key}_text <> '' then '{MASK}' else '' end" if column.personal else f"cells.{key}_text"
        )
        value = f"trim({value})"
        header = f"parts.{key}_header" if rule.scope == "row" else header
        if column.role in _HINTED:
            by_campaign = f"and parts.campaign_no = {key}_lookup.campaign_no" if _HINTED[column.role] else ""
            joins.append(f"left join {key}_lookup on cells.{key}_text = {key}_lookup.text {by_campaign}")
            hint = f"nullif({key}_lookup.hint, '')"
        if column.role == "value":
            name = "parts.column_name"
    only_first = ""
    if rule.scope == "file":
        only_first = "qualify row_number() over (partition by typed.file_no order by typed.sheet_no, typed.line) = 1"
    elif column is None or column.role != "value":
        # A row of a wide table stands in `typed` once for each of its values; what is wrong with the row is told once.
        only_first = "qualify row_number() over (partition by typed.file_no, typed.sheet_no, typed.line order by typed.part_no) = 1"

    def filled(template: str) -> str:
        for name, expression in (
            ("value", f"coalesce({value}, '')"),
            ("unit", "coalesce(typed.unit_id, '')"),
            ("as_of_date", "coalesce(strftime(typed.as_of_date, '%d/%m/%Y'), '')"),
            ("received_on", "coalesce(strftime(parts.received_on, '%d/%m/%Y'), '')"),
            ("earliest_date", "coalesce(strftime(parts.earliest_date, '%d/%m/%Y'), '')"),
            ("hint_date", "coalesce(strftime(parts.hint_date, '%d/%m/%Y'), '')"),
            ("hint_unit", "coalesce(parts.hint_unit_id, '')"),
            ("hint", f"coalesce({hint}, '-')"),
            ("detail", f"coalesce({detail}, '')"),
        ):
            template = f"replace({template}, '{{{name}}}', {expression})"
        return template

    connection.execute(
        f"""
        insert into faults
        select distinct
            typed.file_no, typed.part_no,
            {"cast(null as bigint)" if rule.scope == "file" else "typed.line"} as line,
            $rule_id, $severity, {name}, {header}, {value}, {filled("$message_vi")}, {filled("$message_en")}
        from found
        inner join typed on found.part_no = typed.part_no and found.line = typed.line
        inner join cells on found.part_no = cells.part_no and found.line = cells.line
        inner join parts on typed.part_no = parts.part_no
        {" ".join(joins)}
        {only_first}
        """,
        {
            "rule_id": rule.rule_id,
            "severity": rule.severity,
            "message_vi": rule.message_vi,
            "message_en": rule.message_en,
        }
        | ({} if name == "parts.column_name" else {"column": rule.column}),
    )


def validate_chunk(work: WorkDatabase, contract: Contract, folder: Path | None = None) -> Any:
    """Judges table `typed` by the suite of its export type and fills table `faults`, one row per fault.

    Returns GX's validation result, None when there was no row to judge.
    """
    connection = work.connection
    connection.execute(_FAULTS)
    suite_json, rules = load_rules(contract.export_type, folder)
    counted = connection.execute("select count(*) from typed").fetchone()
    if not counted or not counted[0]:
        return None
    failing, result = run_suite(work.url, suite_json)
    for rule in rules:
        if rule.rule_id in failing:
            _collect(connection, contract, rule)
    return result


def message_sql() -> str:
    """SQL over columns sheet, line, header, message_vi, message_en: the message of a fault, one line."""
    vi, en = _PLACE_VI.strip(), _PLACE_EN.strip()

    def sentence(place: str, message: str) -> str:
        return f"upper(({place} || {message})[1]) || ({place} || {message})[2:]"

    # A cell may hold what breaks a line, hides, turns the direction of what follows, or is no character at all: only
    # letters, marks, digits, punctuation and symbols are shown (RE2's \pC leaves unassigned code points out).
    both = f"{sentence(vi, 'message_vi')} || ' / ' || {sentence(en, 'message_en')}"
    return f"regexp_replace({both}, '[^\\pL\\pM\\pN\\pP\\pS]+', ' ', 'g')"
