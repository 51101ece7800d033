"""Every record kind of the product: the one place that says what a row of it means.

Conventions that all kinds share
--------------------------------
``event_time`` is the last instant a row speaks of and ``span`` how far back it reaches: an interval row covers
``[event_time − span, event_time)``, an instant has span 0. ``known_time`` is when a reader could have had the
row; as-of reads use it alone. Null means not observed, zero is a value, NaN is refused.
"""

from typing import Final

from runout.records.schema import Column, Order, Schema

_SERIES = Column(name="series", type="text", unit="identifier", required=True, meaning="Series the row belongs to; its scope stands in the `series` table.")  # fmt: skip
_COIN = Column(name="coin", type="text", unit="symbol", required=True, meaning="Base asset, upper case.")
_EVENT_TIME = Column(
    name="event_time",
    type="time",
    unit="UTC ns",
    required=True,
    minimum=0,
    meaning="Last instant the row speaks of, on the venue's clock.",
)
_SPAN = Column(name="span", type="duration", unit="ns", required=True, minimum=0, meaning="How far back the row reaches from event_time; 0 for an instant.")  # fmt: skip
_KNOWN_TIME = Column(
    name="known_time",
    type="time",
    unit="UTC ns",
    required=True,
    minimum=0,
    meaning="When the row could first be known: the end of its interval plus the series' publication lag, or our receive time, or for a revision the time of its vintage.",
)
_VINTAGE = Column(name="vintage", type="text", unit="label", meaning="Which published edition the value was taken from (a snapshot day, an archive version).")  # fmt: skip
_METHOD = Column(
    name="method_version",
    type="text",
    unit="version",
    required=True,
    meaning="Version of the method that derived the row.",
)


def _usd(name: str, meaning: str, *, required: bool = False, minimum: float | None = 0.0) -> Column:
    return Column(name=name, type="float", unit="USD", meaning=meaning, required=required, minimum=minimum)


def _base(name: str, meaning: str) -> Column:
    return Column(name=name, type="float", unit="coins", meaning=meaning, minimum=0.0)


def _price(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name=name, type="float", unit="USD per coin", meaning=meaning, required=required, minimum=0.0)


def _traded(name: str, meaning: str) -> Column:
    return Column(name=name, type="float", unit="USD per coin", meaning=meaning, required=True, above=0.0)


def _observed(
    kind: str, meaning: str, *columns: Column, key: tuple[str, ...] = (), rules: tuple[Order, ...] = ()
) -> Schema:
    shared = (_SERIES, _COIN, _EVENT_TIME, _SPAN, _KNOWN_TIME)
    return Schema(
        kind=kind,
        meaning=meaning,
        columns=(*shared, *columns, _VINTAGE),
        key=("series", "event_time", "known_time", *key),
        rules=rules,
    )


_SIDE = Column(
    name="liquidated_side",
    type="text",
    unit="long | short",
    required=True,
    choices=("long", "short"),
    meaning="Whose position was closed by force (not the side of the closing order).",
)

BARS: Final = _observed(
    "bars", "Traded prices and volume of an interval.",
    _traded("open", "First traded price."),
    _traded("high", "Highest traded price."),
    _traded("low", "Lowest traded price."),
    _traded("close", "Last traded price."),
    _base("volume_base", "Coins traded, each trade once."),
    _usd("volume_usd", "Dollars traded, each trade once."),
    _base("taker_buy_base", "Coins bought by takers."),
    _usd("taker_buy_usd", "Dollars bought by takers."),
    Column(name="trades", type="integer", unit="count", minimum=0, meaning="Number of trades."),
    rules=(Order("low", "open"), Order("low", "close"), Order("open", "high"), Order("close", "high"), Order("taker_buy_base", "volume_base"), Order("taker_buy_usd", "volume_usd")),
)  # fmt: skip

