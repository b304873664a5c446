"""
### Dọn dẹp theo chính sách lưu trữ / Tidy by the retention policy

**Purpose.** Removes what the policy no longer keeps: old versions of `serve/`, old logs, validation pages and work
folders, old runs of Airflow, and originals about persons of campaigns that are over.

**Inputs.** `$THIDUA_HOME/retention.yml`, else `plugins/thidua/operations/retention.yml`. **Outputs.** Less on the disk; for
each original a record `lake/deletions/<hash>.json` with who, when and by which rule. Official versions are computed again
without it; `thidua explain` and `thidua reproduce` say that it is gone.

**Never touched.** `landing/`, decisions and their papers, batches, official versions; an original before its campaign's
last closing is official and the time of the policy is over, or while a decision or an objection needs it.

**Re-run.** Always safe. With `dry_run` the log shows what would go and why, and nothing goes.

**On failure.** A broken `retention.yml` is named with its line, and nothing went. `airflow db clean` failing leaves the
rest done: run it by hand, or start this DAG without `with_airflow`.
"""

from airflow.sdk import CronTriggerTimetable, Param, dag, task


@dag(
    schedule=CronTriggerTimetable("0 3 * * 0", timezone="Asia/Ho_Chi_Minh"),
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["thidua", "operations"],
    default_args={"owner": "data-engineering", "retries": 0},
    params={
        "dry_run": Param(False, type="boolean", title="Chỉ xem thử / dry run"),
        "with_airflow": Param(True, type="boolean", title="Cả lịch sử Airflow / Airflow's own runs too"),
        "now": Param(None, type=["null", "string"], title="Đồng hồ / clock", description="2026-07-04T08:00:00"),
    },
)
def tidy_house():
    @task
    def tidy(params: dict, dag_run):
        from thidua.orchestration import steps

        return steps.tidy(params, getattr(dag_run, "triggering_user_name", None) or "DAG tidy_house")

    tidy()


tidy_house()
