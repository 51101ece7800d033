"""``runout compute``."""

from runout.cli import screen
from runout.cli.configuration import open_lake
from runout.cli.progress import progress_bar
from runout.pipeline import ledger
from runout.pipeline.cluster_snapshots import newest_moment
from runout.pipeline.derive import compute as compute_job
from runout.pipeline.issue_bulletin import keep_snapshot


def compute(*, lake: str | None = None, coin: str = "BTC", forecast_days: int = 14) -> None:
    """Bring a lake's derived state up to date, with the forecasts of its last days and the clusters of its newest map.

    A second run without new data writes nothing. Forecasts of earlier days are issued by `runout replay`.

    Parameters
    ----------
    lake
        Folder of the lake.
    coin
        Coin that the forecasts' conditions are of.
    forecast_days
        How many of the last days get their forecast, if the ledger lacks it.
    """
    store = open_lake(lake)
    with progress_bar("compute") as progress:
        written = compute_job(store, progress=progress)
        origins = ledger.recent_origins(store, forecast_days)
        newest = newest_moment(store, coin.upper())
        kept = {} if newest is None else keep_snapshot(store, coin.upper(), newest)
        issued = ledger.issue_daily(store, coin.upper(), origins, workers=2, progress=progress)
    screen.console().print(
        f"{store.root} is up to date: {written:,} derived rows, forecasts of {issued} days, newest map with "
        f"{kept.get('clusters', 0)} clusters, what-if table of {kept.get('slides', 0)} moves written",
        soft_wrap=True,
    )
