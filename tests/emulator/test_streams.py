"""Emulated websockets over real sockets: what is sent, and what the laws and faults of a connection do."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import msgspec

from runout.emulator import Emulator, Fault, Market

Client = aiohttp.ClientWebSocketResponse


def subscribe(*names: str) -> str:
    return msgspec.json.encode({"method": "SUBSCRIBE", "params": list(names), "id": 1}).decode()


def talk(
    market: Market, path: str, steps: Callable[[Emulator, Client], Awaitable[Any]], *faults: Fault, **settings: Any
) -> Any:
    async def run() -> Any:
        async with Emulator(market, speed=0, faults=faults, **settings) as emulator, aiohttp.ClientSession() as session:
            address = emulator.url.replace("http", "ws") + path
            async with session.ws_connect(address, autoping=False, autoclose=False, max_msg_size=2**25) as client:
                return await steps(emulator, client)

    return asyncio.run(run())


async def hear(client: Client) -> list[aiohttp.WSMessage]:
    """Return what was sent until now: all that comes before the answer to a ping."""
    found: list[aiohttp.WSMessage] = []
    with contextlib.suppress(ConnectionError):
        await client.ping(b"barrier")
    while True:
        message = await client.receive()
        if message.type is aiohttp.WSMsgType.PONG and message.data == b"barrier":
            return found
        found.append(message)
        if message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}:
            return found


def to_the_flush(emulator: Emulator) -> None:
    """Go to the height of the flush without sending what lies before."""
    move = emulator.market.move_time
    times = emulator.market.closes("BTC", 0, move, move + 7200 * 10**9).time
    emulator.jump(int(times[len(times) // 2]) // 10**9 * 10**9)


def liquidations(*faults: Fault, path: str = "/binance/stream/market/stream") -> Callable[[Market], Any]:
    def run(market: Market) -> Any:
        async def steps(emulator: Emulator, client: Client) -> Any:
            to_the_flush(emulator)
            await client.send_str(subscribe("!forceOrder@arr", "btcusdt@markPrice@1s"))
            acknowledged = await hear(client)
            await emulator.advance(30)
            return acknowledged, await hear(client), emulator

        return talk(market, path, steps, *faults)

    return run


def test_liquidations_sent_are_the_largest_of_each_second_of_the_true_ones(market: Market) -> None:
    acknowledged, heard, emulator = liquidations()(market)
    assert [one.data for one in acknowledged] == ['{"result":null,"id":1}']
    messages = [msgspec.json.decode(one.data) for one in heard]
    orders = [one["data"]["o"] for one in messages if one["stream"] == "!forceOrder@arr"]
    assert len(orders) > 20
    assert [one["T"] for one in orders] == sorted(one["T"] for one in orders)
    for symbol in {one["s"] for one in orders}:
        seconds = [one["T"] // 1000 for one in orders if one["s"] == symbol]
        assert len(set(seconds)) == len(seconds)
    desk = emulator.counters["binance"].desk
    until = emulator.clock.now()
    true = desk.true_closes(desk.contracts["linear:BTCUSDT"], until - 30_000_000_000, until)
    largest: dict[int, int] = {}
    for time, steps in zip(true.time.tolist(), true.steps.tolist(), strict=True):
        largest[time // 10**9] = max(largest.get(time // 10**9, 0), steps)
    shown = {one["T"] // 1000: round(float(one["z"]) / 0.001) for one in orders if one["s"] == "BTCUSDT"}
    assert shown == largest
    assert [one.payload.decode() for one in emulator.truth.sent("liquidations")] == [
        one.data for one in heard if "forceOrder" in one.data
    ]


def test_both_kinds_of_contract_come_on_the_merged_stream(market: Market) -> None:
    _, heard, _ = liquidations()(market)
    kinds = {msgspec.json.decode(one.data)["data"]["st"] for one in heard if "forceOrder" in one.data}
    assert kinds == {1, 2}


def test_the_old_address_of_binance_acknowledges_and_stays_silent(market: Market) -> None:
    acknowledged, heard, emulator = liquidations(path="/binance/stream/stream")(market)
    assert len(acknowledged) == 1
    assert heard == []
    assert emulator.truth.counts["binance", "liquidations", "ack-silence"] > 20


def test_a_half_dead_socket_answers_pings_and_sends_nothing(market: Market) -> None:
    async def steps(emulator: Emulator, client: Client) -> list[Any]:
        await client.send_str(subscribe("btcusdt@markPrice@1s"))
        await hear(client)
        await emulator.advance(5)
        before = await hear(client)
        emulator.script.add(Fault(kind="mute"))
        await emulator.advance(5)
        await client.ping(b"are you there")
        return [len(before), [(one.type, one.data) for one in await hear(client)]]

    count, after = talk(market, "/binance/stream/market/stream", steps)
    assert count == 5
    assert after == [(aiohttp.WSMsgType.PONG, b"are you there")]


def test_a_connection_is_cut_after_twenty_four_hours(market: Market) -> None:
    async def steps(emulator: Emulator, client: Client) -> Any:
        emulator.clock.advance(86_400)
        emulator.step()
        found = await hear(client)
        return found[-1].type, found[-1].data, emulator.truth.connections[0].cause

    kind, code, cause = talk(market, "/binance/stream/market/stream", steps)
    assert (kind, code, cause) == (aiohttp.WSMsgType.CLOSE, 1001, "24 hours")


def test_a_client_that_answers_no_ping_is_closed(market: Market) -> None:
    async def steps(emulator: Emulator, client: Client) -> Any:
        for _ in range(5):
            await emulator.advance(180)
        await hear(client)
        return emulator.truth.connections[0].cause

    assert talk(market, "/binance/stream/market/stream", steps) == "no pong"


def test_the_first_frame_can_come_in_the_packet_of_the_handshake(market: Market) -> None:
    async def run() -> bytes:
        async with Emulator(market, speed=0, faults=(Fault(kind="early-frame"),)) as emulator:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(emulator.url.rsplit(":", 1)[1]))
            emulator.clock.advance(3)
            writer.write(
                b"GET /binance/stream/market/stream?streams=btcusdt@markPrice@1s HTTP/1.1\r\nHost: localhost\r\n"
                b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            packet = await reader.read(65_536)
            writer.close()
            return packet

    packet = asyncio.run(run())
    assert packet.startswith(b"HTTP/1.1 101")
    assert b"markPriceUpdate" in packet


def test_messages_can_be_damaged_and_the_record_says_how(market: Market) -> None:
    faults = ("cut-frame", "two-objects", "nan", "frame-plain-numbers", "shifted-stamp", "unknown-symbol", "duplicate")
    for kind in faults:
        _, heard, emulator = liquidations(Fault(kind=kind, match="liquidations", times=1))(market)
        damaged = [one for one in emulator.truth.deliveries if one.status == kind]
        assert len(damaged) == 1, kind
        whole = {one.payload.decode() for one in emulator.truth.deliveries if one.status == "sent"}
        odd = [one.data for one in heard if "forceOrder" in one.data and one.data not in whole]
        assert len(odd) == (0 if kind == "duplicate" else 1), kind


def test_a_thousand_liquidations_come_within_half_a_second_at_bybit(market: Market) -> None:
    async def steps(emulator: Emulator, client: Client) -> Any:
        await client.send_str('{"op":"subscribe","args":["allLiquidation.BTCUSDT"]}')
        await hear(client)
        await emulator.advance(1)
        await emulator.advance(1)
        return [msgspec.json.decode(one.data) for one in await hear(client)]

    burst = Fault(kind="burst", match="BTCUSDT", venue="bybit", value=1000, at=0.0)
    messages = talk(market, "/bybit/stream/v5/public/linear", steps, burst)
    rows = [row for message in messages for row in message["data"]]
    assert len(rows) >= 1000
    assert max(row["T"] for row in rows) - min(row["T"] for row in rows) <= 1000


def test_too_many_connections_are_refused_and_counted(market: Market) -> None:
    async def run() -> tuple[list[int], int]:
        statuses: list[int] = []
        async with Emulator(market, speed=0, venues=("binance",)) as emulator, aiohttp.ClientSession() as session:
            address = emulator.url.replace("http", "ws") + "/binance/stream/ws"
            for _ in range(303):
                try:
                    client = await session.ws_connect(address)
                    await client.close()
                except aiohttp.WSServerHandshakeError as error:
                    statuses.append(error.status)
            return statuses, emulator.truth.refused_connections["binance"]

    assert asyncio.run(run()) == ([429] * 3, 3)


def test_a_spot_trade_ends_with_the_constant_that_spot_has(market: Market) -> None:
    async def steps(emulator: Emulator, client: Client) -> list[Any]:
        await client.send_str(subscribe("btcusdt@aggTrade"))
        await hear(client)
        await emulator.advance(5)
        return [one.json() for one in await hear(client)]

    spot = talk(market, "/binance/stream-spot/stream", steps)
    assert spot
    assert all(one["data"]["M"] is True and "st" not in one["data"] for one in spot)
    assert all("M" not in one["data"] for one in talk(market, "/binance/stream/market/stream", steps))
