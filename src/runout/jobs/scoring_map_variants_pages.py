"""The page of where the map's information ends: ``docs/scores/map-variants.md``, and its line of the log."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from runout.clock import format_date, format_time
from runout.jobs.scoring_map_pages import looks
from runout.jobs.scoring_map_variants import ORDERS_SCATTER, TRIAD, Limits
from runout.positions.scoring import Gain
from runout.positions.scoring.measures import BLOCK_BUCKETS, RESAMPLES
from runout.positions.scoring.variants import Tried
from runout.version import CODE_VERSION, METHOD_VERSION

PAGE, LOG = "map-variants.md", "log.jsonl"
RUN: Final = "scored run of the map's alternatives"
_DIGITS = 6


def write_limits_pages(found: Limits, folder: Path, *, run_time: int, commit: str) -> list[Path]:
    """Write the page to ``folder``, append the run to its log, and return the paths.

    Parameters
    ----------
    found
        What was found.
    folder
        Such as ``docs/scores``; made if absent.
    run_time
        UTC ns, for the log.
    commit
        State of the code, for page and log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = page(found, commit, looks(folder / LOG)[0] + runs_before(folder / LOG))
    (folder / PAGE).write_text(text, encoding="utf-8")
    with (folder / LOG).open("ab") as log:
        log.write(msgspec.json.encode(log_line(found, run_time, commit)) + b"\n")
    return [folder / PAGE, folder / LOG]


def runs_before(log: Path) -> int:
    """Return how many runs of the alternatives the log holds."""
    start = f'{{"kind":"{RUN}",'.encode()
    return sum(line.startswith(start) for line in log.read_bytes().splitlines()) if log.exists() else 0


def log_line(found: Limits, run_time: int, commit: str) -> dict[str, object]:
    """Return the run: what was tried, with which settings, and what each gained in both halves."""
    return {
        "kind": RUN, "run": format_time(run_time), "commit": commit, "code_version": CODE_VERSION,
        "method_version": METHOD_VERSION,
        "configuration": {"what": "alternatives of the map", "coin": "BTC", "fingerprint": found.fingerprint},
        "period": {
            "name": "second half", "first": format_date(found.fit_time), "last": format_date(found.last - 1)
        },
        "gains": {
            f"{learner} | {one.name} | {one.mode} | {one.side}": {
                "setting": None if np.isnan(one.setting) else one.setting,
                "first": _numbers(one.first), "second": None if one.second is None else _numbers(one.second),
                "r_squared": round(one.r_squared, _DIGITS),
            }
            for learner, rows in (("two", found.tried), ("four", found.repeated)) for one in rows
        },
    }  # fmt: skip


def page(found: Limits, commit: str, looked: int) -> str:
    """Return the page as Markdown; ``looked`` is how often the second half had been looked at."""
    return "\n\n".join(["# Where the map's information ends", *_parts(found, commit, looked)]) + "\n"


def _parts(found: Limits, commit: str, looked: int) -> Iterator[str]:
    yield (
        f"Written by `runout score map-variants` at commit `{commit}`; do not edit. [What the map knows](../map.md) "
        "says what follows. BTC, log dollars that Binance reported in 4 h. *First half*: "
        f"{found.trained} buckets before {format_date(found.fit_time)}, out of fold in three folds. *Second half*: "
        f"{found.tested} buckets to {format_date(found.last - 1)}, fitted on the first, told once for all of them "
        f"together; it had been looked at {looked} times before. Gains in R² over the same learner without the change; "
        f"intervals of 95%, paired, blocks of {BLOCK_BUCKETS // 6} days on average, {RESAMPLES:,} resamples."
    )
    yield f"## What was tried\n\nWith ridge and kernel ridge. {_count(found.tried)}\n\n{_tried(found.tried)}"
    yield (
        "## Those that gained in the first half, with four learners\n\nIn the mean of their questions and sides, and "
        f"with at least one interval above zero. {_count(found.repeated)}\n\n{_tried(found.repeated)}"
    )
    yield f"## What is left over\n\n{_leftover(found)}"
    yield f"## What venues have in common\n\n{_common(found)}"
    yield f"## Dollars as drawn\n\n{_dollars(found)}"
    yield f"Fingerprint of the rows: `{found.fingerprint}`."


