"""``runout compute``."""

from runout.cli import screen
from runout.cli.configuration import open_lake
from runout.cli.progress import progress_bar
from runout.jobs import ledger
from runout.jobs.clustering import find_missing, newest_moment
from runout.jobs.computing import compute as compute_job
from runout.jobs.sliding import find_slides


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
        found = 0 if newest is None else find_missing(store, coin.upper(), newest)
        asked = 0 if newest is None else find_slides(store, coin.upper(), newest)
        issued = ledger.issue_daily(store, coin.upper(), origins, workers=2, progress=progress)
    screen.console().print(
        f"derived state of {store.root} is up to date: {written:,} rows written, {issued} forecasts issued, "
        f"{found} clusters of the newest map, {asked} moves asked about",
        soft_wrap=True,
    )
