"""Every emulated venue answers its calls and subscriptions, and its liquidations are the true ones after its law."""

import asyncio
import gzip
import re

import aiohttp
import msgspec
import pytest

from emulator.samples import CALLS, POSTS, STREAMS
from emulator.test_streams import hear
from runout.emulator import Emulator, Market
from runout.emulator.venues import FORMS


def filled(text: str, emulator: Emulator) -> str:
    now = emulator.clock.now() // 1_000_000
    text = re.sub(r"\{now(-\d+)?\}", lambda found: str(now + int(found.group(1) or 0)), text)
    return re.sub(r"\{s(-\d+)?\}", lambda found: str(now // 1000 + int(found.group(1) or 0)), text)


def to_liquidations(emulator: Emulator, venue: str) -> None:
    """Go to half a minute before a whole one, when half of what the venue liquidates after the start has been."""
    desk, market = emulator.counters[venue].desk, emulator.market
    if not desk.contracts:
        return
    times = desk.true_closes(desk.kind("linear", "inverse")[0], market.plan.start, market.end).time
    emulator.jump(int(times[len(times) // 2]) // 60_000_000_000 * 60_000_000_000 - 30 * 10**9)


@pytest.mark.parametrize("venue", [name for name in FORMS if name != "binance-vision"])  # see test_emulated_history
def test_every_call_is_answered_with_rows(market: Market, venue: str) -> None:
    async def run() -> None:
        async with Emulator(market, speed=0, venues=(venue,)) as emulator, aiohttp.ClientSession() as session:
            to_liquidations(emulator, venue)
            asked = [("GET", path, "") for path in CALLS.get(venue, ())]
            asked += [("POST", path, body) for path, body in POSTS.get(venue, ())]
            assert asked or venue in STREAMS, f"add calls of {venue} to tests/emulator/samples.py"
            for method, path, body in asked:
                address = f"{emulator.url}/{venue}/{filled(path, emulator)}"
                async with session.request(method, address, data=filled(body, emulator) or None) as answer:
                    found = await answer.read()
                    assert answer.status == 200, (path, body, found)
                    assert len(found) > 2 or "fundingInfo" in path or "userFills" in body, (path, body)

    asyncio.run(run())


def heard(market: Market, venue: str, seconds: float) -> tuple[list[bytes], Emulator]:
    """Return what the streams of a venue send in so many seconds of the flush."""

    async def run() -> tuple[list[bytes], Emulator]:
        found: list[bytes] = []
        async with Emulator(market, speed=0, venues=(venue,)) as emulator, aiohttp.ClientSession() as session:
            to_liquidations(emulator, venue)
            for path, messages in STREAMS[venue]:
                address = f"{emulator.url.replace('http', 'ws')}/{venue}/{path}"
                async with session.ws_connect(address, max_msg_size=2**24, autoping=False) as client:
                    for message in messages:
                        await client.send_str(message)
                    await quiet(client, found)
                    await emulator.advance(seconds)
                    await quiet(client, found)
            return found, emulator

    return asyncio.run(run())


async def quiet(client: aiohttp.ClientWebSocketResponse, found: list[bytes]) -> None:
    for message in await hear(client):
        if message.type is not aiohttp.WSMsgType.PING:
            assert message.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}, message
            found.append(message.data.encode() if isinstance(message.data, str) else gzip.decompress(message.data))


@pytest.mark.parametrize("venue", list(STREAMS))
def test_every_subscription_sends_what_it_names(market: Market, venue: str) -> None:
    found, emulator = heard(market, venue, 45)
    assert all(isinstance(msgspec.json.decode(one), dict | list) for one in found)
    kinds = {feed for _, feed, _ in emulator.truth.counts}
    form = FORMS[venue].stream
    assert form is not None
    wanted = {
        feed.name
        for path, _ in STREAMS[venue]
        for feed in (form.feed(emulator.counters[venue].desk, topic) for topic in topics(emulator))
        if feed
    }
    assert wanted <= kinds
    assert len(found) > 40


def topics(emulator: Emulator) -> list[str]:
    return sorted({one.topic for one in emulator.truth.deliveries})
