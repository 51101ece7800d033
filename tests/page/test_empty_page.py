"""The page in a real browser over an empty lake: nothing is computed, so this is asked of every submission."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from page.conftest import violations
from server.running import running

pytestmark = pytest.mark.xdist_group("served")


def test_an_empty_lake_says_so_asks_only_its_server_and_is_quiet(visit: Callable[..., Page], tmp_path: Path) -> None:
    asked: list[str] = []
    said: list[str] = []
    with running(tmp_path / "none") as address:
        page = visit(address, asked=asked, said=said)
        expect(page.get_by_text("This lake holds no prices yet")).to_be_visible()
        found = violations(page)
        page.close()
    assert found == []
    assert said == []
    assert {url.split("/")[2] for url in asked if not url.startswith("data:")} == {address.removeprefix("http://")}
