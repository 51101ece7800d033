"""What takes long to show: a thousand reconnects and two hundred readers over sockets, answers after a month more."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from runout.api.questions import READS, Question
from runout.clock import NANOSECONDS_PER_DAY, parse_time
from runout.lake import Lake
from runout.lake.tailed import TailedLake
from runout.server.questions import Answer, answer, read
from runout.server.tail import News
from server.running import AT, market, running

pytestmark = pytest.mark.study


class Counting:
    """A tail with one piece of news at each look, so that there is always something to lose."""

    def __init__(self) -> None:
        self.number = 0

    def poll(self) -> list[News]:
        self.number += 1
        return [("lake", {"number": self.number})]


async def _events(client: httpx.AsyncClient, address: str, last: str) -> AsyncIterator[tuple[str, str, int]]:
    headers = {"Last-Event-ID": last} if last else {}
    async with client.stream("GET", f"{address}/v1/stream", headers=headers) as reply:
        async for line in reply.aiter_lines():
            if line.startswith("data: ") and (message := json.loads(line[6:]))["channel"] != "beat":
                yield message["id"], message["channel"], message["data"].get("number", 0)


def test_a_thousand_reconnects_over_sockets_lose_and_double_nothing(tmp_path: Path) -> None:
    async def run(address: str) -> list[int]:
        last, got = "", []
        async with httpx.AsyncClient(timeout=120) as client:
            for turn in range(1_000):
                left = 1 + turn % 3
                async for name, channel, number in _events(client, address, last):
                    assert channel == "lake"
                    got.append(number)
                    last, left = name, left - 1
                    if not left:
                        break
        return got

    with running(tmp_path / "lake", tail=Counting(), poll_seconds=0.01, requests_per_second=100_000) as address:
        got = asyncio.run(run(address))
    assert got == list(range(got[0], got[0] + len(got)))
    assert len(got) > 1_900


def test_a_slow_reader_gets_a_gap_and_two_hundred_others_get_all(tmp_path: Path) -> None:
    async def read(address: str, count: int) -> list[int]:
        async with connect(f"{address.replace('http', 'ws')}/v1/ws", open_timeout=300) as socket:
            await socket.send('{"op": "subscribe"}')
            found = []
            while len(found) < count:
                message = json.loads(await socket.recv())
                if message["channel"] == "lake":
                    found.append(message["data"]["number"])
        return found

    async def run(address: str) -> tuple[list[list[int]], list[str]]:
        async with httpx.AsyncClient(timeout=300) as client:
            events = _events(client, address, "")
            first = await anext(events)
            everyone = await asyncio.gather(*(read(address, 20) for _ in range(200)))
            await events.aclose()
            while True:  # as long as what it missed is kept, there is no gap
                async for _, channel, _ in _events(client, address, first[0]):
                    if channel == "gap":
                        return everyone, [channel]
                    break

    with running(tmp_path / "lake", tail=Counting(), poll_seconds=0.005, requests_per_second=100_000) as address:
        everyone, said = asyncio.run(run(address))
    assert all(one == list(range(one[0], one[0] + 20)) for one in everyone)
    assert said == ["gap"]


def test_every_answer_of_a_past_moment_is_the_same_after_a_month_more(tmp_path: Path) -> None:
    lake, at = market(tmp_path / "lake"), parse_time(AT)
    series = ("test/bars/BTC/binance/300000000000",)
    asked = [Question(resource=name, at=at, series=series) for name in READS if name != "series"]
    models = [Question(resource="snapshot", at=at), Question(resource="whatif", at=at, shock=("drop", "5%"))]

    kept = TailedLake(lake.root)

    def answers() -> list[dict[str, bytes]]:
        tables = [_bytes(read(kept, question)) for question in asked]
        return tables + [_bytes(answer(lake.root, question)) for question in models]

    before = answers()
    _append_later(lake, 50 * NANOSECONDS_PER_DAY)
    assert answers() == before


def _append_later(lake: Lake, by: int) -> None:
    for kind in ("bars", "liquidations", "open_interest", "funding", "depth"):
        rows = lake.scan(kind).collect()
        lake.append(kind, rows.with_columns(rows["event_time"] + by, rows["known_time"] + by))


def _bytes(found: Answer) -> dict[str, bytes]:
    tables = {name: one.table.write_json().encode() + repr(one).encode() for name, one in found.tables.items()}
    return {**found.documents, **tables}
