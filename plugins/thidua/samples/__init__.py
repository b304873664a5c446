"""Sample exports: deterministic files as offices make them, from a campaign's sample.yml. Figures are invented there."""

from thidua.samples.generate import generate

__all__ = ["generate"]
