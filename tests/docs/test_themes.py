"""The checklist of the article's themes: fourteen, each tied to findings that the code makes."""

import re

import pytest
from documentation import DOCS, table, text
from finding_names import is_made

THEMES = table(text(DOCS / "themes.md"))


def test_there_are_fourteen_themes_in_order():
    assert [row[0] for row in THEMES] == [str(number) for number in range(1, 15)]


@pytest.mark.parametrize("row", THEMES, ids=lambda row: row[0])
def test_a_theme_names_findings_that_exist(row):
    names = re.findall(r"`([^`]+)`", row[2])
    assert [name for name in names if not is_made(name)] == []
    assert names


@pytest.mark.parametrize("row", THEMES, ids=lambda row: row[0])
def test_a_theme_has_its_source_its_figures_and_its_agreement(row):
    assert len(row) == 6
    assert all(row[1:])


def test_the_count_of_statements_is_that_of_the_shipped_table():
    from runout.pipeline.bulletin_inputs import published_claims

    assert f"{len(published_claims())} of them" in text(DOCS / "themes.md")
