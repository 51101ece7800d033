"""What errors say: commands that exist, what is there instead, and a nearer wish."""

import ast
import re
import shlex
from pathlib import Path
from typing import get_args

import pytest
from cyclopts import CycloptsError

import runout
from runout.api.shock_inputs import amount, named_shock, share
from runout.cli.main import app, main
from runout.errors import NotEnoughDataError, UsageError
from runout.lake import Lake
from runout.sources import registry

SOURCE = Path(runout.__file__).parent
STAND_INS = {"FOLDER": "folder", "FILE": "file", "COMMAND": "series"}


def texts() -> set[str]:
    """Return every constant text of the package, the parts of an f-string joined by a stand-in."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.add("".join(p.value if isinstance(p, ast.Constant) else "BTC" for p in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


COMMANDS = sorted({command for text in texts() for command in re.findall(r"(?<!`)`(runout [a-z][^`\n]*)`(?!`)", text)})


def test_messages_name_commands() -> None:
    assert len(COMMANDS) > 5


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_named_in_a_message_parses(command: str) -> None:
    words = [STAND_INS.get(word, word) for word in shlex.split(command)[1:] if word != "…"]
    if words[0] == "help":
        words = [*words[1:], "--help"]
    named = [one for one in app if one == words[0]]
    assert named, f"no command {words[0]}"
    if len(words) == 1:  # the command as such: its arguments are for the reader to fill in
        return
    try:
        app.parse_args(words, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        pytest.fail(f"{command}: {error}")
    if words[0] == "import" and not words[1].startswith("-"):
        registry.source_of(words[1], None)


def test_a_lake_that_is_not_there_names_those_beside_it_and_the_demo(tmp_path: Path) -> None:
    (tmp_path / "mine" / "series").mkdir(parents=True)
    with pytest.raises(NotEnoughDataError, match=r"mine.*make demo"):
        Lake.open(tmp_path / "other")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("drop", "5", "did you mean --drop 5%"), ("drop", "150%", "between 0% and 100%"),
        ("drop", "-5%", "without a sign"), ("drop", "0%", "between 0% and 100%"), ("sell", "500", "did you mean 500M"),
    ],
)  # fmt: skip
def test_a_shock_that_cannot_be_meant_is_refused_with_the_nearer_wish(name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        named_shock(mark="--", **{name: text})


def test_a_drop_with_a_sign_reaches_our_own_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["whatif", "--drop", "-5%", "--lake", "nowhere"]) == 2
    assert "without a sign" in capsys.readouterr().err


def test_in_python_amounts_may_be_text_or_numbers() -> None:
    assert named_shock(drop="5%") == named_shock(drop=0.05)
    assert share("drop", 0.6) == 0.6
    assert amount("entry", "116,200") == amount("entry", 116_200.0) == 116_200.0
    assert amount("leverage", "20x", unit="x") == 20.0
    assert amount("balance", "3M") == 3e6
    with pytest.raises(UsageError, match="found nan"):
        share("drop", float("nan"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bulletin", "BTC", "ETH"], "one coin at a time"),
        (["rows", "x", "--since", "2025-02-01", "--at", "2025-01-01"], "must not be after --at"),
        (["rows", "x", "--out", "x.pdf"], ".parquet"),
        (["map", "--out", "map.pdf"], ".png"),
    ],
)
def test_mistakes_are_said_in_words(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--lake", "nowhere"]) == 2
    assert said in capsys.readouterr().err


@pytest.fixture
def small(tmp_path: Path) -> str:
    bars = "".join(f"{1_773_532_800_000 + n * 300_000},{100 + n},{7e6 + n}\n" for n in range(6))
    (tmp_path / "BTC_oi_5m.csv").write_text(f"t,oi,oi_usd\n{bars}")
    lake = str(tmp_path / "lake")
    assert main(["import", "binance-open-interest", str(tmp_path), "--lake", lake]) == 0
    return lake


OPEN_INTEREST = "binance-open-interest/open_interest/BTC/binance-stablecoin-margined/5m"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rows", OPEN_INTEREST, "--since", "2027-01-01"], "since 2027-01-01; .* has .*2026-03-15"),
        (["rows", OPEN_INTEREST, "--at", "2020-01-01"], "known by 2020-01-01; .* has .*2026-03-15"),
        (["series", "--coin", "ETH"], "no series of ETH in "), (["flushes"], "no flush or squeeze in .*runout compute"),
    ],
)  # fmt: skip
def test_an_empty_answer_says_what_there_is_instead_beside_the_answer(
    small: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main([*arguments, "--lake", small]) == 0
    shown = capsys.readouterr()
    assert re.search(said, shown.err)
    assert "no rows" not in shown.out


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        ("coinalyze", "provider binance-open-interest reads such files"),
        ("binance-perpetual", "SYMBOL-STEP-YEAR-MONTH.*there: BTC_oi_5m.csv"),
    ],
)
def test_an_import_of_nothing_names_the_files_looked_for_those_there_and_their_reader(
    provider: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "BTC_oi_5m.csv").write_text("t,oi,oi_usd\n")
    assert main(["import", provider, str(tmp_path), "--lake", str(tmp_path / "lake")]) == 2
    assert re.search(said, capsys.readouterr().err)
    assert not (tmp_path / "lake").exists()


def test_the_forms_of_rows_are_those_of_the_contract() -> None:
    from runout.cli.rows import Format

    assert get_args(Format) == ("csv", "json", "parquet")
