"""An answer that comes again to another call is given to neither before each was asked again."""

import asyncio
from collections import Counter

import aiohttp
from aiohttp import web

from runout.collect.budget import Budget
from runout.collect.http import Client, Patience
from runout.sources.registry import venue_of
from runout.sources.venue import Call


def candles(symbol: str) -> Call:
    parameters = (("symbol", symbol), ("limit", "500"), ("startTime", "1793591400000"))
    return Call(
        venue="binance",
        purpose="bars",
        symbol=symbol,
        host="um",
        pool="weight",
        path="/fapi/v1/klines",
        parameters=parameters,
    )


class Crossed:
    """A venue whose cache gives the answer to one call to the next, which arrives before it."""

    def __init__(self, first: str, bodies: dict[str, str]) -> None:
        self.first, self.bodies = first, bodies
        self.asked = Counter[str]()
        self.other_came = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Response:
        symbol = request.query["symbol"]
        self.asked[symbol] += 1
        if symbol == self.first:
            await self.other_came.wait()
        is_crossed = symbol != self.first and self.asked[symbol] == 1
        self.other_came.set()
        return web.Response(text=self.bodies[self.first if is_crossed else symbol])


async def ask(venue: Crossed, folder) -> list[str]:
    app = web.Application()
    app.router.add_get("/{tail:.*}", venue.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            with Budget(folder / "limits.sqlite") as budget:
                patience = Patience(first_wait=0.01, longest_wait=0.02, attempts=8)
                client = Client(session, budget, hosts=f"http://127.0.0.1:{runner.addresses[0][1]}", patience=patience)
                answers = await asyncio.gather(*(client.ask(venue_of("binance"), call) for call in map(candles, ROWS)))
                return [answer.body.decode() for answer in answers]
    finally:
        await runner.cleanup()


ROWS = {
    "BTCUSDT": '[[1793591400000,"55716.2","55717.1"]]',
    "ETHUSDT": '[[1793591400000,"2730.74","2731.24"]]',
}


def test_of_two_calls_in_flight_that_get_the_same_bytes_each_ends_with_its_own(tmp_path):
    venue = Crossed("BTCUSDT", ROWS)
    got = asyncio.run(ask(venue, tmp_path))
    assert got == [ROWS["BTCUSDT"], ROWS["ETHUSDT"]]
    assert venue.asked["ETHUSDT"] == 2


def test_bytes_that_come_to_two_calls_again_and_again_are_believed(tmp_path):
    same = dict.fromkeys(ROWS, ROWS["BTCUSDT"])
    got = asyncio.run(ask(Crossed("BTCUSDT", same), tmp_path))
    assert got == list(same.values())


def test_rates_at_their_cap_are_alike_for_two_symbols_and_asked_for_once(tmp_path):
    capped = dict.fromkeys(ROWS, '[{"t":1793606400,"r":"0.0001"},{"t":1793577600,"r":"0.0001"}]')
    venue = Crossed("BTCUSDT", capped)
    asyncio.run(ask(venue, tmp_path))
    assert set(venue.asked.values()) == {1}
