"""Does a liquidation map know more than the path of the price? Maps, nulls and placebos on realised liquidations."""

from studies.map.covariates import FROZEN, ONE_STEP, Mode, covariates
from studies.map.findings import Compared, Placebo, Scored, Study
from studies.map.index import Index, fit_index
from studies.map.leakage import columns_that_see_later
from studies.map.maps import Swept, swept_by
from studies.map.market import SIDES, Market, along_path
from studies.map.measures import Gain, gain, r_squared, top_decile_ratio
from studies.map.study import study

__all__ = [
    "FROZEN",
    "ONE_STEP",
    "SIDES",
    "Compared",
    "Gain",
    "Index",
    "Market",
    "Mode",
    "Placebo",
    "Scored",
    "Study",
    "Swept",
    "along_path",
    "columns_that_see_later",
    "covariates",
    "fit_index",
    "gain",
    "r_squared",
    "study",
    "swept_by",
    "top_decile_ratio",
]
