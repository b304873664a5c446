"""
### Tiếp nhận tệp báo cáo / Take in exports

**Purpose.** Takes settled new files of `landing/` into the lake: receipts, reading, validation (Great Expectations),
batches of accepted and rejected rows; judges again what decisions ask for; then a slip for each file with faults.

**Inputs.** `landing/<campaign>/<export_type>/…`, the plans, the export contracts. **Outputs.** `lake/batches/…` and one
event of the asset `lake_batches`, which starts `build_warehouse`; slips in `lake/restricted/slips/`.

**Re-run.** Always safe: a file is a receipt once, a batch is renamed once, a slip is written once.

**On failure.** `report_returned` fails when files were returned to their offices in this run: nothing is broken, the
log names the files, what is wrong and how to mend it. Any other task: read its log, then clear it.
"""

from datetime import timedelta

from airflow.sdk import Asset, AssetWatcher, Param, dag, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException
from thidua.orchestration.landing_trigger import LandingTrigger
from thidua.settings import home

lake_batches = Asset("lake_batches", uri="x-thidua://lake/batches")
landing = Asset(
    "landing",
    uri="x-thidua://landing",
    watchers=[AssetWatcher(name="landing", trigger=LandingTrigger(home=str(home().path)))],
)


@dag(
    schedule=[landing],
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["thidua", "intake"],
    default_args={"owner": "data-engineering", "retries": 2, "retry_delay": timedelta(seconds=5)},
    params={"now": Param(None, type=["null", "string"], title="Đồng hồ / clock", description="2023-07-04T08:00:00")},
)
def ingest_exports():
    @task
    def take_receipts(params: dict, ti):
        from thidua.orchestration import steps

        taken = steps.take_receipts(params)
        ti.xcom_push("troubles", taken["troubles"])
        return taken["chunks"]

    @task(map_index_template="{{ chunk_name }}")
    def judge_chunk(submission_ids: list[str], params: dict):
        from thidua.orchestration import steps

        judged = steps.judge(submission_ids, params)
        get_current_context()["chunk_name"] = judged["name"]
        return judged

    @task(trigger_rule="all_done", inlets=[landing], outlets=[lake_batches])
    def commit_batches(judged, params: dict):
        from thidua.orchestration import steps

        batches = steps.commit(list(judged or []), params)
        if not batches and not steps.has_unbuilt_decisions():
            raise AirflowSkipException("Không có gì mới / nothing new")
        return batches

    @task(trigger_rule="all_done")
    def write_slips(batches):
        from thidua.orchestration import steps

        return steps.write_slips(list(batches or []))

    @task(trigger_rule="all_done", retries=0)
    def report_returned(chunks, troubles, judged, batches):
        from thidua.orchestration import steps

        taken = {"chunks": list(chunks or []), "troubles": list(troubles or [])}
        return steps.report(taken, list(judged or []), list(batches or []))

    chunks = take_receipts()
    judged = judge_chunk.expand(submission_ids=chunks)
    batches = commit_batches(judged)
    write_slips(batches) >> report_returned(chunks, chunks["troubles"], judged, batches)


ingest_exports()
