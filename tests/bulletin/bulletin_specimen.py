"""A made-up bulletin with every kind of section, table and chart; a random walk, no market."""

import math

import msgspec
import numpy as np

from runout import clock
from runout.bulletin.findings import (
    Bulletin,
    Chart,
    Evidence,
    Finding,
    Line,
    Mark,
    Panel,
    Quantity,
    Row,
    Section,
    Table,
)

HOUR = clock.NANOSECONDS_PER_HOUR
STEP = 4 * HOUR
AT = "2031-03-18T12:00Z"
END = clock.parse_time(AT)
COUNT = 84
TIMES = tuple(END - (COUNT - 1 - index) * STEP for index in range(COUNT))
SCOPE = "all venues, all derivatives"


def quantity(name, value, unit, **more):
    return Quantity(
        name=name,
        label=more.pop("label", name.replace("_", " ")),
        value=value,
        unit=unit,
        uncertainty=more.pop("uncertainty", "as published, none stated"),
        **more,
    )


def evidence(*quantities, hours=24, scope=SCOPE, **more):
    return Evidence(
        quantities=quantities,
        scope=scope,
        series=more.pop("series", ("synthetic/open_interest/BTC/all/4h",)),
        source=more.pop("source", "synthetic market"),
        window_start=clock.format_time(END - hours * HOUR),
        window_end=AT,
        coverage=more.pop("coverage", "every venue of the made-up market; no row missing"),
        reproduce=more.pop("reproduce", f"runout rows synthetic/open_interest/BTC/all/4h --from 48h --at {AT}"),
    )


def finding(section, name, statement, proof, **more):
    return Finding(name=f"{section}.{name}", section=section, statement=statement, evidence=proof, **more)


def walk(seed, start, volatility, count=COUNT):
    generator = np.random.default_rng(seed)
    values = [start]
    for index in range(count - 1):
        shock = generator.normal(0, volatility) - (4 * volatility if index in {48, 49} else 0)
        values.append(float(values[-1] * math.exp(shock)))
    return tuple(values)


def line(name, role, values, times=TIMES):
    return Line(
        name=name, role=role, times=times, values=tuple(None if value is None else float(value) for value in values)
    )


def price_panel():
    closes = walk(1, 121_000.0, 0.006)
    opens = (closes[0] * 1.002, *closes[:-1])
    generator = np.random.default_rng(2)
    highs = tuple(max(pair) * (1 + abs(generator.normal(0, 0.003))) for pair in zip(opens, closes, strict=True))
    lows = tuple(min(pair) * (1 - abs(generator.normal(0, 0.003))) for pair in zip(opens, closes, strict=True))
    named = (("open", opens), ("high", highs), ("low", lows), ("close", closes))
    return Panel(
        title="Price, perpetual",
        unit="USD per coin",
        form="candles",
        lines=tuple(line(name, "price", values) for name, values in named),
        span=STEP,
    )


def liquidation_panel():
    generator = np.random.default_rng(3)
    longs = [abs(generator.normal(14e6, 12e6)) * (9 if index in {48, 49, 50} else 1) for index in range(COUNT)]
    shorts = [abs(generator.normal(9e6, 8e6)) for _ in range(COUNT)]
    longs[20] = None
    return Panel(
        title="Liquidations, floor of what happened",
        unit="USD",
        form="mirrored",
        lines=(line("shorts liquidated", "short", shorts), line("longs liquidated", "long", longs)),
        span=STEP,
    )


def interest_panel():
    values = list(walk(4, 708_000.0, 0.004))
    values[30:36] = [None] * 6
    return Panel(
        title="Open interest, all venues", unit="coins", form="lines", lines=(line("all venues", "primary", values),)
    )


def venue_panel():
    starts = {"Binance": 1.1e10, "Bybit": 9.6e9, "Gate": 9.1e9, "OKX": 4.1e9, "Hyperliquid": 3.9e9}
    lines = [line(name, "secondary", walk(int(start), start, 0.004)) for name, start in starts.items()]
    return Panel(title="Open interest by venue", unit="USD", form="lines", lines=tuple(lines))


