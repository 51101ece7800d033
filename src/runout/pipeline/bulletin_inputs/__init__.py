"""Issue a bulletin: read what was known, hand it to the sections, assemble."""

from collections.abc import Mapping
from importlib.resources import files

import msgspec
import polars as pl

from runout.bulletin.assemble import assemble
from runout.bulletin.findings import Bulletin
from runout.bulletin.sections import claims, price
from runout.clock import format_time, start_of_day
from runout.errors import NotEnoughDataError
from runout.lake import Lake, catalogue, known_span, other_lakes
from runout.pipeline.bulletin_inputs import clusters, cycles, danger, flows, headline, leverage, liquidations, runout
from runout.pipeline.bulletin_inputs.reader import DAY, Reader

__all__ = ["Reader", "issue", "published_claims"]


def issue(lake: Lake, coin: str, at: int, *, computed: Mapping[str, pl.DataFrame] | None = None) -> Bulletin:
    """Return the bulletin of ``coin`` as of ``at`` (UTC ns): the same whatever the lake holds of later times.

    Parameters
    ----------
    lake, coin
        Where, and the base asset.
    at
        UTC ns.
    computed
        Rows by record kind that are read as if the lake held them.

    Raises
    ------
    NotEnoughDataError
        If the coin's price is not known at ``at``, or derived state is behind the data.
    """
    reader = Reader(lake, coin, at, computed=computed)
    bars = reader.reading(catalogue.bars(reader.series, coin))
    if bars is None or bars.last_time < at - DAY:
        raise NotEnoughDataError(
            f"expected bars of {coin} within the day before {format_time(at)} in {lake.root}, found "
            f"{_bars_held(lake, coin)}; ask for a moment within a day of the data or another coin, or import "
            f"newer files (`runout import`); {other_lakes(lake.root)}",
            newest=catalogue.newest_of(lake, lake.series("bars", coin)),
        )
    worst = price.worst_day(bars, at)
    worst_start = worst[0] if worst else None
    synthetic = any(member.synthetic for member in bars.series)
    sections = [*danger.gather(reader, synthetic=synthetic), price.section(bars, at=at)]
    sections += liquidations.gather(reader, worst_start)
    sections += headline.gather(reader, worst_start)
    sections += clusters.gather(reader)
    sections += runout.gather(reader)
    state, interest = leverage.gather(reader, start_of_day(at) - 7 * DAY if worst_start is None else worst_start)
    sections += state
    sections += leverage.gather_positioning(reader)
    sections += flows.gather(reader)
    sections += flows.gather_rotation(reader, worst_start)
    sections += cycles.gather(reader, interest)
    results = tuple(finding for section in sections for finding in section.findings)
    checked = claims.section(published_claims(), results, coin=coin, at=at)
    if checked is not None and not synthetic:
        sections.append(checked)
    return assemble(
        sections,
        coin=coin,
        at=at,
        synthetic=synthetic,
        fingerprint=reader.fingerprint(),
        remarks=reader.left_out,
    )


def published_claims() -> tuple[claims.Claim, ...]:
    """Return the table of published statements."""

    class _File(msgspec.Struct):
        claims: tuple[claims.Claim, ...]

    return msgspec.toml.decode(files("runout.bulletin").joinpath("claims.toml").read_bytes(), type=_File).claims


def _bars_held(lake: Lake, coin: str) -> str:
    """Return which bars of a coin the lake holds at any time, or of which coins it holds some, as text."""
    series = lake.series()
    finest = catalogue.bars(series, coin)
    if finest is not None:
        return known_span(lake.as_of("bars", series=[finest.series]))
    coins = sorted({member.coin for member in series if catalogue.bars(series, member.coin) is not None})
    return f"bars of {', '.join(coins)} only" if coins else "no bars of any coin"
