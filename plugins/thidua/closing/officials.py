"""Official versions as annexes, pages and reports read them: `load_version(home, campaign, period, version)`.

Tables of a version, each with the columns of the mart it is named after, for this campaign and period, as approved:
`dim_campaign`, `dim_period`, `dim_unit`, `dim_reading`, `fct_eligibility`, `fct_measure`, `fct_gate_result`,
`fct_reporting`, `fct_unit_candidate`, `fct_prize_condition`, `fct_goal`; and three of its own: `ranking` (a row per unit,
what `fct_ranking_version` shows), `awards` (what is paid or left open, as `fct_award`) and `persons` (who was named; pii).
"""

from __future__ import annotations

from thidua.lake.officials import Official, list_versions, load_officials, load_version

__all__ = ["Official", "list_versions", "load_officials", "load_version"]
