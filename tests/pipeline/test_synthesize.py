"""A synthetic market in a lake: reproducible, apart from observations, its truth beside it; and the demo made of it."""

from pathlib import Path

import polars as pl
import pytest

from pipeline.test_derive import market, write
from runout.cli.bulletin import render
from runout.cli.demo import demo
from runout.cli.main import main
from runout.errors import UsageError
from runout.lake import Lake
from runout.pipeline.bulletin_inputs import issue
from runout.pipeline.derive import compute
from runout.pipeline.synthesize import END, synthesize
from runout.pipeline.verify import verify_lake
from runout.records import KINDS
from runout.synthetic import Scenario
from synthetic.worlds import market as synthetic_market
from synthetic.worlds import world

DAYS, SEED = 30, 3


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    made = Lake(tmp_path_factory.mktemp("synthetic") / "lake")
    assert synthesize(made, scenario="flush", days=DAYS, seed=SEED) > 0
    return made


def test_the_same_world_again_adds_no_row(lake: Lake) -> None:
    before = lake.fingerprint()
    assert synthesize(lake, scenario="flush", days=DAYS, seed=SEED) == 0
    assert lake.fingerprint() == before


@pytest.mark.parametrize("other", [["--seed", "4"], ["--scenario", "calm"], ["--days", "31"]])
def test_another_world_is_refused_and_changes_nothing(
    lake: Lake, other: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before, truth = lake.fingerprint(), truth_bytes(lake)
    asked = {"--scenario": "flush", "--days": str(DAYS), "--seed": str(SEED)} | dict([other])
    assert main(["synthesize", "--lake", lake.root, *(word for pair in asked.items() for word in pair)]) == 2
    assert "another folder" in capsys.readouterr().err
    assert (lake.fingerprint(), truth_bytes(lake)) == (before, truth)


def test_a_lake_with_observations_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real = Lake(tmp_path / "real")
    write(real, market(3))
    before = real.fingerprint()
    assert main(["synthesize", "--lake", real.root]) == 2
    assert "never mixed with observations" in capsys.readouterr().err
    assert real.fingerprint() == before
    assert not Path(f"{real.root}-truth").exists()


@pytest.mark.parametrize("days", [29, 3651])
def test_lengths_out_of_range_are_refused(tmp_path: Path, days: int) -> None:
    with pytest.raises(UsageError, match="expected 30 to 3650 days"):
        synthesize(Lake(tmp_path / "lake"), scenario="calm", days=days, seed=1)


def test_the_truth_stands_beside_the_lake_and_never_in_it(lake: Lake) -> None:
    root = Path(lake.root)
    beside = sorted(path.name for path in Path(f"{lake.root}-truth").iterdir())
    tables = ("changes", "forced_closes", "insurance", "liquidations", "positions")
    assert beside == [f"{name}.parquet" for name in tables]
    assert {path.name for path in root.iterdir() if not path.name.startswith(".")} <= set(KINDS)
    hidden = {"entry", "leverage", "liquidation_price", "cause", "size"}
    for path in root.rglob("*.parquet"):
        assert not hidden & set(pl.read_parquet_schema(path)), path.name
    assert hidden <= {column for name in beside for column in pl.read_parquet_schema(Path(f"{lake.root}-truth") / name)}


def test_an_audit_of_a_synthetic_lake_finds_no_fault(lake: Lake) -> None:
    found = verify_lake(lake).findings
    assert {one.check for one in found} <= {"untested"}, found  # a month is too short to test for swapped sides


@pytest.mark.parametrize(("scenario", "check"), [("outage", "gap"), ("unit-change", "unit_jump")])
def test_an_audit_finds_what_the_scenario_did_to_the_feeds_and_nothing_of_it_in_a_sound_one(
    scenario: Scenario, check: str, tmp_path: Path
) -> None:
    """No source records its own silence, so an outage is rows that are missing, not rows of ``gaps``."""
    found: dict[str, list[str]] = {}
    for name in (scenario, "flush"):
        part = Lake(tmp_path / name)
        series = synthetic_market(world(scenario=name, coins=1))[0].values()
        part.register(one for one, _ in series)
        for one, rows in series:
            part.append(one.kind, rows)
        found[name] = [one.series for one in verify_lake(part).findings if one.check == check]
    assert found["flush"] == []
    assert found[scenario]
    assert all("synth-c" in one if check == "unit_jump" else "BTC" in one for one in found[scenario])


def test_a_bulletin_of_a_synthetic_market_says_so(lake: Lake, tmp_path: Path) -> None:
    part = Lake(tmp_path / "part")
    needed = [one for one in lake.series(coin="BTC") if one.kind in {"bars", "open_interest", "liquidations"}]
    part.register(needed)
    for kind in ("bars", "open_interest", "liquidations"):
        part.append(kind, lake.as_of(kind, series=[one.series for one in needed]))
    assert compute(part) > 0
    assert "SYNTHETIC" in render(issue(part, "BTC", END), "text").upper()


@pytest.mark.study
def test_the_demo_writes_every_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    demo(lake=str(tmp_path / "lake"), out=tmp_path / "out")
    assert "This market is SYNTHETIC" in capsys.readouterr().out
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".html", ".json", ".md", ".md", ".txt"]
    lake = Lake.open(tmp_path / "lake")
    found = {(one.check, one.series.split("/")[1]) for one in verify_lake(lake).findings}
    assert found <= {("frozen", "funding")}  # within its clamp a rate is the interest, for days on end
    flushes = lake.scan("flushes").collect()
    assert flushes.filter(pl.col("start_time") > END - 5 * 86_400_000_000_000, pl.col("direction") == "flush").height


def truth_bytes(lake: Lake) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(f"{lake.root}-truth").iterdir()}