def _count(rows: Sequence[Tried]) -> str:
    told = [one.second for one in rows if one.second is not None]
    both = sum(one.first.low > 0 and one.second is not None and one.second.low > 0 for one in rows)
    return (
        f"Of {len(rows)} intervals, {sum(one.first.low > 0 for one in rows)} lie above zero in the first half, "
        f"{sum(one.low > 0 for one in told)} in the second ({sum(one.high < 0 for one in told)} below it), {both} in "
        "both."
    )


def _tried(rows: Sequence[Tried]) -> str:
    lines = [
        (
            one.item, one.name, "·" if np.isnan(one.setting) else f"{one.setting:g}", f"{one.mode}, {one.side}",
            _said(one.first), "·" if one.second is None else _said(one.second), f"{one.r_squared:.3f}",
        )
        for one in rows
    ]  # fmt: skip
    return _table(("what", "change", "setting", "question", "first half", "second half", "R²"), lines)


def _leftover(found: Limits) -> str:
    rows = [
        (one.mode, one.side, f"{one.variance:.2f}", f"{one.deviation:.2f}", f"{one.afternoon_deviation:.2f}")
        for one in found.leftover
    ]
    lumped = [
        (side, f"{one.tail:g}", f"{one.orders:.0f}", f"{one.deviation:.2f}", f"{one.reachable:.2f}")
        for side, one in found.lumped
    ]
    return (
        "Four learners with the filter, second half, log dollars; the afternoon is 12:00 to 20:00 UTC "
        f"({found.leftover[0].afternoon} buckets).\n\n"
        + _table(("question", "side", "variance", "residual deviation", "in the afternoon"), rows)
        + "\n\nWhat lumps alone leave open, one step ahead: were the mean of every bucket known, and reported orders "
        "independent with a Pareto law of exponent α. Their number follows the dollars as it did in a week of 2026, in "
        "which the log dollars of 4 h scattered around a line in the log number of orders by "
        f"{ORDERS_SCATTER[0]:.2f} and {ORDERS_SCATTER[1]:.2f}.\n\n"
        + _table(("side", "α", "orders, median", "deviation", "R² within reach"), lumped)
    )


def _common(found: Limits) -> str:
    rows = [
        (
            coin, side, str(one.moments), f"{one.share:.2f} [{one.low:.2f}, {one.high:.2f}]",
            f"{one.own_deviation:.2f} [{one.own_low:.2f}, {one.own_high:.2f}]",
        )
        for coin, side, one in found.common
    ]  # fmt: skip
    return (
        f"Dollars that {', '.join(TRIAD)} reported in the same trailing four hours, at snapshots of the afternoon "
        "since May 2025. Share of Binance's log variance that the three have in common, and the deviation of what is "
        "its own: its lumps, its cap, its own positions.\n\n"
        + _table(("coin", "side", "snapshots", "common share", "own deviation"), rows)
    )


def _dollars(found: Limits) -> str:
    rows = [
        (
            one.period, one.drawn, one.side, str(one.buckets), f"{one.ratio:.2f}", f"{one.ratio_many:.2f} ({one.many})",
            f"{one.ratio_top:.2f}", f"{one.inside:.0%}", f"{one.inside_many:.0%}", f"{one.above:.0%}",
        )
        for one in found.dollars
    ]  # fmt: skip
    head = (
        "period", "weights", "side", "buckets", "reported / expected", "over $1M expected", "top tenth", "inside 90%",
        "inside, over $1M", "above",
    )  # fmt: skip
    return (
        "The map at a bucket's start, along the way that the price then went; weights refitted every 84 buckets on "
        "what was past.\n\n" + _table(head, rows)
    )


def _numbers(of: Gain) -> list[float]:
    return [round(value, _DIGITS) for value in (of.mean, of.low, of.high)]


def _said(found: Gain) -> str:
    return f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]".replace("-", "−")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
