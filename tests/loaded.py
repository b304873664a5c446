"""Imported by the server of tests/processes.py: Great Expectations, as whoever judges loads it."""

from thidua.intake.validate import load_gx

load_gx()
