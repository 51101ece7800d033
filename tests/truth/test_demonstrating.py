"""What the demo says is true beside what it infers."""

from pathlib import Path

import pytest

from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.pipeline.demo import Compared, compare, page
from runout.pipeline.synthesize import END
from studies.truth.design import Case
from studies.truth.worlds import make


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Compared, ...]:
    folder = tmp_path_factory.mktemp("demo")
    made = make(Case(scenario="flush", family="mixed", seed=7, days=46, traders=6_000))
    lake = made.lake(folder / "lake")
    (folder / "lake-truth").mkdir()
    for name, table in made.truth.items():
        table.write_parquet(folder / "lake-truth" / f"{name}.parquet")
    return compare(lake, "BTC", END)


def test_every_section_has_inferred_and_true_figures(found: tuple[Compared, ...]) -> None:
    assert len({one.section for one in found}) == 4
    assert all(one.true >= 0.0 and one.inferred >= 0.0 for one in found)
    busiest = next(one for one in found if "busiest" in one.figure)
    assert busiest.shown is not None
    assert busiest.shown < min(busiest.inferred, busiest.true)


def test_shares_of_a_side_sum_to_one(found: tuple[Compared, ...]) -> None:
    longs = [one for one in found if one.unit == "share" and one.figure.startswith("longs")]
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