LIQUIDATIONS: Final = _observed(
    "liquidations", "Positions closed by force: an interval's total per side, or one event (span 0).",
    _SIDE,
    Column(name="sequence", type="integer", unit="count", required=True, minimum=0, meaning="Distinguishes events of one instant and side; 0 for interval totals."),
    _usd("value_usd", "Dollars liquidated, as reported: a lower bound where the series' capture is not complete.", required=True),
    _base("quantity_base", "Coins liquidated."),
    _price("price", "Price published with a single event; its meaning (fill or bankruptcy) stands in the series' note."),
    key=("liquidated_side", "sequence"),
)  # fmt: skip

OPEN_INTEREST: Final = _observed(
    "open_interest", "Open contracts at an instant, single-sided: one long and one short make one.",
    _base("open_interest_base", "Coins; null where the provider publishes dollars only."),
    _usd("open_interest_usd", "Dollars; null where the provider publishes coins only."),
    _usd("high_usd", "Highest value within the span, where published."),
    _usd("low_usd", "Lowest value within the span, where published."),
    _price("price", "Price the provider published beside the value."),
)  # fmt: skip

FUNDING: Final = _observed(
    "funding", "Funding rate of perpetual contracts; positive: longs pay shorts.",
    Column(name="rate", type="float", unit="fraction per interval_hours", required=True, minimum=-1.0, maximum=1.0, meaning="Rate at event_time, as a fraction per `interval_hours`."),
    Column(name="interval_hours", type="float", unit="hours", required=True, above=0.0, meaning="Period the rate is quoted for."),
)  # fmt: skip

POSITIONING: Final = _observed(
    "positioning", "Long/short ratio. Sizes of longs and shorts are always equal; a ratio counts accounts, or compares a group.",
    Column(name="long_share", type="float", unit="fraction", required=True, minimum=0.0, maximum=1.0, meaning="Long share of the measure named in the series (accounts, top accounts, top positions)."),
    Column(name="long_short_ratio", type="float", unit="ratio", minimum=0.0, meaning="Long over short, as published (rounded by the provider)."),
)  # fmt: skip

TAKER_FLOW: Final = _observed(
    "taker_flow", "Volume by the side of the taker.",
    _usd("buy_usd", "Dollars bought by takers.", required=True),
    _usd("sell_usd", "Dollars sold by takers.", required=True),
)  # fmt: skip

DEPTH: Final = _observed(
    "depth", "Resting orders within a band around the mid price.",
    Column(name="band", type="float", unit="fraction", required=True, minimum=0.0, maximum=1.0, meaning="Half width of the band: 0.01 is ±1%."),
    _usd("bid_usd", "Resting buy orders, dollars.", required=True),
    _usd("ask_usd", "Resting sell orders, dollars.", required=True),
    _base("bid_base", "Resting buy orders, coins."),
    _base("ask_base", "Resting sell orders, coins."),
    key=("band",),
)  # fmt: skip

PREMIUM: Final = _observed(
    "premium", "Price difference of two markets for one coin (basis, venue premium), as the series' measure says.",
    Column(name="rate", type="float", unit="fraction", required=True, minimum=-1.0, maximum=1.0, meaning="First market over second minus one."),
    _usd("difference_usd", "The same in dollars per coin.", minimum=None),
)  # fmt: skip

MARKET_CAPS: Final = _observed(
    "market_caps", "Market capitalisation, and share of the whole market.",
    _usd("market_cap_usd", "Capitalisation of the coin or aggregate."),
    Column(name="dominance", type="float", unit="fraction", minimum=0.0, maximum=1.0, meaning="Share of the capitalisation of all coins, as the provider counts them."),
    _usd("high_usd", "Highest value within the span, where published."),
    _usd("low_usd", "Lowest value within the span, where published."),
)  # fmt: skip

RESERVES: Final = _observed(
    "reserves", "Coins held at exchange addresses, as one provider labels them; levels differ between providers by a factor of 1.5.",
    Column(name="reserve_base", type="float", unit="coins", required=True, minimum=0.0, meaning="Coins held."),
)  # fmt: skip

FUND_FLOWS: Final = _observed(
    "fund_flows", "Money into (positive) or out of exchange-traded funds.",
    _usd("flow_usd", "Net flow of the day, dollars; positive: into the fund.", required=True, minimum=None),
    _usd("assets_usd", "Assets under management."),
)  # fmt: skip

