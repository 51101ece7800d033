"""A collector before a misbehaving server: what was sent is stored, or a gap says what was lost and why.

The scenarios run side by side, each with a server and a raw log of its own; then each test looks at its own.
"""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import polars as pl
import pytest
from websockets.asyncio.server import ServerConnection

from collect import example_venue as example
from collect.example_server import ExampleServer, piggybacking
from collect.test_following import imported
from runout.clock import NANOSECONDS_PER_SECOND, now_ns
from runout.collect.normaliser import Normaliser
from runout.collect.notes import Failed, Note, Stopped, Tick, read_note
from runout.collect.recorder import Recorder
from runout.collect.supervisor import Scope, Supervisor
from runout.lake import Lake
from runout.lake.raw_format import Kind, Record
from runout.lake.raw_log import Policy, RawLog
from runout.lake.raw_reader import read_all

Script = Callable[["Run"], Awaitable[None]]
SCRIPTS: dict[str, Script] = {}


class Run:
    """One scenario: a server, a collector before it, and what was sent."""

    def __init__(self, folder: Path, kinds: tuple[str, ...]) -> None:
        self.folder = folder
        self.server = ExampleServer()
        self.kinds = kinds
        self.sent: list[float] = []
        self.numbers = 0
        self.refresh_seconds = 3600.0
        self.port = 0

    async def liquidation(self) -> None:
        self.sent.append(100.0 + len(self.sent))
        await self.server.send("liq", example.liquidation("BTCUSDT", now_ns(), self.sent[-1], 2.0))

    async def trade(self, symbol: str = "BTCUSDT") -> None:
        self.numbers += 1
        await self.server.send(f"trade.{symbol}", example.trade(symbol, now_ns(), self.numbers, 100.0, 1.0))

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():  # noqa: ASYNC110 - what is waited for is in the server's state
            await asyncio.sleep(0.01)

    async def subscribed(self, count: int) -> None:
        await self.until(lambda: len(self.server.open) >= count)
        await asyncio.sleep(0.25)

    async def heard(self) -> None:
        """Wait until every connection is open and gave data from now on."""
        now = now_ns()
        await self.until(lambda: all(s.state == "open" and s.last_data > now for s in self.supervisor.standings()))

    async def play(self, script: Script) -> None:
        log = RawLog(self.folder / "raw", Policy(flush_seconds=0.01))
        async with self.server:
            self.port = self.server.port
            scope = Scope(coins=(), kinds=self.kinds)
            recorder = Recorder(log)
            supervisor = Supervisor(
                recorder, [(example.venue(), scope)], self.server.ask,
                lambda _, connection: f"ws://127.0.0.1:{self.port}{connection.path}",
                refresh_seconds=self.refresh_seconds,
            )  # fmt: skip
            self.supervisor = supervisor
            collecting = asyncio.create_task(supervisor.run())
            try:
                await asyncio.wait_for(script(self), 180)
                for _ in range(50):  # turns of the loop that all of them share, however long each takes
                    await asyncio.sleep(0.004)
            finally:
                collecting.cancel()
                await asyncio.gather(collecting, return_exceptions=True)
                log.close()

    def records(self) -> list[Record]:
        return list(itertools.chain.from_iterable(batch for _, batch in read_all(self.folder / "raw")))

    def notes(self) -> list[Note]:
        return [read_note(record.payload) for record in self.records() if record.kind == Kind.NOTE]

    def lake(self) -> Lake:
        return imported(self.folder / "raw", self.folder)

    def liquidations(self) -> list[float]:
        return self.lake().scan("liquidations").collect().sort("event_time")["price"].to_list()

    def gaps(self, kind: str = "liquidations") -> list[str]:
        rows = self.lake().scan("gaps").filter(pl.col("series").str.contains(f"/{kind}/")).collect()
        rows = rows.filter(pl.col("reason") != "connecting").sort("event_time")
        return rows["reason"].unique(maintain_order=True).to_list()


def scenario(script: Script) -> Script:
    SCRIPTS[script.__name__] = script
    return script


