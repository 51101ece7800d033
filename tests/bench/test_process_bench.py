"""Whole processes, cold: a command beside Python with the libraries it cannot do without."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from bench.conftest import Work
from pipeline.perpetual_lakes import DAYS, FIRST, WARM_DAYS, perpetual_lake, series
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, format_time
from runout.lake import Lake
from runout.records import KINDS, conform

pytestmark = pytest.mark.bench


def process(*arguments):
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def test_start_of_the_command(beside):
    beside(
        "starts",
        Work("runout --version, cold process", process("-m", "runout", "--version")),
        Work("import cyclopts, rich, msgspec", process("-c", "import cyclopts, rich, msgspec")),
    )


def test_a_bulletin_of_a_moment_not_asked_before(beside, tmp_path):
    lake = perpetual_lake(tmp_path / "lake")
    moment = FIRST + (WARM_DAYS + DAYS) * NANOSECONDS_PER_DAY
    computed = process("-m", "runout", "compute", "--lake", lake.root)
    computed()

    def bulletin(at):
        return process("-m", "runout", "bulletin", "BTC", "--at", format_time(at), "--lake", lake.root)

    new = iter(range(moment - 30 * 4 * NANOSECONDS_PER_HOUR, moment, 4 * NANOSECONDS_PER_HOUR))
    beside(
        "bulletins",
        Work("bulletin of a moment not asked before, cold", lambda: bulletin(next(new))()),  # noqa: PLW0108 - a new one each
        Work("bulletin of the newest moment, computed, cold", bulletin(moment)),
        Work("import polars, deltalake, numba, scipy.stats", process("-c", "import polars, deltalake, numba, scipy.stats")),
        turns=3,
    )  # fmt: skip


def test_an_hour_of_rows_costs_the_same_after_ten_times_the_history(beside, tmp_path):
    """Our cost grows with new rows, not with history: the ratio is that of a long lake's appends to a short one's."""
    appends = []
    for days in (30, 300):
        lake, rows = Lake(tmp_path / str(days)), hours(days * 24)
        lake.register([HOURLY])
        lake.append("bars", rows)
        later = iter(range(days * 24, days * 24 + 100))
        appends.append(lambda lake=lake, later=later: lake.append("bars", hours(1, next(later))))
    short, long = appends
    beside("appends", Work("append of an hour, 300 days held", long), Work("append of an hour, 30 days held", short))


HOURLY = series("bars", NANOSECONDS_PER_HOUR)


def hours(count, first=0):
    end = FIRST + NANOSECONDS_PER_HOUR * np.arange(first + 1, first + count + 1)
    prices = {name: np.full(count, 60_000.0) for name in ("open", "high", "low", "close")}
    rows = pl.DataFrame({"event_time": end, "known_time": end, "span": np.full(count, NANOSECONDS_PER_HOUR), **prices})
    return conform(rows.with_columns(series=pl.lit(HOURLY.series), coin=pl.lit("BTC")), KINDS["bars"])
