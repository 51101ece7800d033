"""A price that collapses by orders of magnitude, and a print far off: the map stays sane, the bulletin says why."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.perpetual_lakes import DAYS, FIRST, WARM_DAYS, collapsed_lake, perpetual_lake, with_print
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.liquidation_map.ladder import FARTHEST, require_open_interest, table
from runout.pipeline.build_map import liquidation_map
from runout.pipeline.bulletin_inputs import issue
from runout.pipeline.derive import compute
from runout.render.map import pictures
from runout.render.map.labels import foot

END = FIRST + (WARM_DAYS + DAYS) * NANOSECONDS_PER_DAY
PRINT = END - 2 * NANOSECONDS_PER_DAY


@pytest.fixture(scope="module")
def collapsed(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return collapsed_lake(tmp_path_factory.mktemp("collapsed"))


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return perpetual_lake(tmp_path_factory.mktemp("calm") / "lake")


@pytest.mark.parametrize("hours_before", [90, 48, 13, 0])
def test_through_a_collapse_levels_stay_near_the_price_and_within_the_open_interest(
    collapsed: Lake, hours_before: int
) -> None:
    made = liquidation_map(collapsed, "BTC", END - hours_before * NANOSECONDS_PER_HOUR)
    open_usd = made.open_interest_base * made.price
    for one in made.clusters:
        assert (one.low < made.price) if one.side == "long" else (one.high > made.price)
        assert -0.5 <= one.distance <= 0.0 if one.side == "long" else 0.0 <= one.distance <= FARTHEST
        assert one.total.usd <= open_usd * (1.0 if one.side == "long" else FARTHEST)
    assert made.ladder.edges[0] > 0.0
    assert np.diff(made.ladder.edges).max() < 0.02 * made.price
    assert made.ladder.total_usd("long").sum() <= open_usd
    assert pictures.svg(made, "heatmap")


def test_more_liquidations_than_open_interest_are_refused(calm: Lake) -> None:
    made = liquidation_map(calm, "BTC", END)
    with pytest.raises(NotEnoughDataError, match="compare the units of open interest and liquidations"):
        require_open_interest(made.ladder, made.open_interest_base / 1e6)


def test_a_print_far_off_changes_no_map_and_is_named(calm: Lake, tmp_path: Path) -> None:
    wrong = with_print(calm, tmp_path / "wrong", PRINT, 8.0)
    without, made = (liquidation_map(lake, "BTC", END) for lake in (calm, wrong))
    assert made.ladder.edges[-1] < 1.2 * made.candles["close"].to_numpy().max()
    assert len(table(made.ladder)) == pytest.approx(len(table(without.ladder)), rel=0.05)
    assert "1 irregular bars: print far off." in foot(made)
    assert foot(without)[:3] == foot(made)[:3]


def test_a_print_far_off_is_in_no_headline_and_the_bulletin_says_so(calm: Lake, tmp_path: Path) -> None:
    lakes = [with_print(calm, tmp_path / str(factor), PRINT, factor) for factor in (1.0, 8.0)]
    for lake in lakes:
        compute(lake)
    true, made = (issue(lake, "BTC", END) for lake in lakes)
    assert true.headline == made.headline
    assert not [words for words in true.missing if "prints" in words]
    [said] = [words for words in made.missing if "prints" in words]
    assert "far from its open" in said
