"""Names that the documentation uses exist; what a reader must be able to look up is there."""

import ast
import importlib
import re

import pytest
from documentation import DOCS, PAGES, REPOSITORY, inline_code, name, section, table, text
from finding_names import is_made

from runout import errors
from runout.cli.configuration import Configuration
from runout.records import KINDS, Series
from runout.records.schema import Column

GLOSSARY = table(text(DOCS / "glossary.md"))
COLUMNS: dict[str, Column] = {column.name: column for schema in KINDS.values() for column in schema.columns}


def resolve(dotted):
    """Return the object of a dotted name; raises where there is none."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[cut:]:
            found = getattr(found, attribute)
        return found
    raise ModuleNotFoundError(dotted)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_name_of_the_package_exists(page):
    named = {span for span in inline_code(page) if re.fullmatch(r"runout(\.\w+)+", span)} - {"runout.toml"}
    for dotted in {one for one in named if not is_made(one)}:  # findings of the section on slides begin alike
        resolve(dotted)


def test_glossary_terms_stand_once_and_in_order():
    terms = [row[0].strip("*") for row in GLOSSARY]
    assert terms == sorted(set(terms))
    assert all(row[0] == f"**{term}**" and row[1].endswith(".") for row, term in zip(GLOSSARY, terms, strict=True))


@pytest.mark.parametrize("row", GLOSSARY, ids=lambda row: row[0].strip("*"))
def test_columns_and_kinds_that_a_term_names_exist(row):
    for words in re.findall(r"\b[Cc]olumn ((?:`\w+`(?:, | and )?)+)", row[1]):
        assert set(re.findall(r"`(\w+)`", words)) <= set(COLUMNS)
    for words in re.findall(r"\b[Kk]inds? ((?:`\w+`(?:, | and )?)+)", row[1]):
        assert set(re.findall(r"`(\w+)`", words)) <= set(KINDS)


def test_every_observed_kind_and_every_field_of_a_scope_can_be_looked_up():
    words = text(DOCS / "glossary.md")
    plain = {"series", "coin", "provider", "venues", "measure", "capture", "step", "stamp", "synthetic", "kind"}
    assert plain <= set(Series.__struct_fields__)
    for field in plain - {"kind"}:
        assert f"`{field}`" in words
    for kind in (
        "liquidations",
        "open_interest",
        "funding",
        "positioning",
        "reserves",
        "gaps",
        "quarantine",
        "flushes",
    ):
        assert f"`{kind}`" in words


def test_every_definition_names_its_code():
    page = text(DOCS / "definitions.md")
    titles = re.findall(r"^## (.+)$", page, re.MULTILINE)
    for title in titles:
        assert re.search(r"\bCode: `runout\.", section(DOCS / "definitions.md", title)), title


def test_the_numbers_of_the_flush_definition_are_those_of_the_code():
    from runout.clock import NANOSECONDS_PER_HOUR
    from runout.indicators import flushes

    body = section(DOCS / "definitions.md", "Flush and squeeze")
    assert f"≤ −{flushes.MOVE * 100:.0f}%" in body
    assert f"total ≥ {flushes.PERCENTILE:.0f}" in body
    assert f"(t − {flushes.MOVE_WINDOW // NANOSECONDS_PER_HOUR} h, t)" in body
    assert f"{flushes.QUIET // NANOSECONDS_PER_HOUR} h after the end" in body


def test_the_numbers_of_percentile_and_noise_are_those_of_the_code():
    from runout.clock import NANOSECONDS_PER_DAY
    from runout.indicators import liquidations, open_interest

    percentile = section(DOCS / "definitions.md", "Percentile")
    assert f"window is {liquidations.RANK_WINDOW // NANOSECONDS_PER_DAY} days" in percentile
    assert f"at least {liquidations.RANK_MINIMUM_DAYS} days" in percentile
    noise = section(DOCS / "definitions.md", "Noise")
    assert f"trailing {open_interest.NOISE_WINDOW // NANOSECONDS_PER_DAY} days" in " ".join(noise.split())
    assert f"null below {open_interest.NOISE_MINIMUM_DAYS} days" in noise
    assert all(label.replace("h", " h") in noise for label in open_interest.CHANGE_WINDOWS)


def test_the_public_contract_names_every_exit_code():
    rows = table(section(DOCS / "public-contract.md", "Exit codes"))
    assert [(row[0], row[1]) for row in rows] == [(str(int(code)), f"`{code.name}`") for code in errors.ExitCode]


def test_the_public_contract_holds_the_error_tree():
    rows = {row[0].strip("`"): row[1:] for row in table(section(DOCS / "public-contract.md", "Errors"))}
    tree = {n: kind for n, kind in vars(errors).items() if isinstance(kind, type) and n.endswith("Error")}
    assert rows.keys() == tree.keys()
    for error, (builtin, code) in rows.items():
        ours, theirs = tree[error], getattr(__import__("builtins"), builtin.strip("`"))
        assert issubclass(ours, theirs)
        assert ours.exit_code == int(code)


def test_every_error_of_the_tree_is_raised_somewhere():
    raised = {
        node.exc.func.id
        for file in (REPOSITORY / "src").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name)
    }
    tree = {n for n, kind in vars(errors).items() if isinstance(kind, type) and n.endswith("Error")}
    assert tree - raised == {"RunoutError"}


def test_every_variable_that_the_code_knows_is_in_a_page_and_the_reverse():
    code = "".join(file.read_text(encoding="utf-8") for file in (REPOSITORY / "src").rglob("*.py"))
    fields = {f"RUNOUT_{field.upper()}" for field in Configuration.__struct_fields__}
    pages = text(DOCS / "public-contract.md") + text(REPOSITORY / "CONTRIBUTING.md")
    assert set(re.findall(r"RUNOUT_[A-Z][A-Z_]*[A-Z]", code)) | fields == set(re.findall(r"RUNOUT_[A-Z_]*[A-Z]", pages))


def test_every_setting_stands_in_the_public_contract_with_its_default():
    rows = {row[3].strip("`"): row for row in table(section(DOCS / "public-contract.md", "Settings"))}
    for field, default in zip(Configuration.__struct_fields__, Configuration.__struct_defaults__, strict=True):
        assert rows[field][1] in {f"`--{field}`", "`--sync`", "(none)"}
        assert rows[field][2:] == [f"`RUNOUT_{field.upper()}`", f"`{field}`", f"`{default}`" if default else "(empty)"]


def test_every_capture_and_severity_is_defined():
    from typing import get_args

    from runout.quality import Severity
    from runout.records.series import Capture

    captures = {row[0].strip("`") for row in table(section(DOCS / "definitions.md", "Capture regime"))}
    assert captures == set(get_args(Capture))
    severities = {row[0].strip("`") for row in table(section(DOCS / "definitions.md", "Severity"))}
    assert severities == set(get_args(Severity))


def test_every_long_short_measure_is_defined_in_the_words_of_the_code():
    from runout.indicators.positioning import MEANING

    rows = {row[0].strip("`"): row[1] for row in table(section(DOCS / "definitions.md", "Long/short ratios"))}
    assert rows.keys() == MEANING.keys()
    for measure, words in MEANING.items():
        assert set(re.findall(r"\w+", words)) == set(re.findall(r"\w+", rows[measure])), measure
