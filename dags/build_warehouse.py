"""
### Dựng kho và công bố / Build and publish

**Purpose.** Brings the warehouse up to date with dbt (models and their tests in one process), then publishes the marts,
then writes slips for what only the build finds wrong (figures sent again, counts that fall, persons claimed twice).

**Inputs.** `lake/` (batches, decisions, plan snapshots), the plans. **Outputs.** `serve/current/`: a new version, whole
or not at all, and one event of the asset `marts`, which starts `review_submissions`; the same tables in Postgres, where
`THIDUA_POSTGRES_DSN` is set; slips in `lake/restricted/slips/`.

**Re-run.** Always safe: a build takes what it has not seen, and all of it again when it was interrupted;
a slip is written once.

**On failure.** What is published stays. The log names the model or test that failed; mend it and clear the task. With
`full` the warehouse is rebuilt from the lake alone; with `known_at` it is rebuilt as of that instant beside it.
`publish_postgres` alone red: the files are out, Postgres holds what it held; its log says why, the next run catches up.

**Why one task.** A box per model would cost six times as much: the sample builds in 18 to 22 s in one task, in 134 to
170 s with Cosmos's WATCHER (238 s with boxes for the tests; LocalExecutor, 2 cores). `warehouse/dbt/dbt.log` names models.

**Waiting for ever?** `build` and `publish` need the pool `warehouse`. `make run` and `make up` make it; elsewhere:
`airflow pools set warehouse 1 "One writer of the warehouse"`.
"""

from datetime import timedelta

from airflow.sdk import Asset, Param, dag, task
from airflow.sdk.exceptions import AirflowSkipException

lake_batches = Asset("lake_batches", uri="x-thidua://lake/batches")
lake_officials = Asset("lake_officials", uri="x-thidua://lake/officials")
marts = Asset("marts", uri="x-thidua://serve/marts")


@dag(
    schedule=lake_batches | lake_officials,
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["thidua", "warehouse"],
    default_args={"owner": "data-engineering", "retries": 2, "retry_delay": timedelta(seconds=5)},
    params={
        "now": Param(None, type=["null", "string"], title="Đồng hồ / clock", description="2023-07-04T08:00:00"),
        "known_at": Param(None, type=["null", "string"], title="Như đã biết lúc / as known at"),
        "full": Param(False, type="boolean", title="Dựng lại từ đầu / rebuild from nothing"),
    },
)
def build_warehouse():
    @task(pool="warehouse")
    def build(params: dict):
        from thidua.orchestration import steps

        return steps.build(params)

    @task(pool="warehouse", inlets=[lake_batches, lake_officials], outlets=[marts])
    def publish(built: dict):
        from thidua.orchestration import steps

        version = steps.publish(built)
        if version is None:
            raise AirflowSkipException("Không có gì mới / nothing new")
        return version

    # These also when there was nothing to publish: an earlier run may have ended before them.
    @task(trigger_rule="none_failed")
    def publish_postgres(built: dict):
        from thidua.orchestration import steps

        loaded = steps.publish_postgres(built)
        if loaded is None:
            raise AirflowSkipException("Không có Postgres, hoặc không có gì mới / no Postgres, or nothing new")
        return loaded

    @task(trigger_rule="none_failed")
    def write_slips():
        from thidua.orchestration import steps

        return steps.write_slips()

    built = build()
    publish(built) >> [publish_postgres(built), write_slips()]


build_warehouse()
