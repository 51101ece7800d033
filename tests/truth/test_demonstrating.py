"""What the demo says is true beside what it infers."""

from pathlib import Path

import pytest

from runout.errors import NotEnoughDataError
from runout.jobs.demonstrating import Compared, compare, page
from runout.jobs.synthesizing import END, synthesize
from runout.lake import Lake


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Compared, ...]:
    lake = Lake(tmp_path_factory.mktemp("demo") / "lake")
    synthesize(lake, scenario="flush", days=56, seed=7, traders=2_000)
    return compare(lake, "BTC", END)


def test_every_section_has_inferred_and_true_figures(found: tuple[Compared, ...]) -> None:
    assert len({one.section for one in found}) == 4
    assert all(one.true >= 0.0 and one.inferred >= 0.0 for one in found)
    busiest = next(one for one in found if "busiest" in one.what)
    assert busiest.what.startswith("2025-08-28")
    assert busiest.shown is not None
    assert busiest.shown <= busiest.inferred
    assert busiest.shown < busiest.true


def test_shares_of_a_side_sum_to_one(found: tuple[Compared, ...]) -> None:
    longs = [one for one in found if one.unit == "share" and one.what.startswith("longs")]
    assert sum(one.inferred for one in longs) == pytest.approx(1.0)
    assert sum(one.true for one in longs) == pytest.approx(1.0)


def test_the_page_says_that_the_market_is_made_up(found: tuple[Compared, ...]) -> None:
    text = page(found, "flush")
    assert text.startswith("# SYNTHETIC")
    assert text.count("| as venues show it |") == 4
    assert "observed anywhere" in text


def test_a_lake_without_its_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotEnoughDataError, match="truth"):
        compare(Lake(tmp_path / "lake"), "BTC", END)
