"""Decisions of operators: what is open, who may decide it, and the record of it in the lake."""
