"""A page a venue, generated: fresh, and none left over."""

import sys

import pytest
from documentation import DOCS, REPOSITORY, text

from runout.sources.registry import NAMED, VENUES, venue_of

sys.path.insert(0, str(REPOSITORY / "tools"))
import venue_pages


@pytest.mark.parametrize("name", [*VENUES, *NAMED])
def test_the_page_of_a_venue_is_fresh(name):
    assert text(DOCS / "venues" / f"{name}.md") == venue_pages.page(venue_of(name)), "stale: run `make docs`"


def test_every_venue_has_a_page_and_every_page_a_venue():
    assert {page.stem for page in (DOCS / "venues").glob("*.md")} == {*VENUES, *NAMED}


@pytest.mark.parametrize("name", [*VENUES, *NAMED])
def test_every_convention_and_law_has_a_source_and_laws_follow_one_another(name):
    facts = venue_of(name).facts
    assert all(part.source for part in (*facts.conventions, *facts.captures, *facts.pools.values()))
    assert facts.terms
    for law, follower in zip(facts.captures, facts.captures[1:], strict=False):
        assert law.until == follower.since
