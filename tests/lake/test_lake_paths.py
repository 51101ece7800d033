"""A lake may lie in a folder of any name: what is written is read back, whatever an address would make of it."""

import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lake.test_lake import DAY, reserves, series
from runout.cli.main import main
from runout.errors import UsageError
from runout.lake import Lake

NAMES = ["my lake", "données", "湖", "50%", "a#b", "q?x", "{x}", "st*r", "x:y", "a;b&c=d+e", "'q\"", "e\u0301"]
UNFIT = ["a[1]", "back\\slash", "%20", "a%2Fb", "a^b", "a|b", "new\nline"]
BARS = "t,oi,oi_usd\n" + "".join(f"{1_773_532_800_000 + n * 300_000},{100 + n},{7e6 + n}\n" for n in range(6))


def run(*arguments: str) -> None:
    assert main([*arguments]) == 0


@pytest.mark.parametrize("name", NAMES)
def test_import_rows_and_verify_work_in_a_relative_lake_whatever_the_folders_are_called(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "BTC_oi_5m.csv").write_text(BARS)
    monkeypatch.chdir(tmp_path / name)
    lake = ["--lake", f"lakes/{name}"]
    run("import", "binance-open-interest", "BTC_oi_5m.csv", *lake)
    run("import", "binance-open-interest", "BTC_oi_5m.csv", *lake)
    capsys.readouterr()
    run("series", "--format", "csv", *lake)
    identifier = capsys.readouterr().out.splitlines()[1].split(",")[0]
    run("rows", identifier, *lake)
    assert len(capsys.readouterr().out.splitlines()) == 7
    run("verify", *lake)
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["BTC_oi_5m.csv", "lakes"]


@given(name=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20))
@settings(max_examples=25, deadline=None)
@example(name="%")
@example(name="*?{}")
@example(name="% 41")
@example(name="\u202egnp")
def test_a_folder_is_refused_before_anything_is_written_or_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    folder = tmp_path_factory.mktemp("any") / f"n{name}"
    if len(os.fsencode(folder.name)) > 255:
        return
    try:
        lake = Lake(folder)
    except UsageError:
        assert not folder.exists()
        return
    lake.register([series()])
    rows = reserves({DAY: 1.0, 2 * DAY: 2.0})
    lake.append("reserves", rows)
    assert Lake.open(folder).as_of("reserves").equals(rows)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize("name", UNFIT)
def test_a_path_that_no_table_can_be_written_below_is_refused_and_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name another folder"):
        Lake(tmp_path / name / "lake")