MARGIN_TIERS: Final = _observed(
    "margin_tiers", "Maintenance margin of a contract as its venue published it: rows of one event_time are one table.",
    Column(name="tier", type="integer", unit="count", required=True, minimum=1, meaning="Place in the table, from 1."),
    _usd("floor_usd", "Notional above which the tier begins; each part of a position pays the rate of its tier.", required=True),
    Column(name="rate", type="float", unit="fraction", required=True, minimum=0.0, maximum=1.0, meaning="Maintenance margin over the notional in the tier."),
    Column(name="max_leverage", type="float", unit="multiple", minimum=1.0, meaning="Highest leverage of a position of this size."),
    key=("tier",),
)  # fmt: skip

GAPS: Final = Schema(
    kind="gaps", meaning="A stretch in which a series should have rows and has none. A gap is a record, never bridged.",
    columns=(_SERIES, _COIN, _EVENT_TIME, _SPAN, _KNOWN_TIME, Column(name="reason", type="text", unit="words", required=True, meaning="Why, as far as known.")),
    key=("series", "event_time", "known_time"),
)  # fmt: skip

SERIES: Final = Schema(
    kind="series", meaning="Scope of every series of the lake.",
    columns=(
        _SERIES,
        Column(name="kind", type="text", unit="record kind", required=True, meaning="Table that holds the rows."),
        Column(name="provider", type="text", unit="name", required=True, meaning="Who published the figures."),
        _COIN,
        Column(name="venues", type="text", unit="names", required=True, meaning="Venues inside the figure, joined by +; `all` where the provider names none."),
        Column(name="instruments", type="text", unit="words", required=True, meaning="Instruments inside the figure."),
        Column(name="market", type="text", unit="word", required=True, meaning="Market segment."),
        Column(name="margin", type="text", unit="word", required=True, meaning="Collateral of the contracts."),
        Column(name="measure", type="text", unit="word", required=True, meaning="Which quantity, where the kind has several."),
        Column(name="feed", type="text", unit="words", required=True, meaning="Endpoint, stream or file family."),
        Column(name="capture", type="text", unit="word", required=True, meaning="Whether the feed shows every event; reported totals of a capped feed are floors."),
        Column(name="step", type="duration", unit="ns", required=True, minimum=0, meaning="Time between rows; 0 for irregular series."),
        Column(name="stamp", type="text", unit="open | instant | day", required=True, choices=("open", "instant", "day"), meaning="What the provider's stamp stands for."),
        Column(name="publication_lag", type="duration", unit="ns", required=True, minimum=0, meaning="End of a row's interval to the moment it is known."),
        Column(name="note", type="text", unit="words", required=True, meaning="Caveats a reader must see beside the figure."),
        Column(name="synthetic", type="flag", unit="yes | no", required=True, meaning="True where no market made the figures."),
    ),
    key=("series",),
)  # fmt: skip

IMPORTS: Final = Schema(
    kind="imports", meaning="One row for each file taken in: what it was, what became of its rows. Makes imports resumable.",
    columns=(
        Column(name="sha256", type="text", unit="hex", required=True, meaning="Checksum of the file's bytes."),
        Column(name="normaliser", type="text", unit="name and version", required=True, meaning="Which code read it."),
        Column(name="provider", type="text", unit="name", required=True, meaning="Provider the file was imported as."),
        Column(name="name", type="text", unit="file name", required=True, meaning="Name of the file, without its folder."),
        Column(name="rows_in", type="integer", unit="count", required=True, minimum=0, meaning="Rows found."),
        Column(name="rows_kept", type="integer", unit="count", required=True, minimum=0, meaning="Records accepted, those already known included."),
        Column(name="rows_skipped", type="integer", unit="count", required=True, minimum=0, meaning="Rows left out on purpose (padding before the first value, not part of the product)."),
        Column(name="rows_quarantined", type="integer", unit="count", required=True, minimum=0, meaning="Rows refused."),
    ),
    key=("sha256", "normaliser", "name"),
)  # fmt: skip

