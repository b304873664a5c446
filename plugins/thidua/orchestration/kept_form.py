"""A form of Airflow's that asks once: started anew, after a kill or a failure, it takes what was answered already.

Each of its options ends in a short mark of what the form shows. Airflow takes no option that it does not offer: a page
that is still open on what the form asked before, of a task that was cleared meanwhile, can answer nothing, however equal
the words of its buttons are. (Of an answer Airflow checks its options alone, its fields only once it is taken.)
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator

from thidua.errors import ThiduaError
from thidua.orchestration.kept_responses import Place, ask, is_asked, kept

MARK_DIGITS = 6


class KeptForm(HITLOperator):
    """The standard provider's form, over answers that are kept. Whoever has recorded an answer forgets it."""

    body: str | None
    options: list[str]
    defaults: list[str] | None

    def execute(self, context: Any) -> Any:
        place, shown, body = Place.of(context), self._shown(), self.body
        event = kept(place, shown)
        if event is not None:
            try:
                return self.execute_complete(context, event)
            except ThiduaError as error:
                # What was answered is not allowed: asked again, with the reason.
                self.body = f"**{error.message}**\n\n{body or ''}"
        ask(place, shown)
        options, defaults = self.options, self.defaults
        self.options = [marked(option, shown) for option in options]
        self.defaults = None if defaults is None else [marked(option, shown) for option in defaults]
        try:
            return super().execute(context)
        finally:
            self.body, self.options, self.defaults = body, options, defaults

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:
        """Raises ThiduaError, for the task to be started anew and to ask again, when what was answered is not what the
        form would show now: a task before it was cleared while the form waited, or an old page was still open."""
        shown = self._shown()
        options = {marked(option, shown): option for option in self.options}
        chosen = event.get("chosen_options") or []
        if not is_asked(Place.of(context), shown) or not set(chosen) <= options.keys():
            raise ThiduaError(
                "nội dung đã thay đổi; hãy trả lời lại / what is asked has changed since; answer it again"
            )
        return super().execute_complete(context, {**event, "chosen_options": [options[one] for one in chosen]})

    def _shown(self) -> str:
        """A digest of what the form shows: an answer to something else is no answer to it."""
        shown = [self.subject, self.body, self.options, *self._about()]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()

    def _about(self) -> list[str]:
        """What else an answer is given to than the text that is shown."""
        return []


def marked(option: str, shown: str) -> str:
    """`Xác nhận / Confirm · 3fa9c1`: an option as it is offered."""
    return f"{option} · {shown[:MARK_DIGITS]}"
