"""Quality tests of venue open interest: a planted fault fails its test, sound venues pass, real ones are told."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from runout.clock import NANOSECONDS_PER_HOUR, parse_time
from runout.coverage.core_venues import BOUNDS, core_set, venue_tests
from runout.errors import SchemaError
from runout.sources.protocol import Document
from runout.sources.registry import source_of

STEP = 4 * NANOSECONDS_PER_HOUR
START = parse_time("2025-05-15")
ROWS = 400
LATE = START + (ROWS + 1) * STEP
SOUND = ("alpha", "beta", "gamma", "delta", "epsilon")


def market(seed=3, rows=ROWS):
    """Return rows of sound venues: coins share a part, two of them are margined in coin."""
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 0.008, rows)
    price = 1e5 * np.exp(np.cumsum(returns))
    shared = rng.normal(0, 0.008, rows)
    times = START + STEP * np.arange(rows, dtype=np.int64)
    frames = []
    for i, venue in enumerate(SOUND):
        follows = 0.2 if i < 2 else 1.0
        coins = np.cumsum(shared + rng.normal(0, 0.006, rows) - (1 - follows) * returns)
        usd = 1e9 * (i + 1) * np.exp(coins) * price / 1e5
        frames.append(frame(venue, times, usd, price))
    return pl.concat(frames)


def frame(venue, times, usd, price):
    return pl.DataFrame(
        {"venue": venue, "event_time": times, "known_time": times, "open_interest_usd": usd, "price": price}
    )


def with_venue(rows, change):
    """Return the market with one more venue, made from a sound one by ``change(usd, price, rng)``."""
    like = rows.filter(pl.col("venue") == "gamma")
    usd, price = like["open_interest_usd"].to_numpy(), like["price"].to_numpy()
    made = change(usd.copy(), price, np.random.default_rng(5))
    return pl.concat([rows, frame("odd", like["event_time"].to_numpy(), made, price)])


def failed(rows, venue="odd", at=LATE, **more):
    return {t.test for t in venue_tests(rows, at=at, **more) if t.venue == venue and t.verdict == "fail"}


def jumpy(usd, price, rng):
    places = rng.choice(len(usd), 30, replace=False)
    return usd * np.exp(np.cumsum(np.where(np.isin(np.arange(len(usd)), places), rng.choice([-0.2, 0.2], len(usd)), 0)))


FAULTS = {
    "relation": lambda usd, price, rng: 1e9 * np.exp(np.cumsum(rng.normal(0, 0.008, len(usd)))) * price / 1e5,
    "price": lambda usd, price, _rng: usd * (price / 1e5) ** 3,
    "noise": lambda usd, _price, rng: usd * np.exp(rng.normal(0, 0.045, len(usd))),
    "jumps": jumpy,
    "stillness": lambda usd, price, _rng: np.repeat(usd[::6] / price[::6], 6)[: len(usd)] * price,
    "repeats": lambda usd, _price, _rng: np.repeat(usd[::2], 2)[: len(usd)],
}


def test_sound_venues_fail_nothing():
    tests = venue_tests(market(), at=LATE)
    assert [t for t in tests if t.verdict == "fail"] == []
    assert core_set(tests) == tuple(sorted(SOUND))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_fails_its_test_and_spoils_no_other_venue(fault):
    rows = with_venue(market(), FAULTS[fault])
    assert fault in failed(rows)
    tests = venue_tests(rows, at=LATE)
    assert core_set(tests) == tuple(sorted(SOUND))


def test_dollar_contracts_that_ignore_the_price_are_sound():
    rows = with_venue(market(), lambda usd, price, _rng: usd / price * 1e5)
    assert failed(rows) == set()


def test_a_change_beyond_what_was_traded_fails():
    turnover = pl.DataFrame(
        {"venue": ["alpha", "beta"], "known_time": [START, START], "change_usd": [-9e8, 9e8], "volume_usd": [1e9, 8e8]}
    )
    rows = market()
    assert failed(rows, "beta", turnover=turnover) == {"volume"}
    assert failed(rows, "alpha", turnover=turnover) == set()
    assert "beta" not in core_set(venue_tests(rows, at=LATE, turnover=turnover))
    assert "gamma" in core_set(venue_tests(rows, at=LATE, turnover=turnover))


def test_a_young_venue_is_untested_and_not_in_the_core():
    rows = market()
    young = rows.filter((pl.col("venue") != "alpha") | (pl.col("event_time") >= LATE - 100 * STEP))
    tests = venue_tests(young, at=LATE)
    assert {t.verdict for t in tests if t.venue == "alpha"} == {"untested"}
    assert "alpha" not in core_set(tests)


def test_the_rank_correlation_is_that_of_scipy():
    rows = market()
    found = next(t for t in venue_tests(rows, at=LATE) if (t.venue, t.test) == ("alpha", "relation"))
    wide = rows.pivot("venue", index="event_time", values="open_interest_usd").sort("event_time")
    price = np.log(rows.filter(pl.col("venue") == "alpha").sort("event_time")["price"].to_numpy())
    steps = {v: np.diff(np.log(wide[v].to_numpy()) - price) for v in SOUND}
    others = np.median([steps[v] for v in SOUND if v != "alpha"], axis=0)
    assert found.value == pytest.approx(stats.spearmanr(steps["alpha"], others).statistic)
    assert found.steps == ROWS - 1


@given(cut=st.integers(200, ROWS - 1), factor=st.floats(0.01, 100.0))
def test_rows_known_later_change_nothing(cut, factor):
    rows = market()
    at = START + cut * STEP
    later = pl.col("known_time") > at
    spoilt = rows.with_columns(
        pl.when(later).then(pl.col("open_interest_usd") * factor).otherwise(pl.col("open_interest_usd"))
    )
    assert venue_tests(spoilt, at=at) == venue_tests(rows, at=at)
    assert venue_tests(rows.filter(~later), at=at) == venue_tests(rows, at=at)


@given(seed=st.integers(0, 1000))
def test_the_order_of_the_rows_changes_nothing(seed):
    rows = market()
    assert venue_tests(rows.sample(fraction=1.0, shuffle=True, seed=seed), at=LATE) == venue_tests(rows, at=LATE)


def test_a_missing_row_is_no_step_of_twice_the_length():
    rows = market()
    hole = START + 50 * STEP
    holed = rows.filter(pl.col("event_time") != hole)
    assert {t.steps for t in venue_tests(holed, at=LATE) if t.test == "noise"} == {ROWS - 3}


def test_two_series_of_one_venue_are_refused():
    rows = market()
    with pytest.raises(SchemaError, match="one series a venue"):
        venue_tests(pl.concat([rows, rows]), at=LATE)
    with pytest.raises(SchemaError, match="price"):
        venue_tests(rows.drop("price"), at=LATE)


def test_nothing_known_tests_nothing():
    assert venue_tests(market(), at=START - 1) == []
    assert core_set([]) == ()


def test_every_bound_says_why():
    assert len({bound.test for bound in BOUNDS}) == len(BOUNDS)
    assert all(bound.reason and bound.low <= bound.high for bound in BOUNDS)


# -- the real venues


@pytest.fixture(scope="module")
def real(real_data):
    name = "futures_openInterest_exchange_history_chart_BTC__4h.parquet"
    document = Document(name=name, data=(real_data / "coinglass-4h-felipe" / name).read_bytes())
    made = source_of("coinglass").normalise(document, now=parse_time("2026-01-01"))
    venue = {s.series: s.venues[0] for s in made.series}
    return made.tables["open_interest"].with_columns(venue=pl.col("series").replace_strict(venue))


@pytest.mark.real
def test_what_the_real_venues_showed_by_18_august_2025(real):
    tests = venue_tests(real, at=parse_time("2025-08-18T12:00Z"))
    faults = {}
    for test in tests:
        if test.verdict == "fail":
            faults.setdefault(test.venue, set()).add(test.test)
    assert faults["bingx"] == {"relation", "noise", "jumps"}
    assert faults["mexc"] == {"jumps"}
    assert faults["cme"] == {"stillness"}
    assert "gate" not in faults
    core = core_set(tests)
    assert {"binance", "bybit", "okx", "bitget", "gate"} <= set(core)
    assert not {"bingx", "mexc", "hyperliquid", "bitfinex", "cme"} & set(core)


@pytest.mark.real
def test_the_core_before_august_is_known_from_rows_before_august_alone(real):
    august = parse_time("2025-08-01")
    assert venue_tests(real.filter(pl.col("known_time") <= august), at=august) == venue_tests(real, at=august)
