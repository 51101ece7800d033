"""An open lake that answers questions as of any moment."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Unpack

import polars as pl

from runout.api import tables
from runout.api.answers import BulletinAnswer, ForecastAnswer, MapAnswer, RiskAnswer, WhatIfAnswer
from runout.api.published_positions import read_published
from runout.api.shock_inputs import Amount, Shocks, named_shock, refuse_no_move
from runout.api.table_answer import TableAnswer
from runout.api.time_inputs import Moment, nanoseconds
from runout.bulletin.liquidation_map import Model
from runout.errors import UsageError
from runout.lake import Lake

if TYPE_CHECKING:
    from runout.api.risks import MarginMode, Positions


class Session:
    """A lake, open for questions. Every answer is of a moment: what was known by then went in, and nothing later.

    Parameters
    ----------
    lake
        Folder of the lake, or its ``s3://`` address.

    Raises
    ------
    NotEnoughDataError
        If no lake stands there.

    Notes
    -----
    Where the command line takes a time, a question takes ``at``: the same text, a :class:`datetime.date`, or a
    :class:`datetime.datetime` with a zone; now if absent. One without a zone is refused with ``UsageError``.
    """

    def __init__(self, lake: str | Path) -> None:
        self._lake = Lake.open(lake)

    def __repr__(self) -> str:
        return f"runout.open({self._lake.root!r})"

    def bulletin(self, coin: str = "BTC", *, at: Moment = None) -> BulletinAnswer:
        """Return the bulletin of a coin, as ``runout bulletin`` does.

        A forecast or clusters that it stands on and that the lake lacks are issued and kept, as the command does.

        Parameters
        ----------
        coin
            Base asset, such as BTC.
        at
            The moment; now if absent.

        Raises
        ------
        UsageError
            If ``at`` is not a moment.
        NotEnoughDataError
            If the coin's price is not known then, or derived state is behind the data (``runout compute``).
        """
        from runout.pipeline.issue_bulletin import Publication  # noqa: PLC0415 - each question loads what it needs

        published = Publication(self._lake, coin.upper(), nanoseconds(at))
        return BulletinAnswer(published.bulletin, published)

    def map(
        self,
        coin: str = "BTC",
        *,
        at: Moment = None,
        since: Moment = None,
        venue: str | None = None,
        model: Model = "inferred",
        positions: str | Path | None = None,
    ) -> MapAnswer:
        """Return the inferred liquidation map of a coin on a venue, as ``runout map`` does; nothing is written.

        Parameters
        ----------
        coin
            Base asset.
        at
            The moment; now if absent.
        since
            Where the heatmap and the history of sweeps begin; a week before if absent.
        venue
            Whose perpetual market; the one whose map bulletins show if absent.
        model
            inferred; path: the same of the price path alone, volume left out; measured: published positions only.
        positions
            File of positions that the venue publishes, as ``runout map --positions FILE`` takes it.

        Raises
        ------
        UsageError
            If ``at`` or ``since`` is not a moment, or nothing lies between them; if there is no such model or file.
        NotEnoughDataError
            If bars, open interest or liquidations are missing, or too short; for measured, published positions.
        """
        from runout.pipeline.build_map import liquidation_map  # noqa: PLC0415

        begin = None if since is None else nanoseconds(since)
        lower, named = venue.lower() if venue else None, coin.upper()
        return MapAnswer(
            liquidation_map(
                self._lake, named, nanoseconds(at), since=begin, venue=lower, model=model,
                published=read_published(positions, named),
            )
        )  # fmt: skip

    def forecast(self, coin: str = "BTC", *, at: Moment = None) -> ForecastAnswer:
        """Return how likely a wave of liquidations is, as ``runout forecast`` does; nothing is written.

        Parameters
        ----------
        coin
            Base asset that the conditions are of; the thresholds are of all coins.
        at
            The moment; now if absent.

        Raises
        ------
        UsageError
            If ``at`` is not a moment.
        NotEnoughDataError
            If the coin has no daily liquidations, they end more than three days before, or begin under a year before.
        """
        from runout.pipeline.ledger import forecast_at  # noqa: PLC0415

        return ForecastAnswer(forecast_at(self._lake, coin.upper(), nanoseconds(at)))

    def whatif(
        self,
        coin: str = "BTC",
        *,
        at: Moment = None,
        venue: str | None = None,
        **shock: Unpack[Shocks],
    ) -> WhatIfAnswer:
        """Return what a move or an order would set off, inferred, as ``runout whatif`` does; nothing is written.

        Parameters
        ----------
        coin
            Base asset.
        at
            The moment; now if absent.
        venue
            Whose map and books; the one whose map bulletins show if absent.
        **shock
            One of ``drop``, ``rise`` (0.05 or ``"5%"``), ``to`` (price), ``sell``, ``buy`` (dollars: 5e8, ``"500M"``).

        Raises
        ------
        UsageError
            If ``at`` is not a moment, or not exactly one shock is named.
        NotEnoughDataError
            If a map cannot be made, or no depth of the venue's perpetual market is held.
        """
        from runout.pipeline.whatif_answers import setting_of, whatif  # noqa: PLC0415

        named = named_shock(**shock)
        lower = venue.lower() if venue else None
        setting = setting_of(self._lake, coin.upper(), nanoseconds(at), venue=lower)
        refuse_no_move(named, setting.price)
        return WhatIfAnswer(setting, named, whatif(setting, named))

    def positions_risk(
        self,
        positions: "Positions | None" = None,
        /,
        *,
        coin: str = "BTC",
        entry: Amount | None = None,
        leverage: Amount | None = None,
        side: Literal["long", "short"] | None = None,
        quantity: Amount | None = None,
        margin_mode: "MarginMode | None" = None,
        balance: Amount | None = None,
        target: Amount | None = None,
        fee: float | None = None,
        venue: str = "binance",
        at: Moment = None,
    ) -> RiskAnswer:
        """Return where positions of one's own are liquidated, as ``runout positions risk`` does; nothing is written.

        Parameters
        ----------
        positions
            Several under cross margin, instead of a single one: a CSV or TOML file, or mappings of ``coin``, ``side``,
            ``quantity``, ``entry`` and, as wished, ``leverage`` and ``mark``.
        coin, entry, leverage, side, quantity
            A single position: base asset, dollars, times, long or short, coins (1 if absent).
        margin_mode, balance
            isolated, or cross with the wallet balance in dollars that answers for all.
        target
            A price: how much margin to add so that a single position is liquidated only there.
        fee
            Of closing, a fraction; the venue's for a regular account if absent.
        venue
            Whose maintenance table and map.
        at
            The moment; now if absent.

        Raises
        ------
        UsageError
            If a figure is missing or out of range, or no such position can be open.
        NotEnoughDataError
            If no maintenance table is known. What the lake lacks is named in the answer instead.
        """
        from runout.api.risks import asked_risk  # noqa: PLC0415
        from runout.pipeline.position_risk import RiskSetting  # noqa: PLC0415

        asked = RiskSetting(venue=venue.lower(), at=nanoseconds(at), fee_rate=fee, lake=self._lake)
        return RiskAnswer(
            asked_risk(
                asked, coin=coin, positions=positions, entry=entry, leverage=leverage, side=side, quantity=quantity,
                margin_mode=margin_mode, balance=balance, target=target,
            )
        )  # fmt: skip

    def table(
        self,
        name: str,
        /,
        coin: str = "BTC",
        *,
        at: Moment = None,
        since: Moment = None,
        venue: str | None = None,
        columns: int = 400,
        limit: int = 100,
        least_usd: float = 0.0,
    ) -> TableAnswer:
        """Return a table of the market: what the server answers under ``/v1/``.

        Parameters
        ----------
        name
            ``candles``, ``liquidations``, ``tape``, ``open-interest``, ``funding``, ``depth``, ``flushes``, ``feeds``,
            ``unobserved`` or ``screener``.
        coin
            Base asset.
        at, since
            The moment, and where a window begins; now, and a week before, if absent.
        venue
            Of candles, of open interest, and of the prices in ``unobserved``.
        columns
            Most buckets of a window.
        limit, least_usd
            Most events of a tape, and its smallest.

        Raises
        ------
        UsageError
            If there is no such table, or a moment is not one.
        NotEnoughDataError
            If the lake holds too little.
        """
        from runout.api.questions import Question, ask  # noqa: PLC0415

        begin = None if since is None else nanoseconds(since)
        return ask(
            self._lake,
            Question(
                resource=name, at=nanoseconds(at), coin=coin.upper(), since=begin, columns=columns, limit=limit,
                least_usd=least_usd, venue=venue.lower() if venue else None,
            ),
        )  # fmt: skip

    def series(self, coin: str | None = None) -> pl.DataFrame:
        """Return the series of the lake with their scope, as ``runout series`` lists them.

        Returns
        -------
        polars.DataFrame
            ``series`` (what :meth:`rows` takes), ``kind, step, scope, note``.
        """
        return tables.series_table(self._lake.series(coin=coin))

    def rows(self, *series: str, at: Moment = None, since: Moment = None) -> pl.DataFrame:
        """Return rows of series of one kind as they were known at a moment, as ``runout rows`` prints them.

        Parameters
        ----------
        *series
            Identifiers, such as ``coinglass/open_interest/BTC/all/4h``.
        at
            Rows known later are left out; everything known so far if absent.
        since
            Rows that speak of earlier moments are left out.

        Returns
        -------
        polars.DataFrame
            Columns of the kind (``docs/data-dictionary.md``), times as UTC datetimes.

        Raises
        ------
        UsageError
            If a series is not in the lake, they are of several kinds, or a moment is not one.
        """
        kind = self._kind_of(series)
        table = self._lake.as_of(
            kind,
            at=None if at is None else nanoseconds(at),
            series=series,
            since=None if since is None else nanoseconds(since),
        )
        return tables.dated(table)

    def _kind_of(self, series: Sequence[str]) -> str:
        known = {item.series: item.kind for item in self._lake.series()}
        missing = [name for name in series if name not in known]
        kinds = {known[name] for name in series if name in known}
        if missing or len(kinds) != 1:
            raise UsageError(
                f"expected series of one kind that stand in {self._lake.root}, found {missing or sorted(kinds)}; "
                "list them with .series()"
            )
        return kinds.pop()
