"""A lake that is served gives the answers of the lake itself."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import runout
from runout.api.answers import MapAnswer
from runout.api.remote import Remote
from runout.api.session import Session
from runout.errors import NotEnoughDataError, SourceError, UsageError
from runout.server.tokens import new_token
from server.running import AT, free_port, running

pytestmark = pytest.mark.xdist_group("served")


@pytest.fixture(scope="module")
def far(served: str) -> Iterator[Remote]:
    with runout.connect(served) as connected:
        yield connected


@pytest.mark.parametrize(
    "name", ["candles", "liquidations", "tape", "open-interest", "funding", "depth", "feeds", "unobserved", "screener"]
)
def test_a_table_is_the_same(near: Session, far: Remote, name: str) -> None:
    here, there = near.table(name, at=AT), far.table(name, at=AT)
    assert_frame_equal(here.to_polars(), there.to_polars())
    assert (here.scope, here.series, here.note) == (there.scope, there.series, there.note)


def test_a_map_is_the_same(local_map: MapAnswer, far: Remote) -> None:
    here, there = local_map, far.map(at=AT)
    assert there.to_json() == here.to_json()
    assert there.to_text() == here.to_text()
    assert there.widget().tile == here.widget().tile
    assert_frame_equal(pl.DataFrame(there), pl.DataFrame(here))
    assert_frame_equal(there.clusters(), here.clusters())
    assert_frame_equal(there.sweeps(), here.sweeps())


def test_a_what_if_is_the_same(near: Session, far: Remote) -> None:
    here, there = near.whatif(at=AT, sell="500M"), far.whatif(at=AT, sell="500M")
    assert there.to_json() == here.to_json()
    assert_frame_equal(pl.DataFrame(there), here.to_polars())


def test_rows_and_series_are_the_same(near: Session, far: Remote) -> None:
    assert_frame_equal(far.series(), near.series())
    name = "test/bars/BTC/binance/300000000000"
    assert_frame_equal(far.rows(name, at=AT), near.rows(name, at=AT))


def test_a_refusal_is_the_same_error(near: Session, far: Remote) -> None:
    for lake in (near, far):
        with pytest.raises(NotEnoughDataError, match="expected bars of NONE"):
            lake.table("candles", "NONE", at=AT)
        with pytest.raises(UsageError):
            lake.table("candles", at=AT, since="2026-01-01")
        with pytest.raises(UsageError):
            lake.whatif(at=AT, drop="5%", rise="5%")


@pytest.mark.parametrize(
    ("shock", "words"),
    [
        ({"fall": "5%"}, "expected one shock (drop, rise, to, sell, buy), found fall"),
        ({}, "expected one shock (drop, rise, to, sell, buy), found none"),
        ({"drop": 5}, "expected drop as a share of the price, found 5; did you mean drop 5%?"),
        ({"drop": "5"}, "expected drop as a share of the price, found '5'; did you mean drop 5%?"),
        ({"sell": 5}, "sell 5 is an order of $5 only; did you mean 5M?"),
    ],
)
def test_a_shock_of_the_wrong_form_is_refused_in_the_same_words(
    near: Session, far: Remote, shock: dict[str, object], words: str
) -> None:
    for lake in (near, far):
        with pytest.raises(UsageError) as refused:
            lake.whatif(at=AT, **shock)  # pyright: ignore[reportCallIssue, reportArgumentType]
        assert str(refused.value) == words


def test_a_move_of_more_than_half_and_a_price_that_is_the_present_one_are_the_same(near: Session, far: Remote) -> None:
    assert far.whatif(at=AT, drop=0.55).to_json() == near.whatif(at=AT, drop=0.55).to_json()
    price = near.whatif(at=AT, drop=0.55).setting.price
    for lake in (near, far):
        with pytest.raises(UsageError, match="nothing would move"):
            lake.whatif(at=AT, to=price).to_json()


def test_a_forecast_is_the_same(near: Session, far: Remote) -> None:
    assert far.forecast(at=AT).to_json() == near.forecast(at=AT).to_json()


def test_a_forecast_says_of_what_moment_it_was_asked_whether_it_is_synthetic_and_why_it_has_no_level(
    far: Remote,
) -> None:
    forecast = json.loads(far.forecast(at=AT).to_json())
    assert (forecast["at"], forecast["asked_at"], forecast["synthetic"]) == ("2025-04-18T00:00Z", AT, True)
    assert forecast["windows"][0]["danger_level"] is None
    assert forecast["reason"] == (
        "no market-wide total is published for a synthetic market, which a danger level needs"
    )
    assert far.frame("forecast", {"at": AT}).synthetic


def test_where_nothing_is_served_the_error_says_so() -> None:
    with pytest.raises(SourceError, match="is `runout serve` running there"):
        runout.connect(f"http://127.0.0.1:{free_port()}")


def test_a_token_is_sent_where_it_is_needed(tmp_path: Path) -> None:
    text, kept = new_token("desk")
    with running(tmp_path / "lake", tokens=(kept,)) as address:
        with pytest.raises(SourceError, match="runout serve --new-token"):
            runout.connect(address)
        with runout.connect(address, token=text) as opened:
            assert "runout.connect" in repr(opened)
