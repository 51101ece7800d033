"""A what-if as text, JSON, CSV, PNG and page."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
import polars as pl

from runout.cascade.ladder import price_at
from runout.cascade.outcome import Ending, Extent, Slide
from runout.cascade.shock import Order, Shock, push
from runout.clock import format_time, say_moment
from runout.forecast.targets import DANGER_USD
from runout.pipeline import whatif_answers
from runout.pipeline.whatif_answers import Setting, WhatIf
from runout.pipeline.whatif_json import plain_day, plain_extent, plain_numbers, plain_row, plain_rows, six_digits
from runout.records import venue_list
from runout.render import answer_page, slides
from runout.render.answer_page import CellTable
from runout.render.page import Picture
from runout.render.sheet import Sheet
from runout.scores import FrequencyInterval
from runout.units import dollars, percent, price
from runout.version import METHOD_VERSION, SCHEMA_VERSION

Format = Literal["text", "json", "csv", "png", "html"]
_WIDTH: Final = 150


def answer_as(setting: Setting, shock: Shock, form: Format, *, colour: bool = False, width: int | None = None) -> bytes:
    """Return what one shock sets off in a form.

    Parameters
    ----------
    setting
        What is asked.
    shock
        The move or order.
    form
        Not ``csv``.
    colour
        Whether text has ANSI styles.
    width
        Columns of the screen; None: there is none.
    """
    built, timed = whatif_answers.whatif(setting, shock), whatif_answers.in_rounds(setting, shock)
    if form == "json":
        return _json(document(built, timed, shock))
    if form in {"png", "html"}:
        rows, asked = whatif_answers.slides(setting, setting.map.clusters), _requested_move(setting, built.slide)
        if form == "png":
            return slides.png(rows, asked=asked, synthetic=setting.map.synthetic)
        return _html(setting, shock, _picture(setting, rows, asked), _lines(built, timed), _answer_tables(built.slide))
    return _text(built, timed, shock, colour=colour, width=width).encode()


def ladder_as(setting: Setting, form: Format, *, colour: bool = False, width: int | None = None) -> bytes:
    """Return what moves of every size set off in a form.

    Parameters
    ----------
    setting
        What is asked.
    form
        Any.
    colour
        Whether text has ANSI styles.
    width
        Columns of the screen; None: there is none.
    """
    rows = whatif_answers.slides(setting, setting.map.clusters)
    synthetic = setting.map.synthetic
    if form == "png":
        return slides.png(rows, synthetic=synthetic)
    if form == "csv":
        money = [name for name in rows.columns if name.endswith(("_usd", "price"))]
        reported = rows.with_columns(
            pl.col(money).round(2),
            event_time=pl.lit(format_time(setting.map.at)),
            known_time=pl.lit(format_time(setting.map.at)),
        )
        return reported.write_csv().encode()
    if form == "json":
        return _json({**_head(setting), "slides": [plain_row(row) for row in rows.iter_rows(named=True)]})
    if form == "html":
        table = CellTable("What moves of every size set off", _MOVES, _moves(rows))
        return _html(setting, None, _picture(setting, rows, None), _warned(setting), [table])
    return _ladder_text(setting, rows, colour=colour, width=width).encode()


def document(what_if: WhatIf, timed: Slide, shock: Shock) -> dict[str, object]:
    """Return an answer as a JSON document: dollars whole, fractions to six decimals, not known is null."""
    slide, chance = what_if.slide, what_if.chance
    return {
        **_head(what_if.setting),
        "shock": {"kind": type(shock).__name__, **msgspec.structs.asdict(shock)},
        "direction": slide.direction,
        "chance_24h": None
        if chance is None
        else {
            "value": six_digits(chance.frequency),
            "low": six_digits(chance.low),
            "high": six_digits(chance.high),
            "days": chance.cases,
        },
        "cases": {name: plain_extent(getattr(slide, name)) for name in ("mild", "value", "severe")},
        "reproduction": six_digits(slide.reproduction),
        "reported_usd": plain_numbers(what_if.reported_usd),
        "headline_usd": None if what_if.headline_usd is None else plain_numbers(what_if.headline_usd),
        "day_if_reached": None if (day := what_if.day()) is None else plain_day(day),
        "liquidated": [plain_row(row) for row in slide.liquidated.iter_rows(named=True)],
        "tipping": [plain_row(msgspec.structs.asdict(tipping)) for tipping in slide.tipping],
        "in_rounds": {"case": plain_extent(timed.value), "stages": plain_rows(timed.stages), "assumed": _ASSUMED},
        "depth": list(slide.depth_definitions),
        "flow": None if what_if.setting.flow is None else plain_row(msgspec.structs.asdict(what_if.setting.flow)),
        "notes": _notes(what_if.setting),
    }


_ASSUMED: Final = (
    "half of what was taken from the book is back after 30 s; the engine starts after 1 s and works with a time of "
    "20 s; the insurance fund, not known, is enough, so nothing is deleveraged"
)


def _head(setting: Setting) -> dict[str, object]:
    subject = setting.map
    return {
        "schema_version": SCHEMA_VERSION, "method_version": METHOD_VERSION, "inferred": True, "coin": subject.coin,
        "venue": subject.venue, "synthetic": subject.synthetic, "at": format_time(subject.at),
        "through": format_time(subject.through),
        "price": subject.price,
    }  # fmt: skip


def _notes(setting: Setting, *, market_wide: bool = True) -> list[str]:
    factor = whatif_answers.TRUE_OVER_REPORTED
    ratio = setting.scale
    books = "; ".join(venue.depth.definition for coin in setting.market.coins for venue in coin.venues)
    hidden = (
        f"Forced orders are the map's reported dollars times {factor.low:g} to {factor.high:g} (central "
        f"{factor.value:g}), an assumption about what a capped feed hides. Mild and severe set every "
        "uncertain input to its favourable or unfavourable bound."
    )
    whole = (
        "No market-wide total is given: the lake holds no totals that published figures could be compared with."
        if ratio is None
        else "Market-wide: set off by the move itself on all coins and venues, added to what the day has had; from "
        f"{ratio.days} busy days of all measured totals over this venue and coin, and {ratio.events} published figures."
    )
    return [
        "Inferred: nobody publishes who holds what. How accurate such answers have been: docs/scores/cascade.md.",
        hidden,
        f"Books: {books}, median of a week, in calm; in a slide market makers withdraw.{_checked(setting)}",
        *([whole] if market_wide else []),
    ]


def _checked(setting: Setting) -> str:
    flow = setting.flow
    if flow is None:
        return ""
    book = (setting.depth_usd("down").value + setting.depth_usd("up").value) / 2.0
    return (
        f" Beside their {dollars(book)} within 1%, a net taker flow of {dollars(flow.usd_per_percent)} went with a "
        f"move of 1% in the past 60 days ({percent(flow.r_squared, digits=0)} of the squared returns)."
    )


# -- text -------------------------------------------------------------------------------------------------------------


def _title(setting: Setting, shock: Shock | None) -> str:
    subject = setting.map
    mark = "SYNTHETIC MARKET · " if subject.synthetic else ""
    asked = "moves of every size" if shock is None else _question_text(setting, shock)
    return (
        f"{mark}{subject.coin} at {price(subject.price)} on {venue_list((subject.venue,))}, "
        f"{say_moment(subject.through)}: {asked}"
    )


def _warned(setting: Setting) -> list[str]:
    return [setting.map.warning()] if setting.map.warning() else []


def _question_text(setting: Setting, shock: Shock) -> str:
    if isinstance(shock, Order):
        return f"what if {dollars(shock.usd)} are {'sold' if shock.side == 'sell' else 'bought'} at market"
    provided = push(shock, setting.price)
    to = whatif_answers.moved(setting.price, provided)
    change = percent(to / setting.price - 1.0, signed=True)
    return f"what if it {'falls' if provided.direction == 'down' else 'rises'} to {price(to)} ({change})"


def _text(what_if: WhatIf, timed: Slide, shock: Shock, *, colour: bool, width: int | None = None) -> str:
    sheet = Sheet(width, wide=_WIDTH, colour=colour)
    sheet.line(_title(what_if.setting, shock), bold=True)
    for line in _lines(what_if, timed):
        sheet.line(line)
    sheet.line()
    sheet.table(("", *_CASES[1:]), _cases(what_if.slide), right=True)
    shares = _shares(what_if.slide)
    if shares:
        sheet.line()
        sheet.table(_SHARES, shares, right=True)
    sheet.line()
    for line in _notes(what_if.setting, market_wide=False):
        sheet.line(line)
    return sheet.text()


def _lines(what_if: WhatIf, timed: Slide) -> list[str]:
    slide, chance = what_if.slide, what_if.chance
    lines = _warned(what_if.setting)
    lines += [] if chance is None else [f"Adjusted for volatility, {_frequency(chance)}."]
    lines += [_totals(what_if), *_day(what_if)]
    if slide.reproduction is not None:
        lines.append(
            f"Where the move ends, forced orders within the next 1% equal {percent(slide.reproduction)} of the resting "
            "orders; above 100% a slide feeds itself."
        )
    if timed.value.ending is Ending.STOPPED:
        lines.append(f"With order books that refill, it stops at {price(timed.value.price_usd)}. Assumed: {_ASSUMED}.")
    return [*lines, *_tipping(what_if)]


def _frequency(chance: FrequencyInterval) -> str:
    """Return how often past days went so far; a share of none with how much more it may be."""
    low, high, days = percent(chance.low), percent(chance.high), chance.cases
    if chance.frequency == 0.0:
        return f"none of {days} comparable days moved this far within 24 h (90%: below {high})"
    often = percent(chance.frequency)
    return f"{often} of {days} comparable days moved this far within 24 h (90%: {low} to {high})"


def _day(what_if: WhatIf) -> list[str]:
    """Return the chance of a large day if the price gets there: the answer of the bulletin and the forecast too."""
    day = what_if.day()
    chance = (
        next((probability for probability in day.headline if probability.theta_usd == DANGER_USD), None)
        if day
        else None
    )
    if chance is None or day is None:
        return []
    text = (
        f"If the price gets to {price(day.price_usd)} before {say_moment(day.end)}, the chance of a "
        f"{dollars(DANGER_USD)} day, all coins and exchanges, is {percent(chance.probability)} "
        f"(90%: {percent(chance.low)} to {percent(chance.high)})."
    )
    return [text]


def _tipping(what_if: WhatIf) -> list[str]:
    """Return where the stop jumps, the first three levels."""
    at, direction = what_if.setting.price, what_if.slide.direction
    text: list[str] = []
    for tipping in what_if.slide.tipping[:3]:
        end = (
            "nothing on the map stops it"
            if tipping.stop_distance is None
            else (f"it runs on to {price(price_at(at, tipping.stop_distance, direction))}")
        )
        text.append(
            f"At {price(price_at(at, tipping.trigger_distance, direction))} the stop jumps: {end}, with "
            f"{dollars(tipping.liquidated_usd)} of forced orders."
        )
    return text


def _totals(what_if: WhatIf) -> str:
    reported = what_if.reported_usd
    venue = venue_list((what_if.setting.map.venue,))
    text = f"{venue} would report about {dollars(reported.value)} ({dollars(reported.low)} to {dollars(reported.high)})"
    return f"{text}."


_CASES: Final = ("case", "ends", "stops at", "forced orders", "beyond the shock")
_SHARES: Final = ("venue", "levels", "side", "forced orders", "mild", "severe")
_MOVES: Final = ("move", "reaches", "chance, 24 h", "stops at", "severe", "forced", "reported", "market-wide", "90%")


def _cases(slide: Slide) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name in ("mild", "value", "severe"):
        extent: Extent = getattr(slide, name)
        beyond = "unknown" if extent.amplification is None else percent(extent.amplification)
        case = "central" if name == "value" else name
        rows.append((case, extent.ending.value, price(extent.price_usd), dollars(extent.liquidated_usd), beyond))
    return rows


def _shares(slide: Slide) -> list[tuple[str, ...]]:
    return [
        (
            row["venue"] or "", row["level_kind"] or "", row["liquidated_side"], dollars(row["liquidated_usd"]),
            dollars(row["mild_usd"]), dollars(row["severe_usd"]),
        )
        for row in slide.liquidated.filter(pl.col("liquidated_usd") > 0.0).iter_rows(named=True)
    ]  # fmt: skip


def _share(row: dict[str, Any]) -> str:
    return f"below {percent(row['chance_high'])}" if row["chance"] == 0.0 else percent(row["chance"])


def _moves(rows: pl.DataFrame) -> list[tuple[str, ...]]:
    cells: list[tuple[str, ...]] = []
    for row in rows.iter_rows(named=True):
        through = " through a cluster" if row["trigger"] == "cluster" else ""
        band = f"{dollars(row['headline_low_usd'])} to {dollars(row['headline_high_usd'])}"
        cells.append((
            percent(row["move"], signed=True) + through, price(row["trigger_price"]), _share(row),
            price(row["stop_price"]), price(row["severe_stop_price"]), dollars(row["forced_usd"]),
            dollars(row["reported_usd"]), dollars(row["headline_usd"]), band if row["headline_usd"] is not None else "",
        ))  # fmt: skip
    return cells


def _ladder_text(setting: Setting, rows: pl.DataFrame, *, colour: bool = False, width: int | None = None) -> str:
    sheet = Sheet(width, wide=_WIDTH, colour=colour)
    sheet.line(_title(setting, None), bold=True)
    for line in _warned(setting):
        sheet.line(line)
    sheet.table(_MOVES, _moves(rows), right=True)
    sheet.line()
    for line in _notes(setting):
        sheet.line(line)
    return sheet.text()


# -- other forms ------------------------------------------------------------------------------------------------------


def _html(
    setting: Setting, shock: Shock | None, picture: Picture, lead: Sequence[str], tables: Sequence[CellTable]
) -> bytes:
    return answer_page.render(
        _title(setting, shock),
        kicker="Runout what-if, inferred",
        lead=lead,
        pictures=[picture],
        tables=tables,
        notes=_notes(setting),
        synthetic=setting.map.synthetic,
    ).encode()


def _picture(setting: Setting, rows: pl.DataFrame, asked: float | None) -> Picture:
    both = slides.both_widths(rows, asked=asked, synthetic=setting.map.synthetic)
    return Picture(*both, title="Inferred effect of moves of every size", note=slides.COLOURS)


def _answer_tables(slide: Slide) -> list[CellTable]:
    tables = [CellTable("How far it goes", _CASES, _cases(slide))]
    shares = _shares(slide)
    return [*tables, CellTable("Whose orders are forced", _SHARES, shares)] if shares else tables


def _json(results: dict[str, object]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n"


def _requested_move(setting: Setting, slide: Slide) -> float | None:
    distance = slide.value.shock_distance
    moved = whatif_answers.moved(
        setting.price, msgspec.structs.replace(_PUSH, direction=slide.direction, distance=distance)
    )
    return moved / setting.price - 1.0


_PUSH: Final = push(Order("sell", 0.0), 1.0)
