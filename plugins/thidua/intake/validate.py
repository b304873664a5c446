"""Great Expectations over DuckDB: the rules of an export type are data in expectations/<export_type>/suite.json.

GX says which rules fail; every failing row is then taken by the rule's own query, since the lists in GX's results are
cut short. A rule's query selects from `{batch}` (table `typed` of figures.py or events.py) and returns at least part_no
and line.
"""

from __future__ import annotations

import json
import logging
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

import duckdb

from thidua.errors import PlanError, Problem, ThiduaError
from thidua.imports import hidden
from thidua.intake.contracts import Contract, Severity
from thidua.intake.personal import MASK
from thidua.settings import expectations_dir

log = logging.getLogger(__name__)

# GX keeps its current context in a global: one run at a time in a process.
_ONE_RUN = Lock()
# GX takes them along where they are installed, as they are for the lake's store, and asks nothing of them here.
_CLOUDS = ("boto3", "botocore", "pyathena")


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
    """GX, imported late (it costs seconds), without telemetry and clients of clouds, and able to read DuckDB."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings(), hidden(*_CLOUDS):
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


def _find(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> None:
    """Every row that breaks one of these rules into `found`, by the rule's number; what the rows say into `found_rows`."""
    connection.execute(
        "create or replace temp table found (rule_no integer, part_no integer, line bigint, detail varchar)"
    )
    for number, rule in enumerate(rules):
        query = rule.query.format(batch="typed")
        names = [column[0] for column in connection.execute(f"describe {query}").fetchall()]
        detail = "cast(detail as varchar)" if "detail" in names else "null"
        connection.execute(
            f"insert into found select distinct $number, part_no, line, {detail} from ({query})", {"number": number}
        )
    connection.execute(
        """
        create or replace temp table found_rows as
        select cells.*, typed.file_no, typed.sheet_no, typed.unit_id, typed.as_of_date
        from (select distinct part_no, line from found) as places
        inner join typed on places.part_no = typed.part_no and places.line = typed.line
        inner join cells on places.part_no = cells.part_no and places.line = cells.line
        """
    )


def _collect(connection: duckdb.DuckDBPyConnection, contract: Contract, number: int, rule: Rule) -> None:
    """All rows that break one rule into `faults`, with the cell as written; a personal one is masked."""
    column = next((one for one in contract.cell_columns if contract.key_of(one) == rule.column), None)
    value = header = hint = "cast(null as varchar)"
    name = "cast($column as varchar)"
    join = ""
    if column:
        key = contract.key_of(column)
        value = f"case when rows.{key}_text <> '' then '{MASK}' else '' end" if column.personal else f"rows.{key}_text"
        value = f"trim({value})"
        header = f"parts.{key}_header" if rule.scope == "row" else header
        if column.role in _HINTED:
            by_campaign = f"and parts.campaign_no = {key}_lookup.campaign_no" if _HINTED[column.role] else ""
            join = f"left join {key}_lookup on rows.{key}_text = {key}_lookup.text {by_campaign}"
            hint = f"nullif({key}_lookup.hint, '')"
        if column.role == "value":
            name = "parts.column_name"
    only_first = ""
    if rule.scope == "file":
        only_first = "qualify row_number() over (partition by rows.file_no order by rows.sheet_no, rows.line) = 1"
    elif column is None or column.role != "value":
        # A row of a wide table stands in `typed` once for each of its values; what is wrong with the row is told once.
        only_first = (
            "qualify row_number() over (partition by rows.file_no, rows.sheet_no, rows.line order by rows.part_no) = 1"
        )
    places = {
        "value": f"coalesce({value}, '')",
        "unit": "coalesce(rows.unit_id, '')",
        "as_of_date": "coalesce(strftime(rows.as_of_date, '%d/%m/%Y'), '')",
        "received_on": "coalesce(strftime(parts.received_on, '%d/%m/%Y'), '')",
        "earliest_date": "coalesce(strftime(parts.earliest_date, '%d/%m/%Y'), '')",
        "hint_date": "coalesce(strftime(parts.hint_date, '%d/%m/%Y'), '')",
        "hint_unit": "coalesce(parts.hint_unit_id, '')",
        "hint": f"coalesce({hint}, '-')",
        "detail": "coalesce(found.detail, '')",
    }
    connection.execute(
        f"""
        insert into faults
        select distinct
            rows.file_no, rows.part_no,
            {"cast(null as bigint)" if rule.scope == "file" else "rows.line"} as line,
            $rule_id, $severity, {name}, {header}, {value},
            {filled(rule.message_vi, places)}, {filled(rule.message_en, places)}
        from found
        inner join found_rows as rows on found.part_no = rows.part_no and found.line = rows.line
        inner join parts on rows.part_no = parts.part_no
        {join}
        where found.rule_no = $number
        {only_first}
        """,
        {"rule_id": rule.rule_id, "severity": rule.severity, "number": number}
        | ({} if name == "parts.column_name" else {"column": rule.column}),
    )


def filled(template: str, places: Mapping[str, str]) -> str:
    """SQL of a message: its words, and what stands in its places (`{value}`)."""
    pieces = re.split(rf"\{{({'|'.join(places)})\}}", template)
    words = ["'" + piece.replace("'", "''") + "'" for piece in pieces]
    words[1::2] = [places[piece] for piece in pieces[1::2]]
    return f"concat({', '.join(words)})"


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
    broken = [rule for rule in rules if rule.rule_id in failing]
    _find(connection, broken)
    for number, rule in enumerate(broken):
        _collect(connection, contract, number, rule)
    return result


def messages_sql(faults: str) -> str:
    """SQL of `faults` (a table with sheet, line, header, message_vi, message_en) with the `message` of each, one line."""
    # A cell may hold what breaks a line, hides, turns the direction of what follows, or is no character at all: only
    # letters, marks, digits, punctuation and symbols are shown (RE2's \pC leaves unassigned code points out). Few
    # messages hold any, and to ask costs a fifth of replacing.
    shown = "\\pL\\pM\\pN\\pP\\pS"
    return f"""
        with placed as (
            select *, {_PLACE_VI.strip()} || message_vi as vi, {_PLACE_EN.strip()} || message_en as en from {faults}
        ),
        joined as (
            select
                * exclude (vi, en),
                upper(substr(vi, 1, 1)) || substr(vi, 2) || ' / ' || upper(substr(en, 1, 1)) || substr(en, 2) as sentence
            from placed
        )
        select
            * exclude (sentence),
            case
                when regexp_matches(sentence, '[^{shown} ]|  ') then regexp_replace(sentence, '[^{shown}]+', ' ', 'g')
                else sentence
            end as message
        from joined
    """
