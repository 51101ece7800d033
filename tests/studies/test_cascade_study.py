"""Scoring the cascade: the falls as they were fixed, worlds and their true ladders, report and pages."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from runout.cascade.depth import Band
from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.lake import Lake
from studies.cascade import events, worlds
from studies.cascade.pages import earlier_runs, write_cascade_pages
from studies.cascade.real import Asked, Given, Issued
from studies.cascade.study import report_of
from studies.cascade.worlds import Slid
from studies.truth.design import Case
from studies.truth.worlds import make


def test_the_falls_that_were_fixed() -> None:
    falls = events.frozen()
    counts = {kind: sum(one.kind == kind for one in falls) for kind in ("flush", "plain fall", "grid", "14 August")}
    assert counts == {"flush": 18, "plain fall": 18, "grid": 39, "14 August": 13}
    assert all(one.origin % events.MARK == 0 and one.origin < one.end for one in falls)


@pytest.mark.real
def test_the_lake_gives_the_falls_that_were_fixed() -> None:
    folder = Path(__file__).parents[2] / "lakes" / "real"
    if not folder.exists():
        pytest.skip("needs the computed lake lakes/real; make real")
    assert events.derived(Lake.open(str(folder))) == events.frozen()


def test_scripted_moves_that_follow_closely_are_one_slide() -> None:
    assert [len(worlds.scripted(name)) for name in worlds.SCENARIOS] == [1, 2, 1, 1]
    assert [len(one) for one in worlds.scripted("systemic")] == [2]


def test_true_positions_at_a_midnight_are_those_of_the_truth() -> None:
    made = make(Case(scenario="flush", family="mixed", seed=3, days=31, traders=1000), worlds.KINDS)
    day = 26
    at = made.moment(day)
    held = worlds.positions_at(made, at).sort("account")
    # The day before and every change since must give the positions of that midnight's own table.
    truth = made.truth["positions"]
    same = truth.filter((truth["day"] == day) & (truth["venue"] == worlds.VENUE)).sort("account")
    assert held["account"].to_list() == same["account"].to_list()
    np.testing.assert_allclose(held["size"].to_numpy(), same["size"].to_numpy())


def _asked(kind: events.Kind, number: int, came: float) -> Asked:
    at = parse_time("2025-03-01") + 20 * number * NANOSECONDS_PER_DAY
    fall = events.Fall(kind=kind, coin="BTC", origin=at, eve=at, end=at + NANOSECONDS_PER_DAY)
    band = Band(1e7, 2e7, 4e7)
    ways = ("ending there", "share 0.75", "share 1", "share 1, no feedback", "regression")
    issued = ("share 0.75", "climatology")
    return Asked(
        fall=fall, price=1e5, move=0.05, realised_usd=came, day_move=0.05, day_usd=came, depth_usd=2e8,
        given=tuple(Given(name=one, band=band) for one in ways),
        issued=tuple(Issued(name=one, band=band, position=0.5, loss=0.1) for one in issued),
    )  # fmt: skip


def _slid(seed: int, forced: float) -> Slid:
    ways = (
        "cascade", "cascade at once", "map without feedback", "true positions, cascade",
        "true positions, cascade at once", "true positions, without feedback",
    )  # fmt: skip
    return Slid(
        scenario="flush", family="mixed", seed=seed, at=seed, shock=0.05 + 0.001 * seed, move=0.06,
        exogenous_usd=0.9 * forced, endogenous_usd=0.1 * forced, reported_usd=forced / 2, closes=9,
        given=tuple(Given(name=one, band=Band(5e7, 1e8, 2e8)) for one in ways),
    )  # fmt: skip


def test_report_and_pages(tmp_path: Path) -> None:
    kinds: tuple[events.Kind, ...] = ("flush", "plain fall", "grid", "14 August")
    asked = [_asked(kind, number, 1e7 * (number + 1)) for kind in kinds for number in range(6)]
    slid = [_slid(seed, 1e8 * seed) for seed in range(1, 8)]
    report = report_of(asked, slid, "of a test")
    found = next(one.found for one in report.given if (one.group, one.way) == ("flushes, BTC", "ending there"))
    assert (found.cases, found.inside.frequency) == (6, pytest.approx(4 / 6))
    page, figure, log = write_cascade_pages(report, tmp_path, run_time=0, commit="0000000")
    text = page.read_text(encoding="utf-8")
    assert "scored run 1;" in text
    assert "**not reached**" in text
    assert "14 August 2025 in full" in text
    assert figure.read_text(encoding="utf-8").startswith("<?xml")
    lines = [msgspec.json.decode(line) for line in log.read_bytes().splitlines()]
    assert [one["configuration"]["part"] for one in lines] == ["given the low", "issued before", "synthetic slides"]
    assert earlier_runs(log) == 1


def test_without_worlds_only_the_falls_are_told(tmp_path: Path) -> None:
    report = report_of([_asked("flush", 1, 1e7), _asked("plain fall", 2, 0.0)], [])
    text = write_cascade_pages(report, tmp_path, run_time=0, commit="0000000")[0].read_text(encoding="utf-8")
    assert "Synthetic" not in text
