"""Forms that people fill in inside Airflow, whose answers are recorded in the lake by the same task.

A form that is not needed any more does not ask. An answer given at the very moment at which the task parks makes Airflow
fail the task; the answer stays with the task instance, and the retry takes it instead of asking again. So does a worker
that was killed between the answer and its record. An answer that is not allowed is asked for again, with the reason.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from thidua.clock import now_utc, parse_instant
from thidua.errors import ThiduaError

RETRIES = 50


def earlier_response(ti_id: Any) -> dict[str, Any] | None:
    """What somebody answered an earlier try of this task instance, and no try has taken up."""
    from airflow.sdk.execution_time.hitl import get_hitl_detail_content_detail

    try:
        detail = get_hitl_detail_content_detail(ti_id)
    except Exception:  # the first try: nothing was asked yet, which the server says with an error
        return None
    if not getattr(detail, "response_received", False):
        return None
    user = detail.responded_by_user
    return {
        "chosen_options": detail.chosen_options,
        "params_input": detail.params_input,
        "responded_at": detail.responded_at,
        "responded_by_user": {"id": user.id, "name": user.name} if user else None,
    }


class _Form(HITLOperator):
    """What the two forms share. `is_needed` and `record` are theirs."""

    body: str | None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"retries": RETRIES, **kwargs})

    def execute(self, context: Any) -> Any:
        params = dict(context["params"])
        if not self.is_needed(params):
            raise AirflowSkipException("đã có trong sổ quyết định / the lake has it already")
        response = earlier_response(context["ti"].id)
        if response is not None:
            try:
                return self.execute_complete(context, response)
            except ThiduaError as error:
                self.body = f"**{error.message}**\n\n{self.body or ''}"
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        payload = super().execute_complete(context, event)
        user = payload["responded_by_user"] or {}
        # The login, not the name shown: that is who somebody is.
        who = str(user.get("id") or "").strip()
        if not who:
            raise ThiduaError("không rõ ai trả lời / nobody is known to have answered")
        return self.record(context, who, payload["chosen_options"][0], dict(payload["params_input"] or {}))

    def is_needed(self, params: dict[str, Any]) -> bool:
        raise NotImplementedError

    def record(self, context: Any, user: str, option: str, fields: dict[str, Any]) -> Any:
        raise NotImplementedError

    @staticmethod
    def instant(params: dict[str, Any]) -> datetime:
        """The run's clock: its parameter `now`, else when the answer is recorded."""
        return parse_instant(params["now"]) if params.get("now") else now_utc()


class QuestionForm(_Form):
    """Asks one question of a closing and records the answer as decisions."""

    def __init__(self, *, question_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.question_id = question_id

    def is_needed(self, params: dict[str, Any]) -> bool:
        from thidua.orchestration import closing_steps

        return closing_steps.is_open(params, self.question_id)

    def record(self, context: Any, user: str, option: str, fields: dict[str, Any]) -> Any:
        from thidua.orchestration import closing_steps

        params = dict(context["params"])
        return closing_steps.record(params, self.question_id, option, fields, user, self.instant(params))


class ApprovalForm(_Form):
    """Asks for the approval of what stands and records it. `number`: the first or the second person's."""

    template_fields = (*HITLOperator.template_fields, "seen")

    def __init__(self, *, number: int, seen: str, **kwargs: Any) -> None:
        from thidua.orchestration.closing_steps import APPROVE, REJECT

        super().__init__(options=[APPROVE, REJECT], **kwargs)
        self.number = number
        self.seen = seen

    def is_needed(self, params: dict[str, Any]) -> bool:
        from thidua.orchestration import closing_steps

        return not closing_steps.has_approved(params, self.number)

    def record(self, context: Any, user: str, option: str, fields: dict[str, Any]) -> Any:
        from thidua.closing.approve import Stale
        from thidua.orchestration import closing_steps

        if option != closing_steps.APPROVE:
            raise AirflowFailException(f"{user} từ chối phê duyệt / rejected it")
        params = dict(context["params"])
        try:
            return closing_steps.approve(params, self.seen, user, self.instant(params))
        except Stale as error:
            # Asking again is no use: what the form shows is not what stands.
            raise AirflowFailException(error.message) from error
