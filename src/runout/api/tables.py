"""Answers as polars tables: times become UTC datetimes, what was not observed is null."""

from collections.abc import Iterable, Iterator
from typing import Final

import polars as pl

from runout.bulletin.findings import Bulletin, Finding
from runout.clock import parse_time
from runout.liquidation_map.clusters import Sweep
from runout.pipeline.whatif_answers import WhatIf
from runout.records import Series

_TIME: Final = pl.Datetime("ns", "UTC")
_FINDINGS: Final[dict[str, pl.DataType]] = {
    "section": pl.String(), "finding": pl.String(), "quantity": pl.String(), "label": pl.String(),
    "value": pl.Float64(), "low": pl.Float64(), "high": pl.Float64(), "unit": pl.String(),
    "uncertainty": pl.String(), "inferred": pl.Boolean(), "scope": pl.String(), "source": pl.String(),
    "window_start": _TIME, "window_end": _TIME, "statement": pl.String(), "caveat": pl.String(),
    "reproduce": pl.String(),
}  # fmt: skip
_SWEEPS: Final[dict[str, pl.DataType]] = {
    "side": pl.String(), "start_time": _TIME, "end_time": _TIME, "low_price": pl.Float64(), "high_price": pl.Float64(),
    "predicted_usd": pl.Float64(), "low_usd": pl.Float64(), "high_usd": pl.Float64(), "realised_usd": pl.Float64(),
}  # fmt: skip
_CASES: Final[dict[str, pl.DataType]] = {
    "case": pl.String(), "ending": pl.String(), "direction": pl.String(), "price_usd": pl.Float64(),
    "stop_price_usd": pl.Float64(), "amplification": pl.Float64(), "forced_usd": pl.Float64(),
    "reported_usd": pl.Float64(), "headline_usd": pl.Float64(), "chance_24h": pl.Float64(),
}  # fmt: skip


def findings_table(bulletin: Bulletin) -> pl.DataFrame:
    """Return the figures of a bulletin, a row for each quantity behind a statement, in reading order.

    Returns
    -------
    polars.DataFrame
        ``section, finding, quantity`` (names, stable within a major); ``label``; ``value`` with ``low, high`` where it
        has an interval, in ``unit`` (fractions are fractions); ``uncertainty``: what the interval is, or why there is
        none; ``inferred``: modelled rather than reported; ``scope, source``; ``window_start, window_end``;
        ``statement, caveat``: what the bulletin says with it; ``reproduce``: the command that prints its rows.
    """
    rows = [row for section in bulletin.sections for finding in section.findings for row in _rows(finding)]
    return pl.DataFrame(rows, schema=_FINDINGS, orient="row")


def _rows(finding: Finding) -> Iterator[tuple[object, ...]]:
    stands = finding.evidence
    window = parse_time(stands.window_start), parse_time(stands.window_end)
    for quantity in stands.quantities:
        yield (
            finding.section, finding.name, quantity.name, quantity.label, quantity.value, quantity.low, quantity.high,
            quantity.unit, quantity.uncertainty,
            finding.inferred, stands.scope, stands.source, *window, finding.statement, finding.caveat,
            stands.reproduce,
        )  # fmt: skip


def dated(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with their UTC ns as datetimes: ``time``, and every column that ends in ``_time``."""
    instants = [name for name in rows.columns if name == "time" or name.endswith("_time")]
    return rows.with_columns(pl.col(name).cast(pl.Int64).cast(_TIME) for name in instants)


def sweeps_table(sweeps: Iterable[Sweep]) -> pl.DataFrame:
    """Return sweeps of a map as a table, by time; see :meth:`runout.api.answers.MapAnswer.sweeps`."""
    rows = [
        (
            sweep.side, sweep.start, sweep.end, sweep.low, sweep.high, sweep.predicted.usd, sweep.predicted.low_usd,
            sweep.predicted.high_usd, sweep.realised_usd,
        )
        for sweep in sweeps
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_SWEEPS, orient="row")


def series_table(series: Iterable[Series]) -> pl.DataFrame:
    """Return series with their scope, a row each."""
    rows = [(item.series, item.kind, item.step_text(), item.scope(), item.note) for item in series]
    return pl.DataFrame(
        rows, schema=dict.fromkeys(("series", "kind", "step", "scope", "note"), pl.String), orient="row"
    )


def cases_table(what_if: WhatIf) -> pl.DataFrame:
    """Return a what-if as a table: a row for each case of the bands.

    Returns
    -------
    polars.DataFrame
        ``case``: ``central`` values, and ``mild`` and ``severe``, all bands at one edge together; ``ending``: how the
        slide ends; ``direction``; ``price_usd`` that moves count from; ``stop_price_usd``, null where it runs off the
        map; ``amplification``: what forced orders add to the move, as a fraction of it; ``forced_usd``: dollars of
        forced orders; ``reported_usd``: of these, what the venue's feed would show; ``headline_usd``: what aggregators
        would show for all coins and venues, null where no ratio is known; ``chance_24h`` that the price goes so far by
        itself, null of an order.
    """
    slide, chance = what_if.slide, None if what_if.chance is None else what_if.chance.frequency
    rows = [
        (
            case, extent.ending.value, slide.direction, slide.price_usd, extent.price_usd, extent.amplification,
            extent.liquidated_usd, getattr(what_if.reported_usd, end),
            None if what_if.headline_usd is None else getattr(what_if.headline_usd, end), chance,
        )
        for case, extent, end in (
            ("mild", slide.mild, "low"), ("central", slide.value, "value"), ("severe", slide.severe, "high")
        )
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_CASES, orient="row")
