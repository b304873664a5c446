"""
### Đóng kỳ / Close a period

**Purpose.** Brings a closing from provisional figures to an official version: checks who reported, freezes the inputs,
asks people what a machine may not decide, asks two different people for their approval, issues the version.

**Inputs.** `lake/`, the plans; params `campaign` and `period`, `grace` (days to wait after the closing date; default: the
plan's due dates). **Outputs.** `lake/closings`, `lake/decisions`, `lake/approvals`, `lake/officials/<campaign>/<period>/v<N>`
and an event of the asset `lake_officials`, which starts `build_warehouse`.

**Re-run.** Always safe: what the lake has is not asked again, a freeze is made once, a version is renamed once. Questions
that answers bring up are asked in a second round; a re-issue begins with `thidua reissue`, then this DAG again.

**On failure.** `freeze` names who has not reported: wait, or record an excuse. `show_result` names what is still to be
decided. An approval of what has changed since, or with an objection that came later, is refused: clear `show_result` and
what follows.
"""

from datetime import timedelta

from airflow.sdk import Asset, Param, dag, task
from thidua.orchestration.closing_forms import RETRIES, ApprovalForm, QuestionForm

lake_officials = Asset("lake_officials", uri="x-thidua://lake/officials")


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1,
    doc_md=__doc__,
    tags=["thidua", "closing"],
    default_args={"owner": "data-engineering", "retries": 1, "retry_delay": timedelta(seconds=2)},
    params={
        "campaign": Param(type="string", minLength=1, title="Phong trào / campaign"),
        "period": Param(type="string", minLength=1, title="Kỳ / period"),
        "grace": Param(None, type=["null", "integer"], minimum=0, title="Số ngày chờ / days of grace"),
        "now": Param(None, type=["null", "string"], title="Đồng hồ / clock", description="2023-07-04T08:00:00"),
    },
)
def close_period():
    @task(pool="warehouse", retries=0)
    def freeze(params: dict):
        from thidua.orchestration import closing_steps

        return closing_steps.freeze(params)

    @task(pool="warehouse", trigger_rule="none_failed")
    def list_questions(params: dict):
        from thidua.orchestration import closing_steps

        return closing_steps.open_forms(params)

    @task(pool="warehouse", retries=0, trigger_rule="none_failed")
    def show_result(params: dict):
        from thidua.orchestration import closing_steps

        return closing_steps.ready(params)

    @task(trigger_rule="none_failed", outlets=[lake_officials])
    def issue_official(params: dict):
        from thidua.orchestration import closing_steps

        return closing_steps.issue(params)

    questions = list_questions.override(task_id="list_questions")()
    decide = QuestionForm.partial(task_id="decide", retries=RETRIES).expand_kwargs(questions)
    more = list_questions.override(task_id="list_more_questions")()
    decide_more = QuestionForm.partial(task_id="decide_more", retries=RETRIES).expand_kwargs(more)
    result = show_result()
    approvals = [
        ApprovalForm(
            task_id=task_id,
            number=number,
            subject="Phê duyệt {{ params.campaign }} {{ params.period }} (" + person + ")",
            body="{{ ti.xcom_pull(task_ids='show_result')['body'] }}",
            approve="{{ ti.xcom_pull(task_ids='show_result')['approve'] }}",
            seen="{{ ti.xcom_pull(task_ids='show_result')['content_hash'] }}",
            objections="{{ ti.xcom_pull(task_ids='show_result')['objections'] | join(' ') }}",
            trigger_rule="none_failed",
        )
        for number, task_id, person in ((1, "approve_first", "người thứ nhất"), (2, "approve_second", "người thứ hai"))
    ]
    freeze() >> questions
    decide >> more
    decide_more >> result >> approvals[0] >> approvals[1] >> issue_official()


close_period()
