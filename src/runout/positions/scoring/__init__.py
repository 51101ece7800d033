"""Does a liquidation map know more than the path of the price? Maps, nulls and placebos on realised liquidations."""

from runout.positions.scoring.covariates import FROZEN, ONE_STEP, Mode, covariates
from runout.positions.scoring.findings import Compared, Head, Placebo, Scored, Study
from runout.positions.scoring.index import Index, fit_index
from runout.positions.scoring.leakage import columns_that_see_later
from runout.positions.scoring.maps import Swept, swept_by_filter
from runout.positions.scoring.market import SIDES, Market, along_path
from runout.positions.scoring.measures import Gain, gain, r_squared, top_decile_ratio
from runout.positions.scoring.study import study

__all__ = [
    "FROZEN",
    "ONE_STEP",
    "SIDES",
    "Compared",
    "Gain",
    "Head",
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
    "swept_by_filter",
    "top_decile_ratio",
]
