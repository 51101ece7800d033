"""Every command that the documentation shows is one that the product has; every command is documented."""

import re
import shlex
from importlib import import_module

import pytest
from cyclopts import App, CycloptsError
from documentation import DOCS, PAGES, REPOSITORY, blocks, inline_code, name, section, table, text

from runout.cli.main import app

VERBS = sorted(command for command in app if not command.startswith("-"))
SHELL = [
    (block.page, line)
    for block in blocks("sh")
    for line in block.body.splitlines()
    if line.strip() and not line.startswith("#")
]
RUNOUT = [(page, line) for page, line in SHELL if shlex.split(line)[0] == "runout"]
TARGETS = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_shell_blocks_hold_commands_of_runout_make_and_studies_and_questions_of_the_api_only():
    assert {shlex.split(line)[0].removeprefix(".venv/bin/") for _, line in SHELL} == {
        "runout",
        "make",
        "python",
        "curl",
    }


@pytest.mark.parametrize(
    "line", sorted({line for _, line in SHELL if line.startswith("python")}), ids=lambda line: line.split()[2]
)
def test_a_study_shown_in_a_block_parses(line):
    _, flag, module, *arguments = shlex.split(line)
    assert flag == "-m"
    study = import_module(f"{module}.__main__")
    app_of_study = getattr(study, "app", None) or App(default_command=study.main)
    app_of_study.parse_args(arguments, exit_on_error=False, print_error=False)


def test_every_study_is_named_by_a_page_and_every_study_that_is_named_exists():
    there = {path.parent.name for path in (REPOSITORY / "studies").glob("*/__main__.py")}
    assert set(re.findall(r"python -m studies\.(\w+)", "".join(page.read_text("utf-8") for page in PAGES))) == there


@pytest.mark.parametrize(("page", "line"), RUNOUT, ids=[f"{page}: {line}" for page, line in RUNOUT])
def test_a_command_shown_in_a_block_parses(page, line):
    try:
        app.parse_args(shlex.split(line)[1:], exit_on_error=False, print_error=False)
    except CycloptsError as error:
        pytest.fail(f"{page} shows {line!r}: {error}")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_in_the_prose_exist(page):
    spans = [shlex.split(span) for span in inline_code(page) if re.match(r"(runout|make) [a-z]", span)]
    for first, verb, *rest in spans:
        assert verb in (VERBS if first == "runout" else TARGETS), f"{first} {verb}"
        if first == "runout":
            assert {word for word in rest if word.startswith("--")} <= {*_options(verb), "--help"}


@pytest.mark.parametrize(("page", "line"), [pair for pair in SHELL if pair[1].startswith("make")])
def test_make_targets_shown_exist(page, line):
    targets = [word for word in shlex.split(line)[1:] if "=" not in word]
    assert set(targets) <= TARGETS, page


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_has_help_and_stands_in_the_public_contract(verb):
    assert _options(verb) is not None
    rows = table(section(DOCS / "public-contract.md", "Commands"))
    assert f"`runout {verb}`" in {row[0] for row in rows}


def test_the_public_contract_names_no_command_that_is_not_there():
    rows = table(section(DOCS / "public-contract.md", "Commands"))
    assert [row[0] for row in rows] == [f"`runout {verb}`" for verb in VERBS]


def test_the_readme_begins_with_two_commands():
    first = next(block.body.split("\n") for block in blocks("sh") if block.page == "README.md")
    assert first[:2] == ["make demo", "make test"]
    assert "250 MB" in text(REPOSITORY / "README.md")


def _options(verb):
    command = app[verb]
    parts = [command] if command.default_command else [command[name] for name in command if not name.startswith("-")]
    arguments = [one for part in parts for one in part.assemble_argument_collection()]
    return {option for argument in arguments for option in argument.names if option.startswith("--")}
