"""Questions asked of the method: what its forecasts, its map and its cascade are worth.

Not part of the installed package. Run from a checkout, such as ``python -m studies.forecast --help``.
"""