QUARANTINE: Final = Schema(
    kind="quarantine", meaning="What was refused, with its bytes and the reason.",
    columns=(
        Column(name="sha256", type="text", unit="hex", required=True, meaning="Checksum of the file it came from."),
        Column(name="name", type="text", unit="file name", required=True, meaning="Name of the file."),
        Column(name="row", type="integer", unit="count", required=True, minimum=0, meaning="Row of the file, counted from 1 after the header; 0: the whole file."),
        Column(name="fault", type="text", unit="words", required=True, meaning="What was expected and what was found."),
        Column(name="raw", type="bytes", unit="bytes", required=True, meaning="The bytes as they came (a row's text, or the file up to 1 MiB)."),
    ),
    key=("sha256", "row", "fault"),
)  # fmt: skip

COMPUTATIONS: Final = Schema(
    kind="computations", meaning="How far derived state has been computed, and from how many rows: tells when history below it has changed.",
    columns=(
        Column(name="computation", type="text", unit="name", required=True, meaning="Which computation, coin and scope."),
        _METHOD,
        Column(name="through", type="time", unit="UTC ns", required=True, meaning="Last event time computed."),
        Column(name="rows_used", type="integer", unit="count", required=True, minimum=0, meaning="Input rows that speak of moments up to `through`."),
    ),
    key=("computation", "method_version", "through", "rows_used"),
)  # fmt: skip

INDICATORS: Final = Schema(
    kind="indicators", meaning="Derived values, each as of the moment its inputs were known.",
    columns=(
        Column(name="indicator", type="text", unit="name", required=True, meaning="Name in the indicator registry."),
        _COIN,
        Column(name="scope", type="text", unit="identifier", required=True, meaning="Series, or named group of series, it was computed from."),
        _EVENT_TIME,
        _KNOWN_TIME,
        Column(name="value", type="float", unit="as the registry says", meaning="The value; null where the inputs do not reach."),
        _METHOD,
    ),
    key=("indicator", "coin", "scope", "event_time", "known_time", "method_version"),
)  # fmt: skip

FLUSHES: Final = Schema(
    kind="flushes", meaning="Flush (fall with forced selling) and squeeze (its mirror) events, as defined in the definitions page. A row is what was known of the event at known_time; the latest row holds it as far as it is known.",
    columns=(
        Column(name="series", type="text", unit="identifier", required=True, meaning="Scope of the liquidations: a group of series."),
        _COIN,
        Column(name="direction", type="text", unit="flush | squeeze", required=True, choices=("flush", "squeeze"), meaning="Fall of price with longs liquidated, or rise with shorts liquidated."),
        Column(name="start_time", type="time", unit="UTC ns", required=True, minimum=0, meaning="When the condition was first met."),
        _EVENT_TIME,
        _KNOWN_TIME,
        Column(name="state", type="text", unit="running | ended", required=True, choices=("running", "ended"), meaning="Whether 12 h without a new extreme had passed."),
        _price("reference_price", "Extreme before the move, within 24 h.", required=True),
        _price("extreme_price", "Extreme reached so far.", required=True),
        Column(name="extreme_time", type="time", unit="UTC ns", required=True, minimum=0, meaning="End of the bar that holds the extreme."),
        Column(name="move", type="float", unit="fraction", required=True, meaning="Extreme over reference minus one; negative for a flush."),
        _usd("liquidated_usd", "Dollars of the losing side liquidated during the event, in the series' scope.", required=True),
        _METHOD,
    ),
    key=("series", "coin", "direction", "start_time", "event_time", "known_time", "method_version"),
)  # fmt: skip

