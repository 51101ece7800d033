"""A venue of the tests' own: three streams, JSON frames, and a server that sends what a script says."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from runout.clock import NANOSECONDS_PER_MINUTE
from runout.records import Series
from runout.sources.candidates import Candidates, series_of
from runout.sources.columns import Events, add_liquidations, add_open_interest, add_premium, add_trades
from runout.sources.facts import Facts, Pool
from runout.sources.venue import (
    Answer,
    Call,
    Connection,
    Folder,
    Frame,
    History,
    Instrument,
    Page,
    Poll,
    Rows,
    Stream,
    Verdict,
)

SYMBOLS = ("BTCUSDT", "ETHUSDT")
DEADLINE = 4.0
ROTATE_TRADES = 1.5
POLL_EVERY = 0.5


def calls() -> tuple[Call, ...]:
    """Two parts of a list: the first symbol, and the others."""
    return tuple(Call(venue="example", purpose="instruments", path=path) for path in ("/first", "/others"))


def read_instruments(answers: Sequence[tuple[Call, bytes]]) -> tuple[Instrument, ...]:
    return tuple(
        Instrument(
            venue="example", symbol=symbol, coin=symbol.removesuffix("USDT"), market="perpetual", margin="stablecoin",
            contract_base=1.0, funding_hours=8.0,
        )
        for _, body in answers
        for symbol in msgspec.json.decode(body)
    )  # fmt: skip


def liquidations(instrument: Instrument) -> Series:
    return series_of(instrument, "liquidations", feed="liq", capture="complete", instant=True)


def bars(instrument: Instrument) -> Series:
    return series_of(instrument, "bars", step=NANOSECONDS_PER_MINUTE, feed="trade")


def premium(instrument: Instrument) -> Series:
    return series_of(instrument, "premium", feed="mark", instant=True)


def open_interest(instrument: Instrument) -> Series:
    return series_of(instrument, "open_interest", feed="oi", instant=True)


def normalise(payloads: Sequence[bytes], received: Sequence[int], instruments: Sequence[Instrument]) -> Rows:
    candidates = Candidates(payloads, received, instruments)
    by_stream: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for row, payload in enumerate(payloads):
        try:
            frame = msgspec.json.decode(payload)
            if "e" in frame:
                by_stream.setdefault(frame["e"], []).append((row, frame))
        except (msgspec.DecodeError, UnicodeDecodeError, TypeError) as error:
            candidates.refused.append((row, f"no JSON object: {error}", payload))
    for stream, rows in by_stream.items():
        frames = [frame for _, frame in rows]
        events = Events(
            symbols=[f["s"] for f in frames], rows=[row for row, _ in rows],
            happened=np.array([int(f["t"]) for f in frames], np.int64),
        )  # fmt: skip
        price, size = (np.array([float(f.get(name, 0)) for f in frames]) for name in ("p", "q"))
        if stream == "liq":
            longs = [f["S"] == "SELL" for f in frames]
            add_liquidations(candidates, liquidations, events, longs=longs, size=size, price=price)
        elif stream == "trade":
            buys = [f["S"] == "BUY" for f in frames]
            numbers = np.array([f["n"] for f in frames], np.int64)
            add_trades(candidates, bars, events, taker_buys=buys, size=size, price=price, sequence=numbers)
        elif stream == "mark":
            add_premium(candidates, premium, events, first=price, second=size)
    return candidates.rows()


def connections(instruments: Sequence[Instrument], kinds: Sequence[str]) -> tuple[Connection, ...]:
    canary = Stream(name="mark", kind="premium", first_datum=DEADLINE, canary=True)
    liq = Connection(
        venue="example", name="liquidations", path="/liq", opening=(b'{"op":"subscribe","args":["liq","mark"]}',),
        copies=2, streams=(Stream(name="liq", kind="liquidations"), canary),
        keep_alive=b'{"op":"ping"}', keep_alive_every=5.0,
    )  # fmt: skip
    names = [f"trade.{i.symbol}" for i in instruments]
    streams = (*(Stream(name=name, kind="bars") for name in names), canary)
    trades = Connection(
        venue="example", name="trades", path="/trades", streams=streams,
        opening=(msgspec.json.encode({"op": "subscribe", "args": [*names, "mark"]}),), rotate_after=ROTATE_TRADES,
    )  # fmt: skip
    return tuple(c for c, kind in ((liq, "liquidations"), (trades, "bars")) if kind in kinds)


def classify(payload: bytes) -> Frame:
    try:
        frame = msgspec.json.decode(payload)
        if "e" in frame:
            name = f"trade.{frame['s']}" if frame["e"] == "trade" else frame["e"]
            numbers = ((name, frame["n"]),) if "n" in frame else ()
            return Frame(kind="data", streams=(name,), sequence=numbers)
        kind = {"ack": "acknowledged", "err": "refused", "pong": "alive", "leave": "leave"}[frame["op"]]
        return Frame(kind=kind, words=frame.get("msg", ""))  # pyright: ignore[reportArgumentType]
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError, KeyError, AttributeError):
        return Frame(kind="unknown")


def polls(instruments: Sequence[Instrument]) -> tuple[Poll, ...]:
    calls = [Call(venue="example", purpose="open_interest", symbol=i.symbol, path="/oi") for i in instruments]
    return tuple(Poll(call=call, every=POLL_EVERY) for call in calls)


def read_page(call: Call, answer: Answer, instruments: Sequence[Instrument]) -> Page:
    candidates = Candidates([answer.body], [answer.received], instruments)
    rows = msgspec.json.decode(answer.body)
    events = Events(
        symbols=[row["s"] for row in rows], rows=[0] * len(rows),
        happened=np.array([row["t"] for row in rows], np.int64),
    )  # fmt: skip
    sizes = np.array([row["oi"] for row in rows], np.float64)
    add_open_interest(candidates, open_interest, events, size=sizes)
    return Page(rows=candidates.rows())


def judge(call: Call, answer: Answer) -> Verdict:
    kinds = {200: "ok", 429: "slow-down", 418: "banned", 451: "blocked"}
    wait = float(answer.headers.get("retry-after", 0))
    return Verdict(kind=kinds.get(answer.status, "broken"), wait=wait, words=answer.body[:100].decode())  # pyright: ignore[reportArgumentType]


def _no_histories(_: Instrument) -> tuple[History, ...]:
    return ()


def _no_call(history: History, instrument: Instrument, since: int, until: int) -> Call:
    raise NotImplementedError


def venue(name: str = "example") -> Folder:
    return Folder(
        facts=Facts(
            name=name, title="Example", hosts={"rest": "http://127.0.0.1:1", "stream": "ws://127.0.0.1:1"},
            pools={"default": Pool(weight=1000, seconds=60, source="the tests")},
        ),
        instrument_calls=calls, read_instruments=read_instruments, histories=_no_histories, first_call=_no_call,
        read_page=read_page, judge=judge, polls=polls, connections=connections, classify=classify, normalise=normalise,
    )  # fmt: skip


def liquidation(symbol: str, time: int, price: float, size: float, side: str = "SELL") -> bytes:
    return msgspec.json.encode({"e": "liq", "s": symbol, "t": time, "p": price, "q": size, "S": side})


def trade(symbol: str, time: int, number: int, price: float, size: float) -> bytes:
    side = "BUY" if number % 3 else "SELL"
    return msgspec.json.encode({"e": "trade", "s": symbol, "t": time, "n": number, "p": price, "q": size, "S": side})


def mark(time: int, symbol: str = "BTCUSDT") -> bytes:
    return msgspec.json.encode({"e": "mark", "s": symbol, "t": time, "p": 100.5, "q": 100.0})
