"""The data tests that stand beside the models, asked by the hundred.

dbt gives each test what it gives a model (a context, a transaction, twenty events): a third of a build's time for counts
that the database answers in half a millisecond. So dbt compiles them, once per version of the project, and the build asks them
on one connection. `dbt test` runs the same tests by hand.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass

from thidua.errors import NotWell
from thidua.files import write_atomic
from thidua.warehouse.dbt_runs import fingerprint, not_built, project_dir_of, run_dbt
from thidua.warehouse.place import Ask, Warehouse


@dataclass(frozen=True)
class DataTest:
    """A query that finds what breaks a rule. `fail_calc`, `error_if`: how dbt counts its rows and when that is a failure."""

    name: str
    nodes: list[str]
    sql: str
    fail_calc: str
    error_if: str

    def broken_by(self, ask: Ask) -> str | None:
        """What is wrong, in dbt's words; None when the rule holds."""
        counted = f"select {self.fail_calc}, {self.fail_calc} {self.error_if} from ({self.sql}) as broken"
        try:
            ((failures, is_broken),) = ask(counted)
        except NotWell as error:
            return f"{self.name}: {error}"
        return f"{self.name}: Got {failures} results, configured to fail if {self.error_if}" if is_broken else None


def data_tests(warehouse: Warehouse) -> list[DataTest]:
    """All data tests of the project that stop a build, compiled for warehouses of this name; kept between processes."""
    kept, sources = project_dir_of(warehouse) / "data_tests.json", fingerprint()
    if kept.exists():
        document = json.loads(kept.read_bytes())
        if document["sources"] == sources:
            return [DataTest(**test) for test in document["tests"]]
    nodes = [result.node for result in run_dbt(warehouse, "compile", "--select", "test_type:data")]
    tests = [
        DataTest(node.name, node.depends_on.nodes, node.compiled_code, node.config.fail_calc, node.config.error_if)
        for node in sorted(nodes, key=lambda node: str(node.unique_id))
        if node.config.severity.lower() == "error"
    ]
    write_atomic(kept, json.dumps({"sources": sources, "tests": [asdict(test) for test in tests]}).encode())
    return tests


def check(warehouse: Warehouse, built: Collection[str]) -> None:
    """Asks every data test of these models (dbt's unique ids). Raises NotWell naming the first that is broken; all of
    them stand in the log, with the query that finds the rows."""
    wanted = [test for test in data_tests(warehouse) if set(test.nodes) <= set(built)]
    with warehouse.asked() as ask:
        broken = [(test, reason) for test in wanted if (reason := test.broken_by(ask))]
    with (warehouse.work / "dbt.log").open("a", encoding="utf-8") as file:
        file.writelines(f"{reason}\n{test.sql}\n" for test, reason in broken)
        file.write(f"{len(wanted)} data tests, {len(broken)} broken\n")
    if broken:
        raise not_built([reason for _, reason in broken], warehouse.work)