def positioning_panel():
    shares = [0.61 + 0.03 * math.sin(index / 9) for index in range(COUNT)]
    return Panel(
        title="Accounts that are long, Binance",
        unit="fraction",
        form="lines",
        lines=(line("accounts", "primary", shares), line("half", "reference", [0.5] * COUNT)),
    )


def funding_panel():
    rates = [0.0001 * math.sin(index / 6) + 0.00005 for index in range(COUNT)]
    return Panel(
        title="Funding per 8 h",
        unit="fraction",
        form="steps",
        lines=(line("weighted by OI", "secondary", rates),),
        span=STEP,
    )


def flow_panel():
    net = [3e7 * math.sin(index / 4) * (1 + index / 90) for index in range(COUNT)]
    return Panel(
        title="Net taker flow, perpetual", unit="USD", form="bars", lines=(line("net", "primary", net),), span=STEP
    )


MARKS = (
    Mark(start=TIMES[47], end=TIMES[51], label="flush"),
    Mark(start=TIMES[29], end=TIMES[36], label="gap in open interest"),
)


def charts():
    return {
        "price": Chart(
            name="price.liquidations",
            section="price",
            title="Price, open interest and liquidations over two weeks",
            caption="Synthetic market, all venues, 4 h bars ending at their time. Liquidations are floors.",
            panels=(price_panel(), interest_panel(), liquidation_panel()),
            marks=MARKS,
        ),
        "leverage": Chart(
            name="leverage.venues",
            section="leverage",
            title="Where the open interest stands",
            caption="Synthetic market, five venues, in dollars; one side counted.",
            panels=(venue_panel(),),
        ),
        "positioning": Chart(
            name="positioning.accounts",
            section="positioning",
            title="Who is long, and what it costs",
            caption="Synthetic market, Binance; accounts, not money.",
            panels=(positioning_panel(), funding_panel()),
        ),
        "flows": Chart(
            name="flows.taker",
            section="flows",
            title="Taker flow",
            caption="Synthetic market, perpetual, all venues.",
            panels=(flow_panel(),),
            marks=(MARKS[0],),
        ),
    }


def venue_table():
    rows = (
        ("Binance", 12.41e9, -0.0213, -184.2e6, 0.148),
        ("Gate", 10.62e9, 0.1258, 1186.0e6, 0.127),
        ("Bybit", 9.87e9, -0.0341, -348.7e6, 0.118),
        ("OKX", 4.05e9, -0.0102, -41.6e6, 0.048),
        ("Hyperliquid", 3.96e9, 0.0, 0.0, 0.047),
        ("Kraken", None, None, None, None),
    )
    return Table(
        name="leverage.venues",
        section="leverage",
        title="Open interest by venue, change over 48 h",
        columns=("open interest", "change", "change, dollars", "share of all"),
        units=("USD", "fraction", "USD", "fraction"),
        signed=(False, True, True, False),
        rows=tuple(Row(label=label, values=tuple(values)) for label, *values in rows),
        source="synthetic market, 16 Mar 12:00 to 18 Mar 2031 12:00 UTC",
        note="Gate reports more than its volume allows; read the total with and without it.",
    )


def price_section(chart):
    lead = quantity("close_usd", 114_900.0, "USD per coin", label="price", uncertainty="last trade of the bar")
    day = quantity("change_24h", -0.0204, "fraction", label="change over 24 h", signed=True, uncertainty="exact")
    far = quantity(
        "below_high", -0.0775, "fraction", label="below the high of 14 Mar", signed=True, uncertainty="exact"
    )
    return Section(
        key="price",
        title="Price",
        summary="The price stands 7.8% below the high of four days ago.",
        findings=(
            finding(
                "price",
                "day",
                "BTC stands at $114,900, 2.04% lower than a day before and 7.75% below the high of 14 March.",
                evidence(lead, day, far, scope="Binance BTCUSDT perpetual"),
            ),
        ),
        charts=(chart,),
    )


