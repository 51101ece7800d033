"""One table of what the hot paths do beside a peer or a limit, measured in turns within the same run."""

import time
from collections.abc import Callable
from typing import NamedTuple

import pytest
from rich.console import Console
from rich.table import Table


class Work(NamedTuple):
    """Something to time, and how many units of work one run of it is; a run that returns seconds timed itself."""

    name: str
    run: Callable[[], object]
    units: float = 1.0


class Row(NamedTuple):
    work: str
    unit: str
    ours: float
    peer: str
    theirs: float


ROWS = pytest.StashKey[list[Row]]()


def pytest_configure(config):
    config.stash[ROWS] = []


def seconds_of(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    timed = run()
    return timed if isinstance(timed, float) else time.perf_counter() - begun


@pytest.fixture
def beside(request):
    """Return a function that times a work and its peers in turns and adds a row for each peer.

    Both are run once before (compiled, caches warm). The best of a few turns counts: on a shared machine the least
    disturbed run says most. Nothing is asserted of time: the table is for reading.
    """

    def compare(unit: str, ours: Work, *peers: Work, turns: int = 5) -> None:
        works = (ours, *peers)
        for work in works:
            work.run()
        best = [min(times) for times in zip(*([seconds_of(w.run) for w in works] for _ in range(turns)), strict=True)]
        rates = [work.units / seconds for work, seconds in zip(works, best, strict=True)]
        request.config.stash[ROWS] += [
            Row(ours.name, unit, rates[0], peer.name, rate) for peer, rate in zip(peers, rates[1:], strict=True)
        ]

    return compare


def pytest_terminal_summary(terminalreporter, config):
    if not config.stash[ROWS]:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("work", "ours", "peer or limit", "its rate", "ours / its"):
        table.add_column(name, justify="left" if name in {"work", "peer or limit"} else "right", no_wrap=True)
    for row in config.stash[ROWS]:
        ratio = row.ours / row.theirs
        shown = f"{ratio:.2f}" if ratio < 10 else f"{ratio:,.0f}"
        table.add_row(row.work, rate(row.ours, row.unit), row.peer, rate(row.theirs, row.unit), shown)
    terminalreporter.section("ours beside peers and limits, same run, best of each")
    Console(file=terminalreporter._tw, width=160, highlight=False, no_color=True).print(table)


def rate(value: float, unit: str) -> str:
    for factor, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.1f}{letter} {unit}/s"
    return f"{value:.1f} {unit}/s"
