"""What holds in every command: settings, forms and files, colour and width, help."""

import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest
from cyclopts import CycloptsError

from runout.cli import screen
from runout.cli.configuration import Configuration, configuration
from runout.cli.guide import EXAMPLES, SEE_ALSO, epilogue
from runout.cli.main import app, main
from runout.cli.writing import chosen_form, chosen_forms
from runout.collect.addresses import address_of
from runout.errors import UsageError
from runout.render.sheet import Sheet
from runout.sources.registry import venue_of

VERBS = sorted(name for name in app if not name.startswith("-"))


@pytest.mark.parametrize("setting", [name for name in Configuration.__struct_fields__ if name != "venue_hosts"])
def test_every_declared_setting_has_an_effect_by_environment_and_by_file(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(f"RUNOUT_{setting.upper()}", raising=False)
    said = set[str]()
    for file, variable in (("", None), (f'{setting} = "by-file"\n', None), ("", "by-variable")):
        (tmp_path / "runout.toml").write_text(file)
        if variable:
            monkeypatch.setenv(f"RUNOUT_{setting.upper()}", variable)
        main(["series"])
        captured = capsys.readouterr()
        said.add(captured.out + captured.err)
    assert len(said) == 3


@pytest.mark.parametrize(("name", "near"), [("RUNOUT_LAK", "RUNOUT_LAKE"), ("RUNOUT_COINGLAS_KEY", "COINGLASS_KEY")])
def test_a_misspelt_variable_is_refused_with_the_near_one(
    name: str, near: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, "x")
    assert main(["series", "--lake", "anywhere"]) == 2
    assert near in capsys.readouterr().err
    assert main(["series", "--help"]) == 0


def test_the_setting_that_did_nothing_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runout.toml").write_text('out = "bulletins"\n')
    with pytest.raises(UsageError, match="out"):
        configuration(tmp_path)


Form = Literal["text", "html", "png"]


@pytest.mark.parametrize(
    ("wanted", "out", "form"),
    [(None, None, "text"), ("html", None, "html"), (None, "x.html", "html"), (None, "x.TXT", "text"),
     ("png", "x.png", "png")],
)  # fmt: skip
def test_the_form_is_the_one_wanted_or_that_of_the_file(wanted: Form | None, out: str | None, form: str) -> None:
    assert chosen_form(Form, wanted, None if out is None else Path(out)) == form


@pytest.mark.parametrize(
    ("wanted", "out", "said"),
    [(None, "map.pdf", ".png"), (None, "map", ".png"), ("html", "map.txt", "agree"), ("png", None, "--out FILE")],
)
def test_a_file_of_no_known_form_or_of_another_is_refused(wanted: Form | None, out: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        chosen_form(Form, wanted, None if out is None else Path(out))


def test_a_folder_is_refused_where_a_file_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="folder"):
        chosen_form(Form, None, tmp_path)


def test_a_command_that_takes_a_folder_writes_every_form_into_it_or_the_one_wanted(tmp_path: Path) -> None:
    assert chosen_forms(Form, None, None) == (False, ("text",))
    assert chosen_forms(Form, None, tmp_path) == (True, ("text", "html", "png"))
    assert chosen_forms(Form, "html", tmp_path / "new") == (True, ("html",))
    assert chosen_forms(Form, None, tmp_path / "x.png") == (False, ("png",))
    with pytest.raises(UsageError, match=r"\.png, found .*folder"):
        chosen_forms(Form, None, tmp_path / "x.pdf")
    with pytest.raises(UsageError, match="agree"):
        chosen_forms(Form, "html", tmp_path / "x.png")


def test_one_rule_gives_the_width_and_a_pipe_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert (screen.screen_width(), screen.readable_width(), screen.console().width) == (60, 60, 60)
    monkeypatch.setenv("COLUMNS", "200")
    assert (screen.screen_width(), screen.readable_width(), screen.readable_width(120)) == (200, 100, 120)
    monkeypatch.delenv("COLUMNS")
    assert (screen.screen_width(), screen.readable_width(), screen.console().width) == (None, 100, 100)


@pytest.mark.parametrize("width", [30, 60, 100, 200])
def test_a_sheet_keeps_to_the_width_and_loses_no_figure(width: int) -> None:
    sheet = Sheet(width, wide=190, colour=False)
    sheet.line("Past days went so far within 24 h. " * 8)
    sheet.table(("side", "from", "to", "reported"), [("longs", "$112,400", "$114,600", "$25.7M")] * 3, right=True)
    lines = sheet.text().splitlines()
    assert max(map(len, lines)) <= width
    assert sum(line.count("$112,400") for line in lines) == 3
    assert sum(line.count("$25.7M") for line in lines) == 3


def on_a_terminal(*arguments: str, **environment: str) -> bytes:
    parent, child = pty.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "runout", *arguments], stdout=child, stderr=child, env=os.environ | environment
    )
    os.close(child)
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    os.close(parent)
    done.wait()
    return b"".join(parts)


@pytest.mark.parametrize("arguments", [["whatif", "--help"], ["series", "--lake", "nowhere"]])
def test_no_color_leaves_no_escape_sequence_on_a_terminal(arguments: list[str]) -> None:
    assert b"\x1b[" not in on_a_terminal(*arguments, NO_COLOR="1", TERM="xterm-256color")


def test_help_is_styled_on_a_terminal_that_takes_it() -> None:
    assert b"\x1b[" in on_a_terminal("--help", NO_COLOR="", TERM="xterm-256color")


@pytest.mark.parametrize("verb", VERBS)
def test_help_ends_with_examples_that_parse_and_commands_that_exist(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["help", verb]) == 0
    assert epilogue(verb).splitlines()[0] in capsys.readouterr().out
    for example in EXAMPLES[verb]:
        try:
            app.parse_args(shlex.split(example)[1:], exit_on_error=False, print_error=False)
        except CycloptsError as error:
            pytest.fail(f"{example}: {error}")
    assert set(SEE_ALSO[verb]) <= set(VERBS) - {verb}


def test_completion_is_written_for_the_shell_asked_for(tmp_path: Path) -> None:
    script = tmp_path / "runout.fish"
    assert main(["--install-completion", "--shell", "fish", "--output", str(script)]) == 0
    assert "whatif" in script.read_text()


@pytest.mark.parametrize("flag", ["-v", "-V", "--version"])
def test_the_version_has_short_flags(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([flag]) == 0
    assert capsys.readouterr().out.startswith("runout 0.")


def test_venues_are_asked_where_the_setting_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    facts = venue_of("bybit").facts
    assert address_of(facts, "rest", configuration().venue_hosts) == facts.hosts["rest"]
    (tmp_path / "runout.toml").write_text('[venue_hosts.bybit]\nrest = "http://127.0.0.1:1"\n')
    assert address_of(facts, "rest", configuration().venue_hosts) == "http://127.0.0.1:1"
    monkeypatch.setenv("RUNOUT_VENUE_HOSTS", "http://127.0.0.1:2")
    assert address_of(facts, "rest", configuration().venue_hosts) == "http://127.0.0.1:2/bybit/rest"