def liquidation_section():
    total = quantity(
        "liquidated_24h", 261.4e6, "USD", label="liquidated in 24 h", low=261.4e6, high=610.0e6,
        uncertainty="floor to 90% bound for capped feeds",
    )  # fmt: skip
    share = quantity("long_share", 0.853, "fraction", label="share of longs", uncertainty="of what the feeds show")
    events = quantity("flushes", 2.0, "count", label="flushes in 30 days", uncertainty="exact")
    rank = quantity("rank", 93.0, "percentile", label="rank among the last 365 days", uncertainty="exact")
    return Section(
        key="liquidations",
        title="Liquidations",
        summary="Longs took most of it; the day ranks among the heavier ones of the year.",
        findings=(
            finding(
                "liquidations",
                "day",
                "At least $261.4M was liquidated in 24 hours, 85.3% of it longs.",
                evidence(total, share, rank, events, scope="three venues; BTC", coverage="three venues of eleven"),
                caveat="Binance and OKX publish at most one liquidation a second: a floor, worst on the worst days.",
            ),
        ),
    )


def leverage_section(chart):
    change = quantity(
        "change_usd",
        661.7e6,
        "USD",
        label="change over 48 h",
        signed=True,
        low=-0.9e9,
        high=2.2e9,
        uncertainty="usual noise, 80%",
    )
    position = quantity(
        "position_effect", 2397.4e6, "USD", label="position effect", signed=True, uncertainty="exact split"
    )
    price = quantity("price_effect", -1735.7e6, "USD", label="price effect", signed=True, uncertainty="exact split")
    coins = quantity("coins", 721_583.0, "coins", label="open interest", uncertainty="as published")
    return Section(
        key="leverage",
        title="State of leverage",
        summary="Open interest did not fall with the price; whether it rose hangs on one venue.",
        findings=(
            finding(
                "leverage",
                "change.48h",
                "Open interest rose by $661.7M in 48 hours: positions added $2.40B, the lower price took $1.74B.",
                evidence(change, position, price, coins, hours=48),
                caveat="The sign of the change in coins hangs on Gate, MEXC and BingX: without them it is negative.",
            ),
            finding(
                "leverage",
                "elr",
                "The estimated leverage ratio is in the 88th percentile of a year.",
                evidence(
                    quantity(
                        "elr_percentile",
                        88.0,
                        "percentile",
                        label="estimated leverage ratio",
                        uncertainty="providers differ by half",
                        low=81.0,
                        high=92.0,
                    ),
                    quantity("elr", 0.2412, "ratio", label="its level", uncertainty="means little by itself"),
                    quantity("reserve", None, "coins", label="exchange reserve", uncertainty="not observed by then"),
                ),
                inferred=True,
            ),
        ),
        tables=(venue_table(),),
        charts=(chart,),
    )


def small_section(key, title, lead, statement, *, chart=None, inferred=False):
    return Section(
        key=key,
        title=title,
        summary=statement,
        findings=(finding(key, "first", statement, evidence(lead), inferred=inferred),),
        charts=(chart,) if chart else (),
    )


def danger_section():
    level = quantity("danger_level", 3.0, "level", label="danger level", uncertainty="from the probability of $1B")
    table = ((0.25, 0.31, 0.24, 0.38), (0.5, 0.164, 0.12, 0.22), (1, 0.071, 0.043, 0.118), (2, 0.022, 0.01, 0.045))
    chances = tuple(
        quantity(
            f"probability_{threshold:g}b", value, "fraction", label=f"at least ${threshold:g}B",
            low=low, high=high, uncertainty="80% interval",
        )
        for threshold, value, low, high in table
    )  # fmt: skip
    return Section(
        key="danger",
        title="Danger level",
        summary="Considerable: a wave of a billion dollars is unlikely within a day, and far from rare.",
        findings=(
            finding(
                "danger",
                "level",
                "The chance that the next 24 hours liquidate $1B or more is 7.1%; danger level 3 of 5.",
                evidence(level, *chances),
                inferred=True,
            ),
        ),
    )


