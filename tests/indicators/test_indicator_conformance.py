"""One battery for every indicator of the registry: units, no look-ahead, tail equals full, missing data, vintages."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.markets import DAY, STEP
from runout.clock import NANOSECONDS_PER_HOUR as HOUR
from runout.indicators.registry import INDICATORS, SERIES, Indicator, Input

REPOSITORY = Path(__file__).resolve().parents[2]
DAYS = 420
UNITS = {
    "_usd": "USD", "_base": "coins", "_percentile": "percentile", "_score": "standard deviations", "_share": "fraction",
}  # fmt: skip
RANGES = {"percentile": (0.0, 100.0), "count": (0.0, np.inf)}
EACH = pytest.mark.parametrize("one", SERIES, ids=lambda one: one.name)


def walk(rng: np.random.Generator, n: int, start: float, deviation: float = 0.02) -> np.ndarray:
    return start * np.exp(np.cumsum(rng.normal(0, deviation, n)))


COLUMNS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "open_interest_usd": lambda rng, n: walk(rng, n, 4e10),
    "price": lambda rng, n: walk(rng, n, 6e4),
    "close": lambda rng, n: walk(rng, n, 6e4),
    "reserve_base": lambda rng, n: walk(rng, n, 2.4e6, 0.002),
    "stablecoin_reserve_usd": lambda rng, n: walk(rng, n, 3e10, 0.002),
    "long_usd": lambda rng, n: rng.lognormal(14, 1.5, n),
    "short_usd": lambda rng, n: rng.lognormal(14, 1.5, n),
    "rate": lambda rng, n: rng.normal(1e-4, 1e-4, n),
    "interval_hours": lambda _, n: np.full(n, 8.0),
    "buy_usd": lambda rng, n: rng.lognormal(20, 0.5, n),
    "sell_usd": lambda rng, n: rng.lognormal(20, 0.5, n),
    "net_usd": lambda rng, n: rng.normal(0, 1e8, n),
    "volume_usd": lambda rng, n: rng.lognormal(22, 0.5, n),
    "bid_usd": lambda rng, n: rng.lognormal(19, 0.3, n),
    "ask_usd": lambda rng, n: rng.lognormal(19, 0.3, n),
    "dominance": lambda rng, n: 0.55 + 0.1 * np.sin(np.cumsum(rng.normal(0, 0.02, n))),
}


def step_of(one: Indicator) -> int:
    """Return the step to test at: 4 h where rows have a span or sit in hours, a day where the indicator is daily."""
    return DAY if one.name.startswith(("estimated", "rotation", "breadth", "depth", "open interest against")) else STEP


def table(wanted: Input, step: int, seed: int, days: int = DAYS) -> pl.DataFrame:
    """Return random rows of an input; one row in fifty was known late."""
    rng = np.random.default_rng(seed)
    coins = ("AAA", "BBB", "CCC") if "coin" in wanted.columns else ("AAA",)
    parts: list[pl.DataFrame] = []
    for coin in coins:
        n = days * DAY // step
        time = (np.arange(n, dtype=np.int64) + 1) * step
        known = time + np.where(rng.random(n) < 0.02, rng.integers(1, 50, n) * HOUR, 0)
        unknown = set(wanted.columns) - {*COLUMNS, "coin", "span"}
        assert not unknown, f"no sample of the columns {sorted(unknown)}: add each to COLUMNS in this file"
        columns = {name: COLUMNS[name](rng, n) for name in wanted.columns if name in COLUMNS}
        frame = pl.DataFrame({"event_time": time, "known_time": known, **columns}).with_columns(coin=pl.lit(coin))
        parts.append(frame.with_columns(span=pl.lit(step, pl.Int64)))
    kept = ["event_time", "known_time", *wanted.columns]
    return pl.concat(parts).sort("event_time", "coin").select(kept)


def tables(one: Indicator, seed: int = 1) -> list[pl.DataFrame]:
    return [table(wanted, step_of(one), seed + 100 * place) for place, wanted in enumerate(one.inputs)]


def compute(one: Indicator, rows: list[pl.DataFrame]) -> pl.DataFrame:
    assert one.compute is not None
    return one.compute(*rows)


def until(rows: list[pl.DataFrame], time: int) -> list[pl.DataFrame]:
    return [frame.filter(pl.col("event_time") <= time) for frame in rows]


class Computed(dict[str, tuple[list[pl.DataFrame], pl.DataFrame]]):
    """Inputs and outputs of each indicator, computed when they are asked for."""

    def __missing__(self, name: str) -> tuple[list[pl.DataFrame], pl.DataFrame]:
        one = next(one for one in SERIES if one.name == name)
        rows = tables(one)
        self[name] = rows, compute(one, rows)
        return self[name]


@pytest.fixture(scope="module")
def computed() -> Computed:
    return Computed()


# -- what is declared -------------------------------------------------------------------------------------------------


def test_names_are_unique_and_every_field_says_something() -> None:
    names = [one.name for one in INDICATORS]
    assert len(set(names)) == len(names)
    for one in INDICATORS:
        assert all((one.meaning, one.equation, one.nulls, one.reference, one.outputs, one.inputs)), one.name
        assert one.meaning.endswith("."), one.name
        assert one.nulls.endswith("."), one.name


def test_every_module_of_indicators_stands_in_the_registry() -> None:
    folder = REPOSITORY / "src" / "runout" / "indicators"
    # indicators share windows and sums, price serves flushes, peak_history says when each of `peaks` was known.
    apart = {"__init__", "registry", "described", "described_series", "described_values"}
    apart |= {"windows", "price", "peak_history", "sums"}
    modules = {path.stem for path in folder.glob("*.py")} - apart
    assert {one.function.__module__.rpartition(".")[2] for one in INDICATORS} == modules


def test_the_page_of_indicators_is_fresh() -> None:
    spec = importlib.util.spec_from_file_location("indicator_pages", REPOSITORY / "tools" / "indicator_pages.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    fresh = tool.PAGE.read_text(encoding="utf-8") == tool.page()
    assert fresh, "docs/indicators.md is stale: run `make docs`"


@EACH
def test_columns_are_those_declared_and_their_names_agree_with_their_units(one: Indicator, computed) -> None:
    found = computed[one.name][1]
    declared = {output.name: output.unit for output in one.outputs}
    assert set(found.columns) - {"event_time", "known_time", "span"} == set(declared)
    for name, unit in declared.items():
        for suffix, expected in UNITS.items():
            assert not name.endswith(suffix) or unit == expected, name


@EACH
def test_values_are_finite_or_null_and_within_what_their_unit_allows(one: Indicator, computed) -> None:
    found = computed[one.name][1]
    for output in one.outputs:
        values = found[output.name].drop_nulls().cast(pl.Float64)
        assert len(values), output.name
        assert values.is_finite().all(), output.name
        low, high = RANGES.get(output.unit, (-np.inf, np.inf))
        assert values.is_between(low, high).all(), output.name


# -- what was known, and when -----------------------------------------------------------------------------------------


@EACH
@given(cut=st.integers(2, DAYS))
@settings(max_examples=6)
def test_values_up_to_a_moment_do_not_depend_on_what_follows(one: Indicator, cut: int, computed) -> None:
    rows, full = computed[one.name]
    early = compute(one, until(rows, cut * DAY))
    assert early.equals(full.filter(pl.col("event_time") <= cut * DAY))


@EACH
def test_values_up_to_a_moment_do_not_depend_on_how_densely_later_rows_stand(one: Indicator) -> None:
    dense = tables(one)
    first = 200 * DAY
    thin = [frame.filter((pl.col("event_time") <= first) | (pl.col("event_time") % (10 * DAY) == 0)) for frame in dense]
    if one.name.startswith(("liquidations", "open interest change")):
        pytest.skip("counts rows of one declared step: its series have no other")
    assert compute(one, thin).filter(pl.col("event_time") <= first).equals(compute(one, until(dense, first)))


@EACH
@given(back=st.integers(0, 30))
@settings(max_examples=4)
def test_a_tail_as_long_as_the_lookback_gives_the_same_values(one: Indicator, back: int, computed) -> None:
    rows, full = computed[one.name]
    assert one.lookback is not None
    end = DAYS * DAY - back * step_of(one)
    since = end - one.lookback
    tail = compute(one, [frame.filter(pl.col("event_time") >= since) for frame in rows])
    last = pl.col("event_time") == end
    assert tail.filter(last).equals(full.filter(last))


@EACH
def test_nothing_is_known_before_it_happens_or_before_what_it_is_made_of(one: Indicator, computed) -> None:
    rows, found = computed[one.name]
    assert (found["known_time"] >= found["event_time"]).all()
    for frame in rows:
        inputs = frame.group_by("event_time").agg(pl.col("known_time").max().alias("input_known"))
        both = found.join(inputs, on="event_time")
        assert (both["known_time"] >= both["input_known"]).all()


@EACH
@pytest.mark.parametrize("day", [20, 40, 300])
def test_a_row_known_late_delays_every_value_it_enters(one: Indicator, day: int) -> None:
    rows, place = tables(one, seed=3), day * DAY
    prompt = [frame.with_columns(known_time=pl.col("event_time")) for frame in rows]
    late = 500 * DAY
    delayed = [
        frame.with_columns(
            known_time=pl.when(pl.col("event_time") == place).then(place + late).otherwise(pl.col("known_time"))
        )
        for frame in prompt
    ]
    marked = [
        frame.with_columns(
            # Each by a factor of its own: a ratio of two columns moves too.
            pl.when(pl.col("event_time") == place)
            .then(pl.col(name) * (1.5 + k / 10))
            .otherwise(pl.col(name))
            .alias(name)
            for k, name in enumerate(wanted.columns)
            if name in COLUMNS and name not in {"interval_hours", "dominance"}
        )
        for wanted, frame in zip(one.inputs, prompt, strict=True)
    ]
    names = [output.name for output in one.outputs]
    before, after, known = compute(one, prompt), compute(one, marked), compute(one, delayed)
    touched = pl.concat([before.select("event_time"), *(
        (before[name].ne_missing(after[name])).alias(name).to_frame() for name in names
    )], how="horizontal").filter(pl.any_horizontal(names))  # fmt: skip
    assert touched.height, f"no output of {one.name} moved when its inputs of day {day} were changed"
    entered = known.join(touched.select("event_time"), on="event_time", how="semi")
    assert (entered["known_time"] >= place + late).all()


# -- what is missing --------------------------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("missing", [0.03, 0.5])
def test_rows_missing_take_values_away_and_change_no_simple_one(one: Indicator, missing: float) -> None:
    rows = tables(one)
    gone = np.random.default_rng(5).random(DAYS * 6 + 1) < missing
    step = step_of(one)
    kept = [frame.filter(pl.Series(~gone[(frame["event_time"] // step).to_numpy()])) for frame in rows]
    full, thin = compute(one, rows), compute(one, kept)
    both = full.join(thin, on="event_time", suffix="_thin")
    steady = [output.name for output in one.outputs if not from_history(output.name, one)]
    for name in steady:
        pair = both.filter(pl.col(f"{name}_thin").is_not_null())
        assert pair[name].equals(pair[f"{name}_thin"].rename(name)), name
    for output in one.outputs:
        assert thin[output.name].drop_nulls().cast(pl.Float64).is_finite().all()


def from_history(name: str, one: Indicator) -> bool:
    """Whether a value describes the past by whatever of it was observed: ranks, deviations, medians, counts."""
    return (
        name.endswith(("_percentile", "_score", "withdrawal"))
        or name.startswith("noise")
        or name in {"divergence", "ranked_days"}
        or one.name.startswith("breadth")
    )


@EACH
def test_nulls_in_a_column_give_nulls_and_no_infinity(one: Indicator) -> None:
    for place, wanted in enumerate(one.inputs):
        for name in (n for n in wanted.columns if n in COLUMNS):
            rows = tables(one)
            holed = pl.when(pl.col("event_time") % (7 * DAY) == 0).then(None).otherwise(pl.col(name)).alias(name)
            rows[place] = rows[place].with_columns(holed)
            found = compute(one, rows)
            values = found.select(output.name for output in one.outputs).cast(pl.Float64)
            assert not any(column.is_nan().any() or column.is_infinite().any() for column in values), name


@EACH
def test_zeros_give_no_infinity(one: Indicator) -> None:
    for place, wanted in enumerate(one.inputs):
        for name in (n for n in wanted.columns if n in COLUMNS and n not in {"price", "close", "interval_hours"}):
            rows = tables(one)
            rows[place] = rows[place].with_columns(pl.lit(0.0).alias(name))
            values = compute(one, rows).select(output.name for output in one.outputs).cast(pl.Float64)
            assert not any(column.is_nan().any() or column.is_infinite().any() for column in values), name


@EACH
@pytest.mark.parametrize("height", [0, 1, 2])
def test_hardly_any_rows_give_hardly_any_values_and_no_error(one: Indicator, height: int) -> None:
    found = compute(one, [frame.head(height) for frame in tables(one)])
    assert found.height <= height
    assert {output.name for output in one.outputs} <= set(found.columns)
    ranks = [output.name for output in one.outputs if output.unit in {"percentile", "standard deviations"}]
    assert all(found[name].null_count() == found.height for name in ranks)
