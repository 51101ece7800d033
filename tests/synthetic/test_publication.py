"""What a world publishes: declared records, labelled synthetic, in agreement with each other and with the truth."""

import numpy as np
import polars as pl
import pytest

from runout.records import KINDS, fingerprint
from runout.records.schema import fault_of_each_row
from runout.synthetic.feeds import EVENT_DAYS, SIZE_TAIL, share_shown
from runout.synthetic.scenarios import DAYS_BEFORE_END, HOUR_OF_DAY
from runout.synthetic.world import VENUES, Feed, Venue, World
from synthetic.worlds import DAY, START, market, rows, world

WORLD = world()
HOUR = DAY // 24


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    def prints(seed: int) -> dict[str, str]:
        market.cache_clear()
        published, truth = market(world(days=30, seed=seed))
        truths = {name: str(table.hash_rows().sum()) for name, table in truth.items()}
        return truths | {name: fingerprint(table, KINDS[one.kind]) for name, (one, table) in published.items()}

    first = prints(1)
    assert first == prints(1)
    assert not set(first.values()) & set(prints(2).values())


def test_a_coin_s_fate_does_not_depend_on_which_other_coins_are_simulated() -> None:
    alone, together = world(days=30, coins=1), world(days=30, coins=2)
    name = "open_interest/BTC/all/1d"
    assert rows(alone, name).equals(rows(together, name))


def test_every_row_conforms_to_its_schema() -> None:
    for name, (one, table) in market(WORLD)[0].items():
        schema = KINDS[one.kind]
        assert table.schema == schema.dtypes, name
        faults = table.select(fault_of_each_row(schema).alias("fault")).drop_nulls()
        assert faults.is_empty(), (name, faults["fault"][0])
        assert table.select(schema.key).is_duplicated().sum() == 0


def test_every_series_is_labelled_synthetic_and_says_so_in_its_scope() -> None:
    published = market(WORLD)[0]
    for name, (one, table) in published.items():
        assert one.synthetic
        assert one.provider == "synthetic"
        assert "no figure here was observed" in one.note
        assert one.feed == "simulation: flush, 1600 traders, 40 days, seed 7"
        assert "synthetic market" in one.scope()
        assert name == one.series
        assert set(table["series"]) == ({one.series} if len(table) else set())
    kinds = {one.kind for one, _ in published.values()}
    assert kinds == {
        "bars", "open_interest", "funding", "positioning", "liquidations", "taker_flow", "depth", "premium",
        "market_caps", "reserves",
    }  # fmt: skip


def test_every_series_has_each_of_its_steps_to_the_last_moment() -> None:
    for name, (one, table) in market(WORLD)[0].items():
        if one.step == 0:
            continue  # single events
        times = table["event_time"].unique().sort().to_numpy()
        assert (np.diff(times) == one.step).all(), name
        assert times[-1] == START + WORLD.days * DAY, name
        assert (table["known_time"] == table["event_time"]).all()


def test_a_venue_s_open_interest_changes_by_less_than_it_traded() -> None:
    traded = rows(WORLD, "bars/BTC/synth-a-perpetual/4h")["volume_base"]
    mine = rows(WORLD, "open_interest/BTC/synth-a/4h")["open_interest_base"]
    assert (mine.diff().abs().drop_nulls() <= traded[1:]).all()


def test_venues_sum_to_all_venues() -> None:
    parts = [rows(WORLD, f"open_interest/BTC/{venue.name}/4h")["open_interest_usd"].to_numpy() for venue in VENUES]
    whole = rows(WORLD, "open_interest/BTC/all/4h")["open_interest_usd"].to_numpy()
    np.testing.assert_allclose(np.sum(parts, axis=0), whole, rtol=1e-12)


def test_bars_of_every_step_and_taker_flow_tell_of_the_same_trades() -> None:
    names = ("volume_base", "volume_usd", "taker_buy_base", "taker_buy_usd")
    for market_name in ("perpetual", "spot"):
        fine = rows(WORLD, f"bars/BTC/synth-a-{market_name}/5m")
        four = rows(WORLD, f"bars/BTC/synth-a-{market_name}/4h")
        for name in names:
            np.testing.assert_allclose(fine[name].to_numpy().reshape(-1, 48).sum(axis=1), four[name], rtol=1e-9)
        assert fine["high"].to_numpy().reshape(-1, 48).max(axis=1).tolist() == four["high"].to_list()
        flow = rows(WORLD, f"taker_flow/BTC/synth-a-{market_name}/4h")
        np.testing.assert_allclose(flow["buy_usd"], four["taker_buy_usd"], rtol=1e-9)
        np.testing.assert_allclose(flow["buy_usd"] + flow["sell_usd"], four["volume_usd"], rtol=1e-9)


@pytest.mark.parametrize("rate", [0.3, 3.0, 30.0])
def test_the_share_a_capped_feed_shows_is_that_of_the_largest_of_each_second(rate: float) -> None:
    """The mean of the largest of Poisson many Pareto sizes, integrated by steps over its survival function."""
    size = np.geomspace(1e-6, 1e16, 200_001)
    survival = np.where(size < 1, 1.0, size**-SIZE_TAIL)
    largest = float(np.trapezoid(-np.expm1(-rate * survival), size))
    mean_size = SIZE_TAIL / (SIZE_TAIL - 1)
    assert share_shown("largest", np.array([rate]))[0] == pytest.approx(largest / (rate * mean_size), rel=1e-4)


