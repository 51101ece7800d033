"""Answers for a price, losses of the structural model's variants, and the page and log that a run leaves."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from forecast.histories import DAY, START, history
from pipeline.daily_lakes import daily_lake
from runout.cli.main import app
from runout.errors import NotEnoughDataError, UsageError
from runout.forecast.features import evidence_of
from runout.lake import Lake
from runout.pipeline.forecasts import answer_level, read_past
from runout.scores import PairedDifference, paired_difference
from studies.forecast.registry import ISSUED, REFERENCE, WITH_STRUCTURAL
from studies.structural.pages import LOG, PAGE, write_structural_pages
from studies.structural.study import (
    FAMILIES,
    VARIANTS,
    Comparison,
    ConditionComparison,
    StructuralReport,
    WorldScore,
    walked_losses,
    world_of,
)

pytestmark = pytest.mark.xdist_group("structural")

DAYS = 470
AT = START + DAYS * DAY + DAY // 2


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return daily_lake(tmp_path_factory.mktemp("structural") / "lake", days=DAYS)


@pytest.fixture(scope="module")
def last(lake: Lake) -> float:
    past = read_past(lake, AT)
    return float(past.history.close[-1, past.history.coins.index("BTC")])


def test_a_price_below_or_above_is_answered_and_the_farther_one_is_the_more_dangerous(lake: Lake, last: float) -> None:
    near, far, above = (answer_level(lake, "BTC", AT, last * part) for part in (0.98, 0.9, 1.1))
    assert near.last_usd == pytest.approx(last)
    assert (near.start, near.end) == (START + DAYS * DAY, START + (DAYS + 1) * DAY)
    chances = [answer.measured[0].probability for answer in (near, far)]
    assert chances[0] < chances[1]
    assert len(far.headline) == 5
    assert above.measured[0].probability > 0.0
    assert "structural model" in far.basis


def test_prices_that_say_nothing_are_refused(lake: Lake, last: float) -> None:
    for wrong in (0.0, -1.0, last):
        with pytest.raises(UsageError, match="expected a price above zero other than the last close"):
            answer_level(lake, "BTC", AT, wrong)
    with pytest.raises(UsageError, match="expected a coin with daily prices"):
        answer_level(lake, "NONE", AT, 1.0)
    with pytest.raises(NotEnoughDataError, match="ask for a smaller move"):
        answer_level(lake, "BTC", AT, last * 1e-3)


def test_the_command_says_it_in_text_and_json(lake: Lake, last: float, capsys: pytest.CaptureFixture[str]) -> None:
    when = "2022-04-16T12:00Z"
    arguments = ["forecast", "BTC", "--at", when, "--to", f"{last * 0.9:.2f}", "--lake", lake.root]
    assert not app(arguments, result_action="return_value")
    said = capsys.readouterr().out
    assert "if BTC gets to" in said
    assert "a condition is not a cause" in said
    assert not app([*arguments, "--format", "json"], result_action="return_value")
    assert json.loads(capsys.readouterr().out)["coin"] == "BTC"


def test_every_variant_is_told_alone_and_in_the_pool() -> None:
    found = walked_losses(evidence_of(history(460, coins=("BTC",))), range(440, 452), 1e8, refit_days=12)
    assert list(found) == [REFERENCE, ISSUED, *(name for one in VARIANTS for name in (one, f"{ISSUED} + {one}"))]
    assert WITH_STRUCTURAL in found
    for losses in found.values():
        assert losses.crps.shape == losses.log.shape == losses.brier.shape == (12,)
        assert (losses.crps >= 0).all()
        assert ((losses.brier >= 0) & (losses.brier <= 1)).all()


def test_worlds_take_families_in_turn_and_a_seed_each() -> None:
    worlds = [world_of(number) for number in range(20)]
    assert len({world.seed for world in worlds}) == 20
    assert [world.family for world in worlds[:6]] == list(FAMILIES)
    assert len({world.scenario for world in worlds}) == 3


# -- pages ------------------------------------------------------------------------------------------------------------


def difference(mean: float) -> PairedDifference:
    losses = np.full(30, mean)
    return paired_difference(losses, np.zeros(30), block_length=5, rng=np.random.default_rng(0), resamples=50)


def compared(model: str, against: str) -> Comparison:
    return Comparison(
        model=model, against=against, days=30, crps=0.31, log=0.82, brier=0.029, crps_difference=difference(-0.003),
        log_difference=difference(-0.01), brier_difference=difference(0.0001),
    )  # fmt: skip


def report() -> StructuralReport:
    rows = (compared(ISSUED, REFERENCE), compared("structural", ISSUED), compared(WITH_STRUCTURAL, ISSUED))
    condition = ConditionComparison(
        move=0.05, period="2022 to 2024", days=30, only_model=0, counted_log=0.84, model_log=0.57, counted_brier=0.17,
        model_brier=float("nan"), log_difference=difference(-0.27), only_model_log=None,
    )  # fmt: skip
    return StructuralReport(
        scope="made-up market", fingerprint="f" * 8, real={"2022 to 2024": rows}, conditions=(condition,),
        synthetic=rows, worlds=(WorldScore(name="calm, seed 1", days=30, crps_difference=-0.002),),
    )  # fmt: skip


def test_the_page_and_the_log_hold_what_was_found(tmp_path: Path) -> None:
    written = write_structural_pages(report(), tmp_path, run_time=START, commit="abc1234")
    assert [path.name for path in written] == [PAGE, LOG]
    page = written[0].read_text()
    assert "−0.0030 [−0.0030, −0.0030]" in page
    assert "| 5% | 2022 to 2024 | 30 + 0 | 0.840 | 0.570 | −0.270" in page
    assert "In 1 of 1 the CRPS" in page
    lines = [json.loads(line) for line in written[1].read_text().splitlines()]
    assert [line["period"]["name"] for line in lines] == ["2022 to 2024", "synthetic worlds"]
    assert lines[0]["scores"][WITH_STRUCTURAL]["crps_difference"][0] == pytest.approx(-0.003)


def test_without_worlds_the_page_is_silent_about_them(tmp_path: Path) -> None:
    alone = msgspec.structs.replace(report(), synthetic=(), worlds=())
    assert "Synthetic" not in write_structural_pages(alone, tmp_path, run_time=0, commit="x")[0].read_text()