@scenario
async def one_copy_is_cut(run: Run) -> None:
    for _ in range(3):
        # A copy is cut only once the other stands: what is sent while neither does is of the next scenario.
        await run.subscribed(2)
        await run.heard()
        for n in range(12):
            await run.liquidation()
            if n == 5:
                run.server.cut(next(iter(run.server.open)))
            await asyncio.sleep(0.04)


@scenario
async def liquidations_now_and_then(run: Run) -> None:
    await run.subscribed(2)
    for _ in range(6):
        await run.liquidation()
        await asyncio.sleep(0.7)


@scenario
async def both_copies_are_cut(run: Run) -> None:
    await run.subscribed(2)
    await run.liquidation()
    await asyncio.sleep(0.1)
    for connection in list(run.server.open):
        run.server.cut(connection)
    await run.liquidation()
    await run.subscribed(2)
    await run.liquidation()


@scenario
async def half_dead(run: Run) -> None:
    await run.subscribed(2)
    await run.liquidation()
    run.server.mute = True
    await run.until(lambda: run.server.count >= 4)
    run.server.mute = False
    await run.subscribed(2)
    await run.liquidation()


@scenario
async def acknowledged_then_silent(run: Run) -> None:
    async def trouble(number: int, connection: ServerConnection) -> bool:
        if number > 2:
            return False
        await connection.recv()
        await connection.send(b'{"op":"ack"}')
        await connection.wait_closed()
        return True

    run.server.trouble = trouble
    await run.until(lambda: run.server.count >= 3)
    await run.subscribed(2)
    await run.liquidation()


@scenario
async def handshakes_are_refused(run: Run) -> None:
    run.server.refuse_with = 502
    await asyncio.sleep(1.0)
    run.server.refuse_with = None
    await run.subscribed(2)
    await run.liquidation()


@scenario
async def nonsense(run: Run) -> None:
    await run.subscribed(2)
    await run.liquidation()
    for payload in (b'{"e":"liq","s":', b"\xff\xfe\x00", b"[]", b'{"e":"liq","s":"BTCUSDT","t":NaN}', b"1" * 3_000_000):
        await run.server.send("liq", payload)
    await run.liquidation()


@scenario
async def old_events_again(run: Run) -> None:
    await run.subscribed(2)
    await run.liquidation()
    first = example.liquidation("BTCUSDT", now_ns(), 500.0, 1.0)
    await run.server.send("liq", first)
    for connection in list(run.server.open):
        await connection.close(1001)
    await run.subscribed(2)
    await run.server.send("liq", first)
    await run.server.send("liq", first)


@scenario
async def numbers_are_missing(run: Run) -> None:
    await run.subscribed(1)
    for _ in range(5):
        await run.trade()
    run.numbers += 7
    for _ in range(3):
        await run.trade()
    await asyncio.sleep(6)


@scenario
async def rotation(run: Run) -> None:
    await run.subscribed(1)
    for _ in range(100):
        await run.trade()
        await asyncio.sleep(0.04)


@scenario
async def a_symbol_is_listed(run: Run) -> None:
    run.refresh_seconds = 1.0
    await run.subscribed(1)
    run.server.symbols.append("SOLUSDT")
    await run.until(lambda: any("trade.SOLUSDT" in streams for streams in run.server.open.values()))
    await asyncio.sleep(0.3)


@scenario
async def a_symbol_is_delisted(run: Run) -> None:
    run.server.symbols.append("SOLUSDT")
    await run.subscribed(1)
    await run.trade("ETHUSDT")
    await run.until(lambda: run.server.asked >= 4)
    run.server.symbols.remove("ETHUSDT")
    await run.until(lambda: all("trade.ETHUSDT" not in streams for streams in run.server.open.values()))
    asked = run.server.asked
    await run.until(lambda: run.server.asked >= asked + 4)


@scenario
async def a_part_of_the_list_fails(run: Run) -> None:
    asked: list[str] = []

    def fail(path: str, symbols: list[str]) -> int | list[str]:
        asked.append(path)
        failing = path == "/others" and len(asked) > 2
        return symbols if not failing else 500 if len(asked) % 4 else []

    run.server.listing = fail
    await run.subscribed(1)
    await run.until(lambda: len(asked) >= 8)