def test_the_share_shown_is_that_of_the_notes_on_capped_feeds() -> None:
    shown = share_shown("largest", np.array([0.0, 1.0, 10.0, 100.0]))
    assert shown == pytest.approx([1.0, 0.81, 0.41, 0.19], abs=0.006)


def true_usd(of: World, coin: str, side: str, venues: int, step: int) -> np.ndarray:
    """Return forced closes of the first venues in dollars, by the end of their step."""
    names = [venue.name for venue in of.venues[:venues]]
    truth = market(of)[1]["liquidations"].filter(
        pl.col("coin") == coin, pl.col("liquidated_side") == side, pl.col("venue").is_in(names)
    )
    place = (truth["event_time"].to_numpy() - of.start - 1) // step
    usd = truth["quantity_base"] * truth["price"]
    return np.bincount(place, usd.to_numpy(), minlength=of.days * DAY // step)


def shown_usd(of: World, coin: str, side: str, venues: int, step: int) -> np.ndarray:
    name = f"liquidations/{coin}/{'+'.join(v.name for v in of.venues[:venues])}/{'4h' if step < DAY else '1d'}"
    return rows(of, name).filter(pl.col("liquidated_side") == side)["value_usd"].to_numpy()


@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize(("venues", "step"), [(1, 4 * HOUR), (3, DAY)])
def test_published_liquidations_add_up_to_less_than_the_truth(side: str, venues: int, step: int) -> None:
    shown, truth = shown_usd(WORLD, "BTC", side, venues, step), true_usd(WORLD, "BTC", side, venues, step)
    assert 0.1 * truth.sum() < shown.sum() < truth.sum()
    assert (np.cumsum(shown) <= np.cumsum(truth) * (1 + 1e-9)).all()


@pytest.mark.parametrize("feed", ["largest", "one"])
def test_the_share_a_capped_feed_shows_falls_with_the_rate(feed: Feed) -> None:
    assert (np.diff(share_shown(feed, np.geomspace(0.01, 1e4, 50))) < 0).all()


@pytest.mark.parametrize("feed", ["complete", "both-counterparties"])
def test_a_venue_without_a_cap_publishes_every_forced_close(feed: Feed) -> None:
    open_venue = Venue(name="synth-open", share=1.0, feed=feed)
    full = world(days=30, coins=1, venues=(open_venue, *VENUES[1:3]))
    for side in ("long", "short"):
        shown, truth = shown_usd(full, "BTC", side, 1, 4 * HOUR), true_usd(full, "BTC", side, 1, 4 * HOUR)
        assert shown.sum() == pytest.approx(truth.sum(), rel=1e-9)


def test_feeds_that_say_one_a_second_say_no_more() -> None:
    for venue, most in (("synth-a", 1), ("synth-b", 1), ("synth-c", 1000)):
        times = rows(WORLD, f"liquidations/BTC/{venue}-events/irregular")["event_time"]
        busiest = times.value_counts()["count"].max()
        assert busiest == 1 if most == 1 else busiest > 1


def test_totals_of_the_last_days_are_the_sums_of_the_single_events() -> None:
    events = rows(WORLD, "liquidations/BTC/synth-a-events/irregular")
    totals = rows(WORLD, "liquidations/BTC/synth-a/4h").filter(
        pl.col("event_time") > START + (WORLD.days - EVENT_DAYS) * DAY
    )
    assert totals["value_usd"].sum() == pytest.approx(events["value_usd"].sum(), rel=1e-9)


def test_the_largest_of_a_second_is_larger_than_any_other_one_of_it() -> None:
    largest, one = share_shown("largest", np.array([5.0])), share_shown("one", np.array([5.0]))
    assert one[0] < largest[0] < 1.0
    assert share_shown("complete", np.array([5.0]))[0] == share_shown("both-counterparties", np.array([5.0]))[0] == 1.0


def test_the_flush_is_a_fall_of_three_percent_in_a_day_with_long_liquidations_in_their_top_twentieth() -> None:
    crowded = world(traders=8000, seed=1)
    start = START + (crowded.days - DAYS_BEFORE_END) * DAY
    fine = rows(crowded, "bars/BTC/synth-a-perpetual/5m")
    hours = fine.filter(pl.col("event_time").is_between(start + HOUR_OF_DAY * HOUR, start + DAY))
    assert hours["low"].min() / hours["open"][0] - 1 <= -0.03
    daily = sum(shown_usd(crowded, coin, "long", 3, DAY) for coin in ("BTC", "ETH"))
    flush = len(daily) - DAYS_BEFORE_END
    assert (daily[:flush] < daily[flush]).mean() >= 0.95


def test_a_calm_world_has_no_scripted_fall() -> None:
    calm = rows(world(scenario="calm"), "bars/BTC/synth-a-perpetual/4h")
    flush = rows(WORLD, "bars/BTC/synth-a-perpetual/4h")
    start = START + (WORLD.days - DAYS_BEFORE_END) * DAY + HOUR_OF_DAY // 4 * 4 * HOUR
    before = pl.col("event_time") <= start
    assert calm.filter(before).equals(flush.filter(before))
    after = calm.filter(~before)["close"][0], flush.filter(~before)["close"][0]
    assert after[1] < 0.96 * after[0]


def test_dominance_and_the_rest_of_the_market_agree() -> None:
    lead, rest = rows(WORLD, "market_caps/BTC/all/1d"), rows(WORLD, "market_caps/TOTAL2/all/1d")
    total = lead["market_cap_usd"] + rest["market_cap_usd"]
    np.testing.assert_allclose(lead["dominance"], lead["market_cap_usd"] / total, rtol=1e-12)
