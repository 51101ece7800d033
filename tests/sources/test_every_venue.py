"""What holds for every venue folder, whatever it is of: a new folder is held to it at once."""

from itertools import pairwise

import pytest
from venue_calls import NOW, answer

from runout.clock import NANOSECONDS_PER_DAY
from runout.records import KINDS
from runout.sources.registry import KEYED, NAMED, VENUES, venue_of
from runout.sources.venue import EVERY_COIN, Instrument, Venue

KINDS_STREAMED = ("liquidations", "bars", "open_interest", "funding", "premium")


def instruments(name: str) -> list[Instrument]:
    """Return contracts of each margin that the venue has, named so that its calls and streams can name them."""
    symbol = "1-BTC" if name == "lighter" else "BTC-PERP"
    market = {"coingecko": "spot-market-cap", "defillama": "on-chain"}.get(name, "perpetual")
    second = "2-ETH" if name == "lighter" else "ETH-PERP"
    linear = Instrument(
        venue=name, symbol=symbol, coin="BTC", quote="USDT", market=market, margin="stablecoin", contract_base=1.0,
        funding_hours=8.0, traded_at="binance",
    )  # fmt: skip
    inverse = Instrument(
        venue=name, symbol=second, coin="BTC", quote="USD", market=market, margin="coin", contract_usd=1.0,
        funding_hours=8.0,
    )  # fmt: skip
    return [linear] if name == "aster" else [linear, inverse]


@pytest.fixture(params=(*VENUES, *KEYED, *NAMED))
def venue(request) -> Venue:
    return venue_of(request.param)


def test_its_facts_name_every_pool_and_host_of_its_calls_and_streams(venue):
    own = instruments(venue.name)
    calls = [*venue.instrument_calls(), *(poll.call for poll in venue.polls(own))]
    for instrument in own:
        calls += [venue.first_call(h, instrument, NOW - NANOSECONDS_PER_DAY, NOW) for h in venue.histories(instrument)]
    assert {call.venue for call in calls} <= {venue.name}
    assert {call.host for call in calls} <= set(venue.facts.hosts)
    assert {call.pool for call in calls} <= set(venue.facts.pools)
    assert not [call for call in calls if "{" in call.path or any("{" in value for _, value in call.parameters)]
    assert {connection.host for connection in venue.connections(own, KINDS_STREAMED)} <= set(venue.facts.hosts)


def test_what_it_gives_away_is_of_a_kind_that_the_lake_has_and_can_be_planned(venue):
    for instrument in instruments(venue.name):
        histories = venue.histories(instrument)
        assert {history.kind for history in histories} <= set(KINDS)
        assert all(history.rows_a_call >= 1 and history.step >= 0 and history.keeps >= 0 for history in histories)
        assert len({history.purpose for history in histories}) == len(histories)


def test_every_connection_has_a_stream_that_speaks_and_liquidations_have_two_connections(venue):
    for connection in venue.connections(instruments(venue.name), KINDS_STREAMED):
        assert any(stream.canary and stream.first_datum > 0 for stream in connection.streams), connection.name
        assert len({stream.name for stream in connection.streams}) == len(connection.streams)
        if any(stream.kind == "liquidations" for stream in connection.streams):
            assert connection.copies == 2


def test_garbage_is_neither_fatal_nor_lost(venue):
    frames = [b"", b"{", b"[]", b"[1]", b'{"a":1}', b"null", b"\xff\xfe", b"\x1f\x8b\x08", b'"text"', b"pong"]
    assert all(venue.classify(frame).kind for frame in frames)
    rows = venue.normalise(frames, [NOW] * len(frames), instruments(venue.name))
    assert not rows.tables
    assert rows.refused.height + sum(rows.unknown.values()) >= 3
    call = (*venue.instrument_calls(), None)[0]
    if call is not None:
        assert venue.judge(call, answer(b"<html>bad gateway</html>", 502)).kind == "broken"
        assert venue.judge(call, answer(b"<html>", 200)).kind in {"broken", "slow-down"}
        assert venue.judge(call, answer(b"", 429)).kind == "slow-down"
        assert venue.judge(call, answer(b"{}", 451)).kind == "blocked"


def test_every_convention_has_a_source_and_captures_follow_one_another(venue):
    facts = venue.facts
    assert all(convention.source and convention.says for convention in facts.conventions)
    assert all(pool.source and 0 < pool.share <= 1 for pool in facts.pools.values())
    ends = [(capture.since, capture.until) for capture in facts.captures]
    assert all(until == since for (_, until), (since, _) in pairwise(ends))
    assert facts.terms
    assert facts.cannot
    assert (facts.kind == "provider") is (venue.name in {"coingecko", "defillama", "coinalyze", "binance-vision"})
    assert EVERY_COIN not in {instrument.coin for instrument in instruments(venue.name)}
