"""Publish a bulletin: what it stands on is issued first where the lake lacks it, then the bulletin."""

from runout.bulletin.findings import Bulletin
from runout.jobs import ledger
from runout.jobs.clustering import find_missing
from runout.jobs.issuing import issue
from runout.lake import Lake


def publish(lake: Lake, coin: str, at: int) -> Bulletin:
    """Return the bulletin of ``coin`` as of ``at`` (UTC ns); a forecast or clusters not held are issued and kept.

    Raises
    ------
    NotEnoughDataError
        If the coin's price is not known at ``at``, or derived state is behind the data.
    """
    ledger.issue_missing(lake, coin, at)
    find_missing(lake, coin, at)
    return issue(lake, coin, at)