MAP_STATES: Final = Schema(
    kind="map_states", meaning="The inferred liquidation map of a venue at the end of each four hours, and what it had along the way that the price then went.",
    columns=(
        _SERIES, _COIN,
        Column(name="venue", type="text", unit="name", required=True, meaning="Venue whose perpetual market the map is of."),
        _EVENT_TIME,
        _KNOWN_TIME,
        _price("open", "First price of the four hours."),
        _price("low", "Lowest price of the four hours."),
        _price("high", "Highest price of the four hours."),
        Column(name="crossed_long", type="float", unit="USD per coin of open interest", minimum=0, meaning="Longs between the first and the lowest price in the map before these four hours; null where bars are missing."),
        Column(name="crossed_short", type="float", unit="USD per coin of open interest", minimum=0, meaning="Shorts between the first and the highest price, likewise."),
        Column(name="bars", type="integer", unit="count", required=True, minimum=0, meaning="Bars of the finest series that the state has seen."),
        Column(name="state", type="bytes", unit="bytes", meaning="The state at event_time, from which the next bar goes on; null but at the ends of days."),
        _METHOD,
    ),
    key=("series", "venue", "event_time", "known_time", "method_version"),
)  # fmt: skip

CLUSTERS: Final = Schema(
    kind="clusters", meaning="Clusters of the inferred liquidation map of a venue as of a moment, the largest first: nothing in it was published.",
    columns=(
        _COIN,
        Column(name="venue", type="text", unit="name", required=True, meaning="Venue whose perpetual market the map is of."),
        _EVENT_TIME,
        _KNOWN_TIME,
        Column(name="rank", type="integer", unit="count", required=True, minimum=1, meaning="Place by dollars, from 1."),
        Column(name="side", type="text", unit="long | short", required=True, choices=("long", "short"), meaning="Whose positions would be liquidated."),
        _price("low_price", "Lower end.", required=True),
        _price("high_price", "Upper end.", required=True),
        _price("peak_price", "Highest level.", required=True),
        _base("coins", "Inferred to rest there."),
        _usd("usd", "Expected to be reported if the price goes through all of it.", required=True),
        _usd("low_usd", "Lower end of the band of 90%."),
        _usd("high_usd", "Upper end of the band of 90%."),
        Column(name="prior_share", type="float", unit="fraction", meaning="Share of the dollars that the prior decides, not the data."),
        Column(name="distance", type="float", unit="fraction", meaning="From the price to the near end; negative below."),
        _usd("growth_usd", "Change within 24 h, at the prices of the levels.", minimum=None),
        Column(name="state", type="text", unit="words", required=True, meaning="Whether it is accumulating, as the definitions page says."),
        _METHOD,
    ),
    key=("coin", "venue", "event_time", "known_time", "rank", "method_version"),
)  # fmt: skip

SWEPT_CLUSTERS: Final = Schema(
    kind="swept_clusters", meaning="Clusters of the inferred liquidation map of 24 h before a moment that the price went into since, the largest first.",
    columns=(
        _COIN,
        Column(name="venue", type="text", unit="name", required=True, meaning="Venue whose perpetual market the map is of."),
        _EVENT_TIME,
        _KNOWN_TIME,
        Column(name="rank", type="integer", unit="count", required=True, minimum=1, meaning="Place by dollars, from 1."),
        Column(name="side", type="text", unit="long | short", required=True, choices=("long", "short"), meaning="Whose positions it held."),
        _price("low_price", "Lower end.", required=True),
        _price("high_price", "Upper end.", required=True),
        _usd("usd", "Expected, 24 h before, to be reported if the price went through all of it.", required=True),
        Column(name="passed_share", type="float", unit="fraction", meaning="Share of its range that the price passed."),
        _usd("expected_usd", "Expected by the maps at the starts of the buckets in which it was passed, along the way the price took."),
        _usd("reported_usd", "Reported of the side in those buckets; null where one has no report."),
        _METHOD,
    ),
    key=("coin", "venue", "event_time", "known_time", "rank", "method_version"),
)  # fmt: skip

