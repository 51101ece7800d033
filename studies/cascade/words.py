"""Words and tables of the page of the cascade."""

from collections.abc import Iterable, Sequence

import numpy as np

from runout.cascade.depth import Band
from studies.cascade.real import Asked
from studies.cascade.scores import Summary, error_factor
from studies.cascade.study import IssuedRow, Row

TRUE = "true positions, cascade"


def grouped(rows: Sequence[Row], groups: Sequence[str]) -> str:
    """Return a table of ways by group."""
    found = {(one.group, one.way): one.found for one in rows}
    held = [group for group in groups if any(one.group == group for one in rows)]
    ways = dict.fromkeys(one.way for one in rows)
    head = ("way", *(f"{group} (n = {next(f.cases for (g, _), f in found.items() if g == group)})" for group in held))
    body = [(way, *(cell(found[group, way]) if (group, way) in found else "·" for group in held)) for way in ways]
    return "Median error factor · ratio · inside.\n\n" + table(head, body)


def numbers(found: Summary) -> dict[str, object]:
    """Return a summary for the log."""
    return {
        "cases": found.cases, "error_factor": finite(found.error), "error_low": finite(found.error_low),
        "error_high": finite(found.error_high), "ratio": finite(found.ratio),
        "inside": finite(share(found)),
    }  # fmt: skip


def signed(one: IssuedRow) -> str:
    """Return a loss less climatology's, with its interval."""
    return f"{one.less:+.3f} [{one.less_low:+.3f}, {one.less_high:+.3f}]".replace("-", "−")


def share(found: Summary) -> float:
    """Return how often the band held what came."""
    return float("nan") if found.inside.frequency is None else found.inside.frequency


def finite(value: float) -> float | None:
    """Return a number for the log; None where it is infinite."""
    return round(value, 4) if np.isfinite(value) else None


def said(found: Summary) -> str:
    """Return a summary in words."""
    return (
        f"median error factor {found.error:.2f} [{found.error_low:.2f}, {found.error_high:.2f}], ratio "
        f"{found.ratio:.2f}, {share(found):.0%} of {found.cases} inside the band"
    )


def cell(found: Summary) -> str:
    """Return a summary for a table."""
    return f"{found.error:.2f} [{found.error_low:.2f}, {found.error_high:.2f}] · {found.ratio:.2f} · {share(found):.0%}"


def factor(band: Band, one: Asked) -> str:
    """Return the error factor of a band."""
    return f"{float(error_factor(band.value, one.realised_usd)):.1f}"


def floored(of: Band, left: bool) -> str:
    """Return a band, marked where it is a floor."""
    return ("≥ " if left else "") + banded(of)


def millions(usd: float) -> str:
    """Return dollars in millions."""
    return f"{usd / 1e6:,.1f}M" if usd < 1e8 else f"{usd / 1e6:,.0f}M"


def banded(of: Band) -> str:
    """Return a band in millions."""
    return f"{millions(of.value)} [{millions(of.low)}, {millions(of.high)}]"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
