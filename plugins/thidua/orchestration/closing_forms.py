"""Forms that people fill in inside Airflow, whose answers are recorded in the lake by the same task.

A form that is not needed any more does not ask. An answer is kept (kept_responses.py) until it is recorded: a task that
Airflow fails, or that is killed, takes it up when it is started anew, instead of asking again. An answer that is not
allowed is asked for again, with the reason.
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from thidua.clock import now_utc, parse_instant
from thidua.errors import ThiduaError
from thidua.orchestration.kept_form import KeptForm
from thidua.orchestration.kept_responses import Place, forget, login_of

RETRIES = 50


class _Form(KeptForm):
    """What the two forms share. `is_needed` and `record` are theirs."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"retries": RETRIES, **kwargs})

    def execute(self, context: Any) -> Any:
        if not self.is_needed(dict(context["params"])):
            forget(Place.of(context))
            raise AirflowSkipException("đã có trong sổ quyết định / the lake has it already")
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        payload = super().execute_complete(context, event)
        who = login_of(payload["responded_by_user"])
        if not who:
            raise ThiduaError("không rõ ai trả lời / nobody is known to have answered")
        try:
            result = self.record(context, who, payload["chosen_options"][0], dict(payload["params_input"] or {}))
        except (AirflowFailException, AirflowSkipException):
            # For good: should the task be cleared, it asks anew.
            forget(Place.of(context))
            raise
        forget(Place.of(context))
        return result

    @abstractmethod
    def is_needed(self, params: dict[str, Any]) -> bool: ...

    @abstractmethod
    def record(self, context: Any, user: str, option: str, fields: dict[str, Any]) -> Any: ...

    @staticmethod
    def instant(params: dict[str, Any]) -> datetime:
        """The run's clock: its parameter `now`, else when the answer is recorded."""
        return parse_instant(params["now"]) if params.get("now") else now_utc()


class QuestionForm(_Form):
    """Asks one question of a closing and records the answer as decisions. `basis`: what it rested on when it was listed;
    all forms wait at once, and the answer to one may change what another could choose from."""

    def __init__(self, *, question_id: str, basis: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.question_id = question_id
        self.basis = basis

    def _about(self) -> list[str]:
        return [self.question_id, self.basis]

    def is_needed(self, params: dict[str, Any]) -> bool:
        from thidua.orchestration import closing_steps

        return closing_steps.is_open(params, self.question_id)

    def record(self, context: Any, user: str, option: str, fields: dict[str, Any]) -> Any:
        from thidua.orchestration import closing_steps

        params = dict(context["params"])
        if not closing_steps.is_open(params, self.question_id):
            raise AirflowSkipException("đã được trả lời ở nơi khác / it was answered elsewhere meanwhile")
        return closing_steps.record(params, self.question_id, self.basis, option, fields, user, self.instant(params))


class ApprovalForm(_Form):
    """Asks for the approval of what stands and records it. `number`: the first or the second person's; `approve`:
    its option; `seen`: the content hash that the form shows; `objections`: the ids of those that it shows, apart by
    blanks."""

    template_fields = (*KeptForm.template_fields, "options", "seen", "objections")

    def __init__(self, *, number: int, approve: str, seen: str, objections: str, **kwargs: Any) -> None:
        from thidua.orchestration.closing_steps import REJECT

        super().__init__(options=[approve, REJECT], **kwargs)
        self.number = number
        self.seen = seen
        self.objections = objections

    def _about(self) -> list[str]:
        return [self.seen, self.objections]

    def is_needed(self, params: dict[str, Any]) -> bool:
        from thidua.orchestration import closing_steps

        return not closing_steps.has_approved(params, self.number)

    def record(self, context: Any, user: str, option: str, fields: dict[str, Any]) -> Any:
        from thidua.closing.approve import Stale
        from thidua.orchestration import closing_steps

        if option == closing_steps.REJECT:
            raise AirflowFailException(f"{user} từ chối phê duyệt / rejected it")
        params = dict(context["params"])
        try:
            return closing_steps.approve(params, self.seen, self.objections.split(), user, self.instant(params))
        except Stale as error:
            # Asking again is no use: what the form shows is not what stands.
            raise AirflowFailException(error.message) from error
