"""The public contract: exit codes, streams, configuration, versions, and what a start loads."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.test_derive import DAY, market, write
from runout.cli.main import main
from runout.lake import Lake
from runout.pipeline.derive import compute


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("contract") / "lake")
    write(lake, market(130))
    compute(lake)
    return lake


AT = "1970-05-11"  # the end of 130 days


def test_done_is_zero_and_the_result_goes_to_stdout(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bulletin", "BTC", "--lake", lake.root, "--at", AT, "--format", "json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["coin"] == "BTC"
    assert captured.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["bulletin", "--at", "yesterday"],
        ["bulletin", "--format", "pdf"],
        ["rows"],
        ["import", "nobody", "x"],
    ],
)
def test_wrong_usage_is_two_and_is_said_on_stderr(
    arguments: list[str], lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    with_lake = [*arguments, "--lake", lake.root] if arguments[0] in {"bulletin", "rows"} else arguments
    assert main(with_lake) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err


def test_too_little_data_is_four_and_says_what_to_do(
    lake: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bulletin", "--lake", str(tmp_path / "none")]) == 4
    assert "runout import" in capsys.readouterr().err
    assert main(["bulletin", "DOGE", "--lake", lake.root, "--at", AT]) == 4
    assert "expected bars of DOGE" in capsys.readouterr().err


def test_derived_state_that_is_behind_the_data_is_refused_with_the_command_that_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake(tmp_path / "behind")
    write(lake, market(130))
    assert main(["bulletin", "--lake", lake.root, "--at", AT]) == 4
    assert "runout compute" in capsys.readouterr().err


def test_a_flag_beats_the_environment_which_beats_the_file(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runout.toml").write_text('lake = "nowhere-in-file"\n')
    assert main(["series"]) == 4
    assert "nowhere-in-file" in capsys.readouterr().err
    monkeypatch.setenv("RUNOUT_LAKE", "nowhere-in-environment")
    assert main(["series"]) == 4
    assert "nowhere-in-environment" in capsys.readouterr().err
    assert main(["series", "--lake", lake.root]) == 0


@pytest.mark.parametrize("text", ["lake = 3\n", 'colour = "red"\n', "lake ="])
def test_a_configuration_file_that_is_wrong_is_a_usage_error(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNOUT_LAKE", raising=False)
    (tmp_path / "runout.toml").write_text(text)
    assert main(["series"]) == 2
    assert "runout.toml" in capsys.readouterr().err


def test_every_finding_can_be_reproduced_by_the_command_it_names(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["bulletin", "--lake", lake.root, "--at", AT, "--format", "json"])
    made = json.loads(capsys.readouterr().out)
    commands = {f["evidence"]["reproduce"] for section in made["sections"] for f in section["findings"]}
    assert commands
    assert main(shlex.split(made["reproduce"])[1:]) == 0
    assert capsys.readouterr().out
    for command in sorted(commands):
        assert main(shlex.split(command)[1:]) == 0, command
        assert capsys.readouterr().out.count("\n") > 1, command


def test_the_version_names_code_methods_schema_and_lock(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    text = capsys.readouterr().out
    assert all(word in text for word in ("runout 0.", "methods", "schema", "lock"))


def loaded_after(code: str, *names: str) -> list[str]:
    script = f"import sys\n{code}\nprint(); print(*(n for n in {names!r} if n in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()


def test_importing_runout_loads_nothing_heavy() -> None:
    heavy = ("polars", "numpy", "deltalake", "numba", "scipy", "sklearn", "matplotlib", "rich", "cyclopts")
    assert loaded_after("import runout", *heavy) == []


def test_a_listing_loads_no_models_and_a_bulletin_without_a_page_no_matplotlib(lake: Lake) -> None:
    arguments = ["series", "--lake", lake.root]
    call = f"from runout.cli.main import main\nmain({arguments!r})"
    assert loaded_after(call, "numba", "scipy", "sklearn", "matplotlib") == []
    arguments = ["bulletin", "--lake", lake.root, "--at", AT, "--format", "json"]
    call = f"from runout.cli.main import main\nmain({arguments!r})"
    assert loaded_after(call, "sklearn", "matplotlib") == []


def test_a_reader_that_goes_away_is_no_error(lake: Lake) -> None:
    command = [sys.executable, "-m", "runout", "rows", "test/bars/BTC/binance/4h", "--lake", lake.root]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 0
    assert errors == b""


def test_the_end_of_the_history_used_here() -> None:
    from runout.clock import parse_time

    assert parse_time(AT) == 130 * DAY


@pytest.mark.parametrize("width", [50, 80, 100])
@pytest.mark.parametrize(
    "arguments",
    [
        ["series"],
        ["flushes"],
        ["positions", "risk", "--entry", "116,200", "--leverage", "20", "--side", "long", "--at", "2025-08-18"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_listings_keep_to_the_width_of_the_screen(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("RUNOUT_LAKE", lake.root)
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 3
    words = {word for line in lines for word in line.split()}
    assert max(map(len, lines)) <= max(width, *map(len, words))


@pytest.mark.parametrize("command", ["series", "flushes"])
def test_a_listing_has_the_same_rows_as_text_csv_and_json(
    command: str, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(form: str) -> str:
        assert main([command, "--format", form, "--lake", lake.root]) == 0
        return capsys.readouterr().out

    names = [json.loads(line)["series"] for line in said("json").splitlines()]
    assert len(said("csv").splitlines()) == 1 + len(names) > 1
    assert all(name in said("text") for name in names)
