"""
### Xem xét những việc chờ quyết định / Review what waits for a decision

**Purpose.** Puts each open question (a returned file, a stale resend, an unknown name, a gate, a prize) before people as
a human-in-the-loop task, and records what they answer.

**Inputs.** `serve/current/`. **Outputs.** `lake/decisions/…`, batches of files judged again, and one event of the asset
`lake_batches`, which starts `build_warehouse`.

**Answering.** In the UI (Required Actions), over REST (`PATCH …/hitlDetails`), or on the pages of the desk. The record in
the lake counts, the task is only its form: whoever decides first has decided, and the other one's `record` says who it
was. What nobody answers in `hours` hours is asked again after a later build.

**Re-run.** Always safe: a question waits in one run at a time, an answer is recorded once. Several runs may wait at once.

**On failure.** `record` fails where the answer may not stand (nobody decides on their own unit): its log says why, and
the question is asked again. A kill between answer and record loses nothing: Airflow started again records it by itself.
"""

from datetime import timedelta

from airflow.sdk import Asset, Param, dag, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from thidua.orchestration.ask import AskOperator

lake_batches = Asset("lake_batches", uri="x-thidua://lake/batches")
marts = Asset("marts", uri="x-thidua://serve/marts")


@dag(
    schedule=[marts],
    catchup=False,
    max_active_runs=16,
    doc_md=__doc__,
    tags=["thidua", "review"],
    default_args={"owner": "data-engineering", "retries": 1, "retry_delay": timedelta(seconds=5)},
    params={
        "campaign": Param(None, type=["null", "string"], title="Phong trào / campaign (trống: tất cả / blank: all)"),
        "most": Param(20, type="integer", minimum=1, maximum=200, title="Nhiều nhất / how many at most"),
        "hours": Param(72, type="integer", minimum=1, title="Chờ mấy giờ / hours to wait for an answer"),
        "now": Param(None, type=["null", "string"], title="Đồng hồ / clock", description="2023-07-04T08:00:00"),
    },
)
def review_submissions():
    @task
    def ask_questions(params: dict, run_id: str):
        from thidua.orchestration import steps

        return steps.ask_questions(params, run_id)

    @task_group
    def review(question):
        @task(trigger_rule="all_done", outlets=[lake_batches], map_index_template="{{ title }}", retries=20)
        def record(question: dict, response, params: dict):
            from thidua.errors import ThiduaError
            from thidua.orchestration import steps

            get_current_context()["title"] = question["title"]
            try:
                said = steps.record_answer(question, response, params)
            except ThiduaError as error:
                raise AirflowFailException(error.message) from error
            if said is None:
                raise AirflowSkipException("Để sau, câu hỏi vẫn mở / later: the question stays open")
            return said

        answer = AskOperator(task_id="answer", question=question, map_index_template="{{ task.question['title'] }}")
        record(question, answer.output)

    review.expand(question=ask_questions())


review_submissions()
