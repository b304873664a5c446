"""What Airflow loads of close_period's forms: the listener that keeps answers whose task it failed."""

from thidua.orchestration.kept_responses import KeptResponsesPlugin

__all__ = ["KeptResponsesPlugin"]