@scenario
async def a_subscription_is_refused(run: Run) -> None:
    async def trouble(number: int, connection: ServerConnection) -> bool:
        await connection.send(b'{"op":"err","msg":"trade.ETHUSDT: unknown symbol"}')
        return False

    await run.subscribed(1)
    await run.trade()
    await run.trade("ETHUSDT")
    await asyncio.sleep(0.1)
    run.server.trouble = trouble
    run.server.cut(next(iter(run.server.open)))
    await run.subscribed(1)
    await run.trade()
    await asyncio.sleep(0.5)


@scenario
async def polls_are_refused(run: Run) -> None:
    run.server.answer_status = lambda number: 429 if 2 <= number <= 3 else 200
    await run.until(lambda: run.server.asked >= 6)


@scenario
async def a_server_that_speaks_with_the_handshake(run: Run) -> None:
    server = await piggybacking(example.liquidation("BTCUSDT", now_ns(), 77.0, 2.0), example.mark(1))
    await run.until(lambda: run.port > 0)
    run.port = server.sockets[0].getsockname()[1]
    await asyncio.sleep(1.0)
    server.close()


OF_TRADES = {
    "numbers_are_missing", "rotation", "a_symbol_is_listed", "a_symbol_is_delisted", "a_part_of_the_list_fails",
    "a_subscription_is_refused",
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    played = {
        name: Run(tmp_path_factory.mktemp(name), ("bars" if name in OF_TRADES else "liquidations",)) for name in SCRIPTS
    }
    for name in ("a_symbol_is_listed", "a_symbol_is_delisted", "a_part_of_the_list_fails"):
        played[name].refresh_seconds = 1.0

    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            for name, run in played.items():
                group.create_task(run.play(SCRIPTS[name]))

    asyncio.run(all_of_them())
    return played


def test_two_copies_lose_nothing_while_one_of_them_is_cut(runs: dict[str, Run]):
    run = runs["one_copy_is_cut"]
    assert run.liquidations() == run.sent
    assert run.gaps() == []


def test_a_liquidation_ends_its_slot_at_once_where_half_a_second_is_over(runs: dict[str, Run]):
    ended, others, waits = 0, None, list[int]()
    for record in runs["liquidations_now_and_then"].records():
        if record.kind == Kind.FRAME and b'"liq"' in record.payload:
            due = ended and record.received - ended > 0.5 * NANOSECONDS_PER_SECOND
            others = 0 if due and others is None else others
        elif record.kind == Kind.FRAME:
            others = None if others is None else others + 1
        elif record.kind == Kind.NOTE and isinstance(note := read_note(record.payload), Tick) and note.regular:
            waits += [] if others is None else [others]
            ended, others = record.received, None
    assert waits
    assert max(waits) <= 3, waits  # marks that came first: two each tenth of a second


def test_what_is_sent_while_both_copies_are_cut_is_in_a_gap_with_its_cause(runs: dict[str, Run]):
    run = runs["both_copies_are_cut"]
    assert run.liquidations() == [run.sent[0], run.sent[2]]
    assert run.gaps() == ["connection lost without a close frame (1006)"]


def test_a_socket_that_answers_pings_but_gives_no_data_is_left(runs: dict[str, Run]):
    run = runs["half_dead"]
    assert run.liquidations() == run.sent
    assert any("silent for more than 4 s" in reason for reason in run.gaps())


def test_an_acknowledgement_without_data_is_no_life(runs: dict[str, Run]):
    run = runs["acknowledged_then_silent"]
    assert run.liquidations() == run.sent
    assert run.gaps() == ["silent for more than 4 s"]


def test_refused_handshakes_are_tried_again_and_said(runs: dict[str, Run]):
    run = runs["handshakes_are_refused"]
    assert run.liquidations() == run.sent
    assert run.gaps() == ["handshake refused: HTTP 502"]


def test_nonsense_goes_to_quarantine_and_the_socket_stays(runs: dict[str, Run]):
    run = runs["nonsense"]
    assert run.liquidations() == run.sent
    assert run.lake().scan("quarantine").collect().height == 4
    assert run.server.count == 2


def test_old_events_after_a_reconnect_are_not_counted_again(runs: dict[str, Run]):
    run = runs["old_events_again"]
    assert run.liquidations() == [run.sent[0], 500.0]
    assert run.gaps() == ["closed by the server: 1001"]


def test_missing_numbers_are_a_gap_that_says_how_many(runs: dict[str, Run]):
    assert runs["numbers_are_missing"].gaps("bars") == ["sequence: 7 of trade.BTCUSDT missing"]


def test_a_socket_is_replaced_before_its_end_without_a_gap(runs: dict[str, Run]):
    run = runs["rotation"]
    assert run.server.count >= 3
    assert run.gaps("bars") == []


def test_a_new_symbol_is_subscribed_without_a_gap(runs: dict[str, Run]):
    run = runs["a_symbol_is_listed"]
    assert run.gaps("premium") == []
    assert run.supervisor.standings()[0].reconnects == 0


def test_a_delisted_symbol_ends_its_series_and_its_silence_is_no_gap(runs: dict[str, Run]):
    run = runs["a_symbol_is_delisted"]
    lake = run.lake()
    notes = {item.series: item.note for item in lake.series() if "/ETH/" in item.series or "/BTC/" in item.series}
    assert {name.split("/")[2] for name in notes} == {"BTC", "ETH"}
    assert all(note.startswith("delisted 20") == ("/ETH/" in name) for name, note in notes.items()), notes
    assert run.gaps("open_interest") == []
    # A quarter of an hour of silence is a gap of every feed that still is to be heard, and of no other.
    normaliser = Normaliser(lambda _: example.venue())
    for batch in (batch for _, batch in read_all(run.folder / "raw")):
        for record in batch:
            if record.kind != Kind.NOTE or not isinstance(read_note(record.payload), Stopped):
                normaliser.take(record)
    later = now_ns() + 900 * NANOSECONDS_PER_SECOND
    normaliser.take(Record(0, later, 0, Kind.NOTE, msgspec.json.encode(Tick({}))))
    silent = normaliser.output().rows()["gaps"].filter(pl.col("span") > 600 * NANOSECONDS_PER_SECOND)
    assert silent["coin"].unique().sort().to_list() == ["BTC", "SOL"]


def test_a_part_of_the_list_that_fails_delists_nothing_and_is_said(runs: dict[str, Run]):
    run = runs["a_part_of_the_list_fails"]
    assert run.server.subscribed
    assert all("trade.ETHUSDT" in streams for streams in run.server.subscribed)
    said = [note.cause for note in run.notes() if isinstance(note, Failed)]
    assert any("500" in cause or "broken" in cause for cause in said), said
    assert any("an empty list, where 1 instruments were listed" in cause for cause in said), said
    assert all("the former list stays" in cause for cause in said)


def test_a_refused_subscription_is_a_gap_of_its_symbol_while_the_others_go_on(runs: dict[str, Run]):
    rows = runs["a_subscription_is_refused"].lake().scan("gaps").collect()
    of_refusal = rows.filter(pl.col("reason") == "subscription refused: trade.ETHUSDT: unknown symbol")
    assert of_refusal["series"].to_list() == ["example/bars/ETH/perpetual-ETHUSDT/1m"]
    assert (of_refusal["span"] > 0).all()


def test_refused_polls_are_waited_out_and_asked_again(runs: dict[str, Run]):
    run = runs["polls_are_refused"]
    assert run.server.asked >= 6
    assert run.lake().scan("open_interest").collect()["open_interest_base"].unique().to_list() == [5.0]
    assert any("slow-down" in reason for reason in run.gaps("open_interest")) or not run.gaps("open_interest")


def test_a_frame_in_the_packet_of_the_handshake_is_kept(runs: dict[str, Run]):
    assert 77.0 in runs["a_server_that_speaks_with_the_handshake"].liquidations()


def test_a_machine_that_stood_still_ends_no_socket(tmp_path: Path):
    async def script(run: Run) -> None:
        await run.subscribed(2)
        await run.liquidation()
        time.sleep(1.5 * example.DEADLINE)  # noqa: ASYNC251 - nothing of this process runs
        await run.liquidation()
        await asyncio.sleep(0.5)

    run = Run(tmp_path, ("liquidations",))
    asyncio.run(run.play(script))
    assert run.liquidations() == run.sent
    assert run.server.count == 2
