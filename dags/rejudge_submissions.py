"""
### Xét lại các tệp đã nhận / Judge received files again

**Purpose.** Takes files of an office, an export type or some days from their raw bytes again, after a contract or a plan
changed. What was said before stays in the lake beside what is said now; `thidua decisions` shows both.

**Inputs.** The form: campaign, export type, office, days of receipt. **Outputs.** `preview` logs each file that changes,
before and after; unless it is a dry run, `judge_again` records the decision, commits new batches and sends one event of
the asset `lake_batches`, which starts `build_warehouse`.

**Re-run.** Safe. A dry run writes nothing. Another real run judges again and records that once more.

**On failure.** A wrong form is said in one line. What a broken plan kept from being judged is judged by the next
`ingest_exports`, since the decision is recorded first.
"""

from datetime import timedelta

from airflow.sdk import Asset, Param, dag, task
from airflow.sdk.exceptions import AirflowSkipException

lake_batches = Asset("lake_batches", uri="x-thidua://lake/batches")


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["thidua", "review"],
    default_args={"owner": "data-engineering", "retries": 0, "retry_delay": timedelta(seconds=5)},
    params={
        "campaign": Param("", type="string", minLength=1, title="Phong trào / campaign"),
        "export_type": Param(None, type=["null", "string"], title="Loại báo cáo / export type"),
        "office": Param(None, type=["null", "string"], title="Mã đơn vị / office", description="unit_id"),
        "from": Param(None, type=["null", "string"], format="date", title="Nhận từ ngày / received from"),
        "to": Param(None, type=["null", "string"], format="date", title="Nhận đến hết ngày / received through"),
        "dry_run": Param(True, type="boolean", title="Chỉ xem, không ghi / dry run: only look"),
        "reason": Param(
            "Mẫu báo cáo thay đổi / the contract changed", type="string", minLength=3, title="Lý do / reason"
        ),
        "now": Param(None, type=["null", "string"], title="Đồng hồ / clock", description="2023-07-04T08:00:00"),
    },
)
def rejudge_submissions():
    def by(dag_run):
        return getattr(dag_run, "triggering_user_name", None) or "airflow"

    @task
    def preview(params: dict, dag_run):
        from thidua.orchestration import steps

        return steps.rejudge(params, by(dag_run), dry_run=True)

    @task(outlets=[lake_batches])
    def judge_again(changes: list[dict], params: dict, dag_run):
        from thidua.orchestration import steps

        if params["dry_run"]:
            raise AirflowSkipException("Chỉ xem / a dry run: nothing is written")
        return steps.rejudge(params, by(dag_run), dry_run=False)

    judge_again(preview())


rejudge_submissions()
