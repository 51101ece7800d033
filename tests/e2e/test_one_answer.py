"""Two commands never give two answers to one question."""

import random

import polars as pl
import pytest

from e2e.one_answer import require_one_answer
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, parse_time
from runout.lake import Lake
from runout.pipeline.derive import compute
from synthetic.worlds import START, market, world

FOUR_HOURS = 4 * NANOSECONDS_PER_HOUR
DAYS = 70


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    published, _ = market(world(days=DAYS, coins=1))
    lake = Lake(tmp_path_factory.mktemp("one-answer") / "lake")
    mine = [(one, rows) for one, rows in published.values() if one.coin == "BTC" and one.step]
    lake.register([one for one, _ in mine])
    for kind in {one.kind for one, _ in mine}:
        lake.append(kind, pl.concat([rows for one, rows in mine if one.kind == kind]))
    compute(lake)
    return lake


@pytest.mark.xdist_group("one-answer")
@pytest.mark.parametrize("back", [0, 13])
def test_bulletin_map_whatif_and_python_agree_on_a_synthetic_market(
    synthetic: Lake, back: int, capsys: pytest.CaptureFixture[str]
) -> None:
    moment = START + DAYS * NANOSECONDS_PER_DAY - back * FOUR_HOURS
    require_one_answer(capsys, synthetic, moment, forecast=False)


@pytest.mark.real
@pytest.mark.parametrize("seed", range(4))
def test_bulletin_forecast_map_whatif_and_python_agree_at_random_moments(
    real_lake: Lake, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    first, last = parse_time("2025-03-01"), parse_time("2025-08-31")
    moment = first + random.Random(seed).randrange((last - first) // FOUR_HOURS) * FOUR_HOURS  # noqa: S311 - not secret
    require_one_answer(capsys, real_lake, moment, forecast=True)
