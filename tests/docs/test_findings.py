"""Names that a published statement, a page or a program relies on are names that the code makes, and the reverse."""

import re
from typing import get_args

import pytest
from documentation import DOCS, section, table
from finding_names import checks, emitted, families, is_made, is_quantity

from runout.bulletin.findings import SectionKey
from runout.pipeline.bulletin_inputs import published_claims

NAMES = DOCS / "findings.md"


def documented(title: str) -> list[list[str]]:
    """Return the rows under a heading, each blank of a name as ``{}``."""
    return [[re.sub(r"\{\w+\}", "{}", row[0].strip("`")), *row[1:]] for row in table(section(NAMES, title))]


def test_the_findings_that_the_code_makes_are_those_of_the_page():
    assert sorted(row[0] for row in documented("Findings of a bulletin")) == sorted(emitted("Finding"))


@pytest.mark.parametrize("form", ["table", "chart"])
def test_the_tables_and_charts_that_the_code_makes_are_those_of_the_page(form):
    named = [row[0] for row in documented("Tables and charts") if row[1] == form]
    assert sorted(named) == sorted(emitted(form.capitalize()))


def test_the_families_of_indicators_that_are_computed_are_those_of_the_page():
    rows = [row[0] for row in documented("Indicators kept in a lake")]
    assert len(rows) == len(set(rows))
    assert {one for one in families() if any(row.startswith(f"{one}.") for row in rows)} == families()
    assert [row for row in rows if not any(row.startswith(f"{one}.") for one in families())] == []


def test_the_checks_of_an_audit_are_those_of_the_page():
    lines = section(DOCS / "verify.md", "The checks").splitlines()
    named = [line.split("|")[1] for line in lines if line.startswith("| `")]
    assert {name for cell in named for name in re.findall(r"`(\w+)`", cell)} == checks()


def test_every_section_has_a_finding_of_its_name():
    """A section of the bulletin without a finding of its own could be left out unnoticed."""
    made = {name.partition(".")[0] for name in emitted("Finding")}
    assert made == set(get_args(SectionKey)) - {"headline", "problem", "record", "evidence"}


@pytest.mark.parametrize("claim", published_claims(), ids=lambda claim: claim.name)
def test_a_published_statement_is_checked_by_a_finding_that_exists(claim):
    assert is_made(claim.finding)
    assert is_quantity(claim.quantity)


@pytest.mark.parametrize(
    "name",
    ["price.tomorrow", "liquidations.tomorrow", "leverage.change.tomorrow", "cycles.peak.may", "clusters.largest"],
)
def test_a_name_that_no_section_makes_is_noticed(name):
    assert not is_made(name)


def test_a_quantity_that_no_section_makes_is_noticed():
    assert not is_quantity("certainty")
