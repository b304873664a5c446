"""The form of a question in Airflow: a human-in-the-loop task, filled from a question record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from airflow.sdk import Param

from thidua.orchestration.forms import LATER
from thidua.orchestration.kept_form import KeptForm
from thidua.orchestration.kept_responses import Place, forget

CHECKED = "Đã kiểm tra / checked"
RETRIES = 5  # an answer is kept: started anew, the task takes it


def forget_answer(context: Any) -> None:
    """Once Airflow has the answer as the task's result, for `record` to find however often that is run."""
    forget(Place.of(context))


class AskOperator(KeptForm):
    """Parks until somebody answers, in the UI or over REST; whoever answers nothing in time answers "later".

    `question`: a record of `steps.ask_questions`. What an office wrote is shown as text, and never as a template.
    """

    template_fields: ClassVar[tuple[str, ...]] = ("question",)

    def __init__(self, *, question: Any, **arguments: Any) -> None:
        # Airflow hands over the DAG's params; the form asks for its own.
        arguments["params"] = {"reason": Param(CHECKED, type="string", minLength=3, title="Lý do / reason")}
        arguments = {"retries": RETRIES, "on_success_callback": forget_answer, **arguments}
        super().__init__(subject="?", options=[LATER], defaults=[LATER], **arguments)
        self.question = question

    def _fill(self) -> None:
        self.subject = self.question["title"]
        self.body = self.question["body"]
        self.options = [*self.question["options"], LATER]
        self.response_timeout = timedelta(hours=self.question["hours"])

    def execute(self, context: Any) -> Any:
        self._fill()
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        self._fill()
        return super().execute_complete(context, event)
