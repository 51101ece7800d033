"""Names of findings that a published statement or a page relies on are names that the code makes."""

import pytest
from finding_names import is_made, is_quantity

from runout.pipeline.bulletin_inputs import published_claims


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
