"""A form of Airflow's that asks once: started anew, after a kill or a failure, it takes what was answered already."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator

from thidua.errors import ThiduaError
from thidua.orchestration.kept_responses import Place, ask, kept


class KeptForm(HITLOperator):
    """The standard provider's form, over answers that are kept. Whoever has recorded an answer forgets it."""

    body: str | None

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
        try:
            return super().execute(context)
        finally:
            self.body = body

    def _shown(self) -> str:
        """A digest of what the form shows: an answer to something else is no answer to it."""
        return hashlib.sha256(json.dumps([self.subject, self.body, self.options]).encode()).hexdigest()
