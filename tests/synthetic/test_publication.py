"""What a world publishes: declared records, labelled synthetic, in agreement with each other and with the truth."""

import numpy as np
import polars as pl
import pytest

from runout.records import KINDS, fingerprint
from runout.records.schema import fault_of_each_row
from runout.synthetic.prices import FLUSH_DAYS_BEFORE_END, FLUSH_HOUR
from runout.synthetic.publication import SIZE_TAIL, share_shown
from runout.synthetic.world import VENUES, Venue
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
        assert one.feed == "simulation: flush, 40 days, seed 7"
        assert "synthetic market" in one.scope()
        assert name == one.series
        assert table["series"].unique().to_list() == [one.series]
    kinds = {one.kind for one, _ in published.values()}
    assert kinds == {
        "bars", "open_interest", "funding", "positioning", "liquidations", "taker_flow", "depth", "premium",
        "market_caps", "reserves",
    }  # fmt: skip


def test_every_series_has_each_of_its_steps_to_the_last_moment() -> None:
    for name, (one, table) in market(WORLD)[0].items():
        times = table["event_time"].unique().sort().to_numpy()
        assert (np.diff(times) == one.step).all(), name
        assert times[-1] == START + WORLD.days * DAY, name
        assert (table["known_time"] == table["event_time"]).all()


@pytest.mark.parametrize("step", ["4h", "1d"])
def test_published_open_interest_changes_by_less_than_was_traded(step: str) -> None:
    traded = rows(WORLD, f"bars/BTC/synth-a-perpetual/{step}")
    everywhere = traded["volume_base"] / VENUES[0].share
    coins = rows(WORLD, f"open_interest/BTC/all/{step}")["open_interest_usd"] / traded["close"]
    assert (coins.diff().abs().drop_nulls() <= everywhere[1:]).all()


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
    assert share_shown(np.array([rate]))[0] == pytest.approx(largest / (rate * mean_size), rel=1e-4)


def test_the_share_shown_is_that_of_the_notes_on_capped_feeds() -> None:
    assert share_shown(np.array([0.0, 1.0, 10.0, 100.0])) == pytest.approx([1.0, 0.81, 0.41, 0.19], abs=0.006)


def true_usd(of: str, side: str, step: int) -> np.ndarray:
    """Return forced closes of all venues in dollars at the end of their hour, summed over steps."""
    truth = market(WORLD)[1]["forced_closes"].filter(pl.col("coin") == of, pl.col("liquidated_side") == side)
    hourly = truth.group_by("event_time").agg(pl.col("quantity_base").sum()).sort("event_time")
    price = rows(WORLD, f"bars/{of}/synth-a-perpetual/5m").filter(pl.col("event_time") % HOUR == 0)["close"]
    return (hourly["quantity_base"].to_numpy() * price.to_numpy()).reshape(-1, step // HOUR).sum(axis=1)


@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize(("venues", "step"), [(VENUES[:1], 4), (VENUES[:3], 24)])
def test_published_liquidations_never_exceed_the_truth_and_fall_shortest_where_it_is_greatest(
    side: str, venues: tuple[Venue, ...], step: int
) -> None:
    name = f"liquidations/BTC/{'+'.join(v.name for v in venues)}/{'4h' if step == 4 else '1d'}"
    shown = rows(WORLD, name).filter(pl.col("liquidated_side") == side)["value_usd"].to_numpy()
    truth = true_usd("BTC", side, step * HOUR) * sum(venue.share for venue in venues)
    assert (shown <= truth * (1 + 1e-9)).all()
    busy = truth > 0
    share = shown[busy] / truth[busy]
    assert share[np.argmax(truth[busy])] < np.median(share)


def test_a_venue_without_a_cap_publishes_every_forced_close() -> None:
    open_venue = Venue(name="synth-open", share=1.0, capped=False)
    full = world(days=30, coins=1, venues=(open_venue, *VENUES[1:3]))
    truth = market(full)[1]["forced_closes"].filter(pl.col("liquidated_side") == "long")
    hourly = truth.group_by("event_time").agg(pl.col("quantity_base").sum()).sort("event_time")
    price = rows(full, "bars/BTC/synth-open-perpetual/5m").filter(pl.col("event_time") % HOUR == 0)["close"]
    wanted = (hourly["quantity_base"].to_numpy() * price.to_numpy()).reshape(-1, 4).sum(axis=1)
    shown = rows(full, "liquidations/BTC/synth-open/4h").filter(pl.col("liquidated_side") == "long")["value_usd"]
    np.testing.assert_allclose(shown, wanted, rtol=1e-9)


def test_the_flush_is_a_fall_of_three_percent_in_a_day_with_long_liquidations_in_their_top_twentieth() -> None:
    start = START + (WORLD.days - FLUSH_DAYS_BEFORE_END) * DAY + FLUSH_HOUR * HOUR
    day = rows(WORLD, "bars/BTC/synth-a-perpetual/5m").filter(pl.col("event_time").is_between(start, start + DAY))
    assert day["low"].min() / day["open"][0] - 1 <= -0.03
    forced = rows(WORLD, "liquidations/BTC/synth-a/4h").filter(pl.col("liquidated_side") == "long")
    trailing = forced.with_columns(pl.col("value_usd").rolling_sum(6)).drop_nulls("value_usd")
    worst = trailing.filter(pl.col("event_time").is_between(start, start + DAY))["value_usd"].max()
    assert (trailing["value_usd"] < worst).mean() >= 0.95


def test_a_calm_world_has_no_scripted_fall() -> None:
    calm = rows(world(scenario="calm"), "bars/BTC/synth-a-perpetual/4h")
    flush = rows(WORLD, "bars/BTC/synth-a-perpetual/4h")
    start = START + (WORLD.days - FLUSH_DAYS_BEFORE_END) * DAY + FLUSH_HOUR // 4 * 4 * HOUR
    before = pl.col("event_time") <= start
    assert calm.filter(before).equals(flush.filter(before))
    after = calm.filter(~before)["close"][0], flush.filter(~before)["close"][0]
    assert after[1] < 0.95 * after[0]


def test_dominance_and_the_rest_of_the_market_agree() -> None:
    lead, rest = rows(WORLD, "market_caps/BTC/all/1d"), rows(WORLD, "market_caps/TOTAL2/all/1d")
    total = lead["market_cap_usd"] + rest["market_cap_usd"]
    np.testing.assert_allclose(lead["dominance"], lead["market_cap_usd"] / total, rtol=1e-12)
