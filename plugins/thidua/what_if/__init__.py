"""What would change in eligibility, ranks and money if a parameter, a target or a count were another.

Computed by the same models in `what-if/`, a directory of its own; official and served data are never touched.
"""
