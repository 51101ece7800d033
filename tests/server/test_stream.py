"""News come to every reader, in order, once, at his own pace; what is lost is said."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from runout.api.questions import Question
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE, EmulatedClock, follow, now_ns
from runout.lake.tail import TAIL_FILE, Tail
from runout.lake.tailed import TailedLake
from runout.server.questions import read
from runout.server.replies import in_text
from runout.server.stream import Channel, Message
from runout.server.tail import LakeTail
from server.running import END, events, market, rows, running


def numbers(messages: list[Message]) -> list[int]:
    return [int(message.id.rsplit("-", 1)[1]) for message in messages if message.channel == "lake"]


async def some(reading: AsyncIterator[Message], count: int) -> list[Message]:
    found: list[Message] = []
    async for message in reading:
        found.append(message)
        if len(found) == count:
            break
    return found


def test_a_thousand_reconnects_lose_and_double_nothing() -> None:
    async def run() -> list[int]:
        channel, got, last = Channel(kept=50), [], None
        channel.publish("lake", {})
        last = f"{channel.run}-0"
        for turn in range(1_000):
            for _ in range(turn % 4):
                channel.publish("lake", {"turn": turn})
            due = channel.last - int(last.rsplit("-", 1)[1])
            if due:
                part = await some(channel.read(last), max(due - turn % 2, 1))
                got += numbers(part)
                last = part[-1].id
        got += numbers(await some(channel.read(last), 1)) if channel.last > got[-1] else []
        return got

    got = asyncio.run(run())
    assert got == list(range(1, got[-1] + 1))
    assert len(got) > 1_000


def test_a_slow_reader_is_told_what_it_lost() -> None:
    async def run() -> list[Message]:
        channel = Channel(kept=10)
        channel.publish("lake", {})
        reading = channel.read(f"{channel.run}-0")
        first = [await anext(reading)]
        for _ in range(30):
            channel.publish("lake", {})
        return first + await some(reading, 11)

    messages = asyncio.run(run())
    gap = messages[1]
    assert (gap.channel, gap.data["from"], gap.data["to"]) == ("gap", 2, 21)
    assert numbers(messages)[1:] == list(range(22, 32))


def test_a_number_of_an_earlier_run_is_a_gap() -> None:
    async def run() -> list[Message]:
        channel = Channel()
        channel.publish("lake", {})
        return [(await some(channel.read(old), 1))[0] for old in ("beef-17", "nonsense", f"{channel.run}-9")]

    assert [message.channel for message in asyncio.run(run())] == ["gap", "gap", "gap"]


def test_a_quiet_stream_shows_that_it_lives() -> None:
    async def run() -> Message:
        return (await some(Channel().read(beat_seconds=0.01), 1))[0]

    message = asyncio.run(run())
    assert (message.channel, message.id) == ("beat", "")


def test_two_hundred_readers_get_the_same() -> None:
    async def run() -> tuple[list[list[int]], int]:
        channel = Channel()
        readers = [asyncio.ensure_future(some(channel.read(), 5)) for _ in range(200)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for _ in range(5):
            channel.publish("lake", {})
            await asyncio.sleep(0)
        found = await asyncio.gather(*readers)
        return [numbers(messages) for messages in found], channel.last

    got, last = asyncio.run(run())
    assert {tuple(one) for one in got} == {tuple(range(1, last + 1))}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("streamed")


def test_a_liquidation_that_is_written_comes_over_both_wires_with_the_same_number(folder: Path) -> None:
    lake = market(folder / "lake")
    fresh = events(now_ns() - 10_000_000_000, 1, usd=123_456.0)

    async def over_socket(address: str) -> dict[str, object]:
        async with connect(f"{address.replace('http', 'ws')}/v1/ws") as socket:
            await socket.send(json.dumps({"op": "subscribe", "channels": ["liquidations"]}))
            while (message := json.loads(await socket.recv()))["channel"] != "liquidations":
                pass
            return message

    async def over_events(address: str) -> dict[str, object]:
        async with httpx.AsyncClient(timeout=20) as client, client.stream("GET", f"{address}/v1/stream") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                if line.startswith("data: ") and (message := json.loads(line[6:]))["channel"] == "liquidations":
                    return message
        raise AssertionError

    async def run(address: str) -> list[dict[str, object]]:
        readers = [asyncio.ensure_future(one(address)) for one in (over_socket, over_events)]
        async with httpx.AsyncClient(timeout=60) as client:
            while "runout_stream_readers 2.0" not in (await client.get(f"{address}/metrics")).text:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await asyncio.to_thread(lake.append, "liquidations", fresh)
        return list(await asyncio.gather(*readers))

    with running(lake.root, poll_seconds=0.1) as address:
        one, other = asyncio.run(run(address))
    assert one == other
    assert [row["value_usd"] for row in one["data"]["rows"]] == [123_456.0]


def test_a_liquidation_that_a_collector_received_is_news_once_and_in_the_tape_before_it_is_delivered(
    folder: Path,
) -> None:
    lake = market(folder / "collected")
    tail = Tail(Path(lake.root) / "collect" / "main" / TAIL_FILE)
    fresh = events(now_ns() // 10**9 * 10**9 - 11_000_000_000 + 250_000_000, 1, usd=123_456.0)
    news = LakeTail(lake.root)
    tail.commit({"liquidations": fresh})
    (first, _), (second, data) = news.poll()
    assert (first, second) == ("lake", "liquidations")
    asked = Question(resource="tape", at=now_ns(), since=now_ns() - NANOSECONDS_PER_DAY)
    tape = read(TailedLake(lake.root), asked).tables["tape"].table
    assert tape["value_usd"].to_list() == [123_456.0]
    assert [row["event_time"] for row in data["rows"]] == in_text(tape)["event_time"].to_list()
    tail.deliver(lake)
    tail.close()
    assert [name for name, _ in news.poll()] == ["lake"]
    assert news.poll() == []


def test_what_became_known_within_the_present_second_is_in_the_answer_as_soon_as_it_is_news(folder: Path) -> None:
    lake = market(folder / "present")
    minute = now_ns() // NANOSECONDS_PER_MINUTE * NANOSECONDS_PER_MINUTE
    tail = Tail(Path(lake.root) / "collect" / "main" / TAIL_FILE)
    follow(EmulatedClock(market=minute + 900_000_000, wall=time.time_ns(), speed=1e-6))  # it all but stands still
    try:
        with (
            running(lake.root) as address,
            httpx.Client(base_url=address, timeout=60) as client,
            client.stream("GET", "/v1/stream?channels=liquidations") as stream,
        ):
            lines = stream.iter_lines()
            assert next(lines) == "retry: 1000"
            assert client.get("/v1/tape").json()["rows"] == []
            tail.commit({"liquidations": events(minute - 9_700_000_000, 1, usd=123_456.0)})
            assert next(line for line in lines if line == "event: liquidations")
            document = client.get("/v1/tape").json()
            assert [row["value_usd"] for row in document["rows"]] == [123_456.0]
            assert document["as_of"].endswith(":00.9Z")
            assert client.get(document["reproduce"]).json() == document
    finally:
        follow(None)
        tail.close()


def test_a_new_bar_is_news_once_and_again_when_its_figures_change(folder: Path) -> None:
    lake = market(folder / "barred")
    bars = next(item for item in lake.series("bars") if item.venues == ("binance",))
    news = LakeTail(lake.root)

    end = now_ns() // NANOSECONDS_PER_MINUTE * NANOSECONDS_PER_MINUTE
    for close in (60_100.0, 60_200.0):
        prices = {"open": [60_000.0], "high": [60_500.0], "low": [59_000.0], "close": [close]}
        lake.append("bars", rows(bars, [end], **prices).with_columns(known_time=now_ns()))
        said = dict(news.poll())
        assert said["lake"] == {"kinds": ["bars"]}
        assert [(row["coin"], row["venue"], row["close"]) for row in said["candles"]["rows"]] == [
            ("BTC", "binance", close)
        ]
        assert news.poll() == []


def test_history_that_is_written_is_no_news(folder: Path) -> None:
    lake = market(folder / "other")

    async def run(address: str) -> list[str]:
        async with connect(f"{address.replace('http', 'ws')}/v1/ws") as socket:
            await socket.send('{"op": "subscribe"}')
            await asyncio.to_thread(lake.append, "liquidations", events(END, 5).with_columns(known_time=now_ns()))
            return [json.loads(await socket.recv())["channel"] for _ in range(2)]

    with running(lake.root, poll_seconds=0.1) as address:
        assert asyncio.run(run(address)) == ["lake", "beat"]


def test_a_socket_that_asks_for_nothing_we_have_is_closed(folder: Path) -> None:
    async def run(address: str, text: str) -> int:
        async with connect(f"{address.replace('http', 'ws')}/v1/ws") as socket:
            await socket.send(text)
            await socket.wait_closed()
            return socket.close_code or 0

    with running(folder / "none") as address:
        for text in ("hello", '{"op": "sell"}', '{"op": "subscribe", "channels": ["orders"]}'):
            assert asyncio.run(run(address, text)) == 1008


def test_ids_go_up_by_one() -> None:
    channel = Channel()
    ids = [int(channel.publish("lake", {}).id.rsplit("-", 1)[1]) for _ in range(5)]
    assert all(right == left + 1 for left, right in pairwise(ids))
