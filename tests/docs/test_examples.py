"""Code shown in the documentation runs: Python blocks of pages, mappings, settings, and examples of docstrings."""

import doctest
import importlib

import msgspec
import pytest
from documentation import DOCS, blocks, inline_code, section, table, text
from modules import MODULES

from runout.cli.configuration import configuration
from runout.sources.registry import TABLE, providers
from runout.sources.table import TableFile, Time, read_mapping

PYTHON = list(blocks("python"))
TOML = [block for block in blocks("toml") if "[[file]]" in block.body]
SETTINGS = [block for block in blocks("toml") if "[[file]]" not in block.body]


@pytest.mark.parametrize("block", PYTHON, ids=[f"{block.page}-{n}" for n, block in enumerate(PYTHON)])
def test_a_python_block_runs(block):
    exec(compile(block.body, block.page, "exec"), {"__name__": "example"})  # noqa: S102 - our own pages


@pytest.mark.parametrize("block", TOML, ids=[f"{block.page}-{n}" for n, block in enumerate(TOML)])
def test_a_mapping_shown_can_be_read(block):
    assert read_mapping(block.body.encode(), block.page).files


@pytest.mark.parametrize("block", SETTINGS, ids=[f"{block.page}-{n}" for n, block in enumerate(SETTINGS)])
def test_settings_shown_can_be_read(block, tmp_path):
    (tmp_path / "runout.toml").write_text(block.body, encoding="utf-8")
    shown = msgspec.toml.decode(block.body)
    assert shown
    assert {name: getattr(configuration(tmp_path), name) for name in shown} == shown


@pytest.mark.parametrize("module", MODULES)
def test_examples_of_docstrings_run(module):
    outcome = doctest.testmod(importlib.import_module(module), raise_on_error=False, report=True)
    assert outcome.failed == 0


def test_every_provider_stands_in_the_page_on_importing():
    rows = table(section(DOCS / "importing.md", "Providers"))
    expected = [f"`{name}`" for name in (*providers(), TABLE)]
    assert [row[0] for row in rows] == expected, "docs/importing.md, Providers: not these, in the registry's order"


@pytest.mark.parametrize(
    ("title", "fields"),
    [
        ("Fields of a `[[file]]` block", TableFile.__struct_fields__),
        ("Fields of `time`", Time.__struct_fields__),
    ],
)
def test_every_field_of_a_mapping_stands_in_the_page_on_importing(title, fields):
    rows = table(section(DOCS / "importing.md", title))
    named = {word.strip("` ") for row in rows for word in row[0].split(",")}
    assert named == set(fields)


def test_the_page_on_verify_names_no_provider_that_is_not_there():
    assert "`runout verify`" in text(DOCS / "verify.md")
    assert inline_code(DOCS / "verify.md")
