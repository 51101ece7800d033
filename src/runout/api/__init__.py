"""The Python interface, for notebooks and programs: what the command line answers, as objects.

::

    import runout

    lake = runout.open("lakes/real")
    lake.bulletin("BTC", at="2025-08-18T12:00Z")

The names here, their parameters and the columns of their tables are part of the public contract.
"""

from runout.api.answers import BulletinAnswer, ForecastAnswer, MapAnswer, WhatIfAnswer
from runout.api.session import Session
from runout.api.time_inputs import Moment

__all__ = ["BulletinAnswer", "ForecastAnswer", "MapAnswer", "Moment", "Session", "WhatIfAnswer"]
