"""Reading a lake changes nothing in it, and every way of asking gives the same answer."""

import hashlib
import json
import shutil
from pathlib import Path

import msgspec
import polars as pl
import pytest

from forecast.histories import DAY, START
from pipeline.daily_lakes import daily_lake
from runout.api.session import Session
from runout.bulletin.findings import Finding
from runout.cli.forecasting import as_json
from runout.cli.main import main
from runout.clock import format_date, format_time
from runout.forecast.ledger import FIRST, chain
from runout.forecast.targets import DANGER_USD
from runout.lake import Lake
from runout.pipeline import ledger
from runout.pipeline.derive import compute
from runout.pipeline.forecasts import answer_level
from runout.pipeline.issue_bulletin import publish
from runout.pipeline.replay import replay
from runout.records import KINDS
from runout.render.encoding import encode

pytestmark = pytest.mark.xdist_group("reading")

DAYS = 385
LAST = START + DAYS * DAY
NOON = LAST + DAY // 2


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = daily_lake(tmp_path_factory.mktemp("reading") / "lake", days=DAYS)
    compute(lake)
    return lake


def copy(lake: Lake, folder: Path) -> Lake:
    return Lake(shutil.copytree(lake.root, folder / "copy"))


def contents(lake: Lake) -> dict[str, str]:
    root = Path(lake.root)
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def conditions_in_bulletin(lake: Lake, at: int) -> list[Finding]:
    sections = publish(lake, "BTC", at).sections
    return [one for section in sections for one in section.findings if one.name.startswith("danger.if.")]


# -- nothing is written -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["bulletin", "forecast"])
@pytest.mark.parametrize("moment", [LAST, NOON])
def test_a_command_that_reads_leaves_every_file_of_the_lake_as_it_was(command: str, moment: int, bare: Lake) -> None:
    before = contents(bare)
    assert main([command, "BTC", "--at", format_time(moment), "--lake", str(bare.root)]) == 0
    assert contents(bare) == before


def test_asking_in_python_leaves_every_file_of_the_lake_as_it_was(bare: Lake) -> None:
    before, lake = contents(bare), Session(str(bare.root))
    lake.bulletin("BTC", at=format_time(NOON)).to_html()
    lake.forecast("BTC", at=format_time(NOON))
    assert contents(bare) == before


# -- a past bulletin is the same for ever -----------------------------------------------------------------------------


@pytest.mark.parametrize("moment", [LAST - DAY, LAST - DAY // 2, LAST, NOON])
def test_a_replay_changes_no_bulletin(moment: int, bare: Lake, tmp_path: Path) -> None:
    lake = copy(bare, tmp_path)
    before = encode(publish(lake, "BTC", moment))
    replay(lake, "BTC", LAST - 4 * DAY, LAST)
    assert encode(publish(lake, "BTC", moment)) == before


def test_a_replay_writes_the_bulletins_that_the_bulletin_command_gives(
    bare: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake, day = copy(bare, tmp_path), format_date(LAST)
    assert main(["replay", "BTC", "--from", day, "--to", day, "--lake", str(lake.root), "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    assert main(["bulletin", "BTC", "--at", f"{day}T00:00Z", "--format", "json", "--lake", str(lake.root)]) == 0
    assert json.loads((tmp_path / f"BTC-{day}.json").read_text()) == json.loads(capsys.readouterr().out)


def test_a_forecast_written_before_conditions_had_a_price_gives_the_bulletin_of_a_new_one(
    bare: Lake, tmp_path: Path
) -> None:
    lake = copy(bare, tmp_path)
    new = ledger.forecast_of_day(bare, "BTC", LAST)
    forecast = ledger.Entry(**new.row(0, named=True)).read()
    bare_conditions = tuple(
        msgspec.structs.replace(one, price_usd=0.0, from_usd=0.0, from_time=0) for one in forecast.conditions
    )
    old = chain(
        msgspec.structs.replace(forecast, conditions=bare_conditions), sequence=1, previous=FIRST, issued_time=LAST
    )
    lake.append("ledger", pl.DataFrame([msgspec.structs.asdict(old)], schema=KINDS["ledger"].dtypes))
    for moment in (LAST, NOON):
        found, new = (conditions_in_bulletin(one, moment) for one in (lake, bare))
        assert [one.statement for one in found] == [one.statement for one in new]
        assert found
        assert not any("$0 " in one.statement or "1970" in one.statement for one in found)


# -- one answer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", [LAST, NOON])
def test_bulletin_forecast_and_python_agree_on_each_chance_of_a_fall_from_the_price_now(
    moment: int, bare: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    at, session = format_time(moment), Session(str(bare.root))
    assert main(["forecast", "BTC", "--at", at, "--format", "json", "--lake", str(bare.root)]) == 0
    document = json.loads(capsys.readouterr().out)
    answered = session.forecast("BTC", at=at).content
    assert document == json.loads(as_json(answered))
    conditions = [one for one in answered.conditions if not one.refused]
    found = [one for one in session.bulletin("BTC", at=at).content.sections[0].findings if "danger.if." in one.name]
    assert found == conditions_in_bulletin(bare, moment)
    assert len(found) == len(conditions) > 0
    for one, finding in zip(conditions, found, strict=True):
        (chance,) = finding.evidence.quantities
        level = answer_level(bare, "BTC", moment, one.price_usd)
        (same,) = [other for other in level.headline if other.theta_usd == DANGER_USD]
        assert one.from_time == LAST
        assert one.headline == (same,)
        assert chance.value == pytest.approx(same.probability, rel=1e-5)
