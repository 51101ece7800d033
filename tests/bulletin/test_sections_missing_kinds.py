"""A lake that lacks a kind of record still gives a bulletin: without what rests on that kind, and with exit code 0."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
import pytest

from runout.cli.main import main
from runout.clock import format_time
from runout.lake import Lake
from runout.pipeline.derivations import computations
from runout.pipeline.derive import compute
from runout.pipeline.issue_bulletin import keep_snapshot, publish
from runout.records import KINDS, Series
from runout.records.kinds import DERIVED, OBSERVED
from runout.render.encoding import decode, encode
from runout.render.text import render
from synthetic.worlds import DAY, START, market, world

pytestmark = pytest.mark.xdist_group("missing-kinds")

DAYS = 100
END = START + DAYS * DAY
FINE = 4 * 3_600_000_000_000  # bars of five minutes would only cost time
SPOT = "taker_flow:spot"

RUNOUT = {"runout.down", "runout.up", "runout.reproduction"}

# What must be gone, by findings and tables, when a kind is not held; everything else must stay.
RESTS_ON: dict[str, set[str]] = {
    "funding": {"leverage.funding", "danger.problem"},
    "reserves": {"leverage.ratio"},
    "depth": {"flows.depth", *RUNOUT},
    "market_caps": {"rotation.dominance", "rotation.total2", "rotation.worst-day"},
    "premium": {"flows.coinbase-premium"},
    "positioning": {"positioning.global-accounts", "positioning.top-accounts", "positioning.top-positions"},
    SPOT: {"flows.spot-against-leverage", "flows.leverage-share", "flows.basis"},
    "liquidations": {
        "danger.measured", "liquidations.24h", "liquidations.last-day", "liquidations.worst-day",
    },
    "open_interest": {
        "leverage.level", "leverage.change.24h", "leverage.change.48h", "leverage.change.since",
        "leverage.sign-dependence", "leverage.ratio", "leverage.funding", "cycles.divergence", "cycles.deleveraging",
        "cycles.peaks",
    },
}  # fmt: skip
# Without totals of its own a lake has a level from prices alone, of all coins, with what would prove it wrong.
INSTEAD: dict[str, set[str]] = {"liquidations": {"danger.level", "danger.falsification"}}


def fill(lake: Lake, published: Iterable[tuple[Series, pl.DataFrame]], since: int = 0) -> Lake:
    mine = [(one, rows) for one, rows in published if one.coin == "BTC" and one.step >= FINE]
    held = [(one, rows.filter(pl.col("event_time") > since)) for one, rows in mine]
    lake.register([one for one, _ in held])
    for kind in {one.kind for one, _ in held}:
        lake.append(kind, pl.concat([rows for one, rows in held if one.kind == kind]))
    compute(lake)
    return lake


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    published, _ = market(world(days=DAYS, coins=2))
    lake = fill(Lake(tmp_path_factory.mktemp("whole") / "lake"), published.values())
    kept = keep_snapshot(lake, "BTC", END)
    assert min(kept["clusters"], kept["slides"]) > 0
    return lake


@pytest.fixture(scope="module")
def everything(whole: Lake) -> set[str]:
    return named(encode(publish(whole, "BTC", END)).decode())


def lacks(kind: str) -> Callable[[Series], bool]:
    if kind == SPOT:
        return lambda one: one.market == "spot" and one.kind in {"taker_flow", "bars"}
    return lambda one: one.kind == kind


def without(lake: Lake, kind: str, folder: Path) -> Lake:
    """Return the lake as if that kind had never been imported: nothing that was derived from it is left either."""
    copy, gone = lake.copy_as_of(END, folder / "lake"), lacks(kind)
    kept = [one for one in lake.series() if not gone(one)]
    named = pl.col("series").is_in([one.series for one in kept])
    for table in {schema.kind for schema in OBSERVED} | {"series"}:
        rows = copy.scan(table).filter(named).collect()
        kept_rows = rows.select(KINDS[table].names)
        copy._commit(table, lambda _, rows=kept_rows: rows, overwrite=True)
    before, possible = ({one.name: one for one in computations(series)} for series in (lake.series(), kept))
    assert all(before[name].inputs == one.inputs for name, one in possible.items()), "nothing left to compute"
    for derived in {schema.kind for schema in DERIVED}:
        lost = [one.outputs[derived] for name, one in before.items() if name not in possible and derived in one.outputs]
        if lost:
            copy.discard(derived, pl.any_horizontal(lost))
    for made_of_all in ("clusters", "swept_clusters", "slides"):
        copy.discard(made_of_all, pl.col("coin") == "BTC")
    return copy


def issued(lake: Lake, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(["bulletin", "BTC", "--lake", lake.root, "--at", format_time(END), "--format", "json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert render(decode(printed.out.encode()))
    return printed.out


def named(text: str) -> set[str]:
    """Return the names of findings, without the dates of single peaks."""
    found = {finding["name"] for section in json.loads(text)["sections"] for finding in section["findings"]}
    return {name for name in found if not name.startswith("cycles.peak.")}


def test_the_whole_lake_gives_everything_that_the_cases_take_away(
    whole: Lake, everything: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert named(issued(whole, capsys)) == everything
    assert set().union(*RESTS_ON.values()) <= everything


@pytest.mark.parametrize("kind", sorted(RESTS_ON))
def test_a_lake_without_a_kind_gives_the_rest(
    whole: Lake, everything: set[str], kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = issued(without(whole, kind, tmp_path), capsys)
    left = named(text)
    assert "price.now" in left
    assert left == (everything - RESTS_ON[kind]) | INSTEAD.get(kind, set())
    assert "NaN" not in text


def test_three_days_of_data_give_a_bulletin_that_ranks_nothing(
    whole: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published, _ = market(world(days=DAYS, coins=2))
    young = fill(Lake(tmp_path / "young"), published.values(), since=END - 3 * DAY)
    text = issued(young, capsys)
    assert {"price.now", "leverage.level", "leverage.funding", "flows.leverage-share"} <= named(text)
    assert "the 0 days held" not in text
    ranks = [
        quantity["value"]
        for section in json.loads(text)["sections"]
        for finding in section["findings"]
        for quantity in finding["evidence"]["quantities"]
        if quantity["unit"] == "percentile"
    ]
    assert ranks
    assert set(ranks) == {None}


def test_what_ended_days_ago_is_not_shown_as_the_present(whole: Lake, tmp_path: Path) -> None:
    copy = whole.copy_as_of(END, tmp_path / "lake")
    copy.forget_derived()
    for table in {schema.kind for schema in OBSERVED} - {"bars"}:
        rows = copy.scan(table).filter(pl.col("event_time") <= END - 20 * DAY).collect()
        kept_rows = rows.select(KINDS[table].names)
        copy._commit(table, lambda _, rows=kept_rows: rows, overwrite=True)
    compute(copy)
    made = publish(copy, "BTC", END)
    assert named(encode(made).decode()) & {"liquidations.24h", "leverage.level", "positioning.global-accounts"} == set()
    assert "Open interest" not in made.headline
    assert "At least" not in made.headline
    left_out = [one for one in made.missing if "(newest figure is of " in one]
    assert any("open interest" in one for one in left_out)
    assert any("liquidations" in one for one in left_out)