SLIDES: Final = Schema(
    kind="slides", meaning="What a move of the price would set off, as of a moment: from the inferred map of a venue, its books, and past moves. Nothing in it was published.",
    columns=(
        _COIN,
        Column(name="venue", type="text", unit="name", required=True, meaning="Venue whose map and books were asked."),
        _EVENT_TIME,
        _KNOWN_TIME,
        Column(name="number", type="integer", unit="count", required=True, minimum=1, meaning="Place in the table, from 1."),
        Column(name="trigger", type="text", unit="move | cluster", required=True, choices=("move", "cluster"), meaning="A round move, or one to the far end of a large cluster."),
        Column(name="direction", type="text", unit="down | up", required=True, choices=("down", "up"), meaning="Of the move."),
        Column(name="move", type="float", unit="fraction", required=True, meaning="Of the price, from outside; negative down."),
        _price("price", "Price it is counted from.", required=True),
        _price("trigger_price", "Price that the move itself reaches.", required=True),
        Column(name="chance", type="float", unit="fraction", minimum=0, meaning="Share of past days that went so far, volatility for volatility."),
        Column(name="chance_low", type="float", unit="fraction", minimum=0, meaning="Lower end of its interval of 90%."),
        Column(name="chance_high", type="float", unit="fraction", minimum=0, meaning="Upper end of its interval of 90%."),
        Column(name="ending", type="text", unit="words", required=True, meaning="How the slide ends, at the central values."),
        _price("stop_price", "Where it stops, at the central values; null where nothing holds it on the map."),
        _price("mild_stop_price", "The same at the mild edges of all bands."),
        _price("severe_stop_price", "The same at the severe edges of all bands."),
        Column(name="amplification", type="float", unit="fraction", meaning="What forced orders add to the move, over the move."),
        Column(name="reproduction", type="float", unit="ratio", minimum=0, meaning="Dollars liquidated in the next 1% over dollars of depth in 1%, where the move ends."),
        _usd("forced_usd", "Forced orders on the venue, estimated."),
        _usd("forced_low_usd", "The same at the mild edges of all bands."),
        _usd("forced_high_usd", "The same at the severe edges of all bands."),
        _usd("reported_usd", "What the venue would report of them."),
        _usd("reported_low_usd", "Lower end of its band."),
        _usd("reported_high_usd", "Upper end of its band."),
        _usd("headline_usd", "What aggregators would show for all coins and venues, median."),
        _usd("headline_low_usd", "The same, 5%."),
        _usd("headline_high_usd", "The same, 95%."),
        _usd("depth_usd", "Orders within 1% on the side that the move takes from."),
        _METHOD,
    ),
    key=("coin", "venue", "event_time", "known_time", "number", "method_version"),
)  # fmt: skip

LEDGER: Final = Schema(
    kind="ledger", meaning="Every forecast issued, immutable and chained: an entry's hash covers its content and the entry before.",
    columns=(
        Column(name="sequence", type="integer", unit="count", required=True, minimum=1, meaning="Place in the chain."),
        _COIN,
        Column(name="event_time", type="time", unit="UTC ns", required=True, minimum=0, meaning="Moment the forecast is as of: nothing known later entered it."),
        Column(name="known_time", type="time", unit="UTC ns", required=True, minimum=0, meaning="The same moment: nothing in it was known later."),
        Column(name="issued_time", type="time", unit="UTC ns", required=True, minimum=0, meaning="Clock when it was written: live if within a day of its moment, else in a replay."),
        Column(name="forecast", type="bytes", unit="JSON", required=True, meaning="The forecast, as issued."),
        Column(name="previous", type="text", unit="hex", required=True, meaning="Hash of the entry before; zeros for the first."),
        Column(name="entry_hash", type="text", unit="hex", required=True, meaning="SHA-256 over place, coin, moment, clock, method, forecast and the hash before."),
        _METHOD,
    ),
    key=("sequence",),
)  # fmt: skip

OBSERVED: Final = (BARS, LIQUIDATIONS, OPEN_INTEREST, FUNDING, POSITIONING, TAKER_FLOW, DEPTH, PREMIUM, MARKET_CAPS, RESERVES, FUND_FLOWS, MARGIN_TIERS, GAPS)  # fmt: skip
DERIVED: Final = (INDICATORS, FLUSHES, MAP_STATES, CLUSTERS, SWEPT_CLUSTERS, SLIDES)
BOOKKEEPING: Final = (SERIES, IMPORTS, QUARANTINE, COMPUTATIONS, LEDGER)
KINDS: Final[dict[str, Schema]] = {schema.kind: schema for schema in (*OBSERVED, *DERIVED, *BOOKKEEPING)}
