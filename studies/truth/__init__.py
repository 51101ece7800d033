"""The truth battery: everything that the product infers, held against synthetic markets in which the truth is known.

The truth comes from ``runout.synthetic``; it reaches no model, only what compares.
"""

from studies.truth.design import Case, forecast_cases, map_cases
from studies.truth.report import TruthReport, report_of
from studies.truth.study import Study, run_study

__all__ = ["Case", "Study", "TruthReport", "forecast_cases", "map_cases", "report_of", "run_study"]