def specimen(*, synthetic=True):
    drawn = charts()
    ratio = quantity("long_share", 0.618, "fraction", label="accounts long, Binance", uncertainty="as published")
    reach = quantity(
        "trigger",
        111_500.0,
        "USD per coin",
        label="nearest trigger below",
        uncertainty="band",
        low=110_900.0,
        high=112_200.0,
    )
    cluster = quantity(
        "cluster", 1.2e9, "USD", label="largest cluster below", low=0.8e9, high=1.9e9, uncertainty="80% interval"
    )
    runout = quantity(
        "runout", 2.7e9, "USD", label="a slide would liquidate", low=1.1e9, high=4.9e9, uncertainty="80% interval"
    )
    flow = quantity(
        "net_flow", -412.3e6, "USD", label="net taker flow in 24 h", signed=True, uncertainty="as published"
    )
    dominance = quantity("dominance", 0.5898, "fraction", label="BTC dominance", uncertainty="as published")
    elapsed = quantity("hours", 96.0, "hours", label="since the high", uncertainty="exact")
    problem = quantity(
        "skew", 2.31, "ratio", label="longs per short at risk", uncertainty="80% interval", low=1.4, high=3.6
    )
    hits = quantity("hits", 12.0, "count", label="waves after level 3", uncertainty="of 154 bulletins")
    return Bulletin(
        schema_version="1.0",
        code_version="0.1.0",
        method_version="2026.11",
        coin="BTC",
        at=AT,
        synthetic=synthetic,
        headline=(
            "BTC fell from $124.5k to $114.9k in four days; at least $261M was liquidated in the last 24 hours, "
            "85% of it longs. Open interest did not follow: most of the leverage is still there."
        ),
        sections=(
            danger_section(),
            small_section(
                "problem",
                "Problem",
                problem,
                "Long overhang: 2.31 dollars of longs stand at risk for each of shorts.",
                inferred=True,
            ),
            small_section(
                "clusters",
                "Clusters",
                cluster,
                "The largest cluster below holds about $1.20B between $110,900 and $112,200.",
                inferred=True,
            ),
            small_section(
                "runout", "Runout", runout, "A slide set off at $111,500 would liquidate about $2.70B.", inferred=True
            ),
            price_section(drawn["price"]),
            liquidation_section(),
            leverage_section(drawn["leverage"]),
            small_section(
                "positioning",
                "Positioning",
                ratio,
                "61.8% of Binance accounts with a position are long.",
                chart=drawn["positioning"],
            ),
            small_section(
                "flows",
                "Flows",
                flow,
                "Takers sold $412.3M more of perpetuals than they bought in 24 hours.",
                chart=drawn["flows"],
            ),
            small_section("rotation", "Rotation", dominance, "BTC holds 59.0% of the market's value."),
            small_section(
                "cycles", "Cycles", elapsed, "The high lies 96 hours back; open interest stands where it stood."
            ),
            small_section("claims", "Claims", reach, "A claim about $380M of new open interest is not reproduced."),
            small_section("record", "Track record", hits, "12 of 154 bulletins of level 3 were followed by a wave."),
            Section(key="evidence", title="Evidence", summary="All figures come from the made-up market."),
        ),
        fingerprint="9f2c7ab04d1c5e6f8a9b0c1d2e3f405162738495a6b7c8d9eaf0b1c2d3e4f506",
        reproduce=f"runout bulletin BTC --at {AT} --lake lakes/demo",
        limits=(
            "Liquidation totals are floors of the measured venues, not the headline of an aggregator.",
            "Nothing here is advice; a danger level speaks of a probability, not of a direction.",
        ),
    )


def only(bulletin, *keys):
    """Return the bulletin with these sections only."""
    return msgspec.structs.replace(bulletin, sections=tuple(s for s in bulletin.sections if s.key in keys))
