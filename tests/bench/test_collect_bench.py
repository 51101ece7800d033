"""What a collector does with each message, beside a plain write of its bytes."""

import asyncio
import itertools
import time

import pytest

from bench.conftest import Work
from runout.collect.following import Follower, Pace
from runout.collect.notes import Source
from runout.collect.recorder import Recorder
from runout.lake import Lake
from runout.lake.raw_format import Kind
from runout.lake.raw_log import Policy, RawLog
from runout.lake.raw_reader import read_all
from runout.lake.tail import Tail
from runout.sources.registry import venue_of

pytestmark = pytest.mark.bench
MESSAGES = 100_000
START = 1_790_000_000_000
TRADES = [
    b'{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":%d,"a":%d,"s":"BTCUSDT","p":"9910.%05d","q":"0.100","f":100,"l":105,"T":%d,"m":true,"st":1}}'
    % (START + n, n, n, START + n)
    for n in range(MESSAGES)
]
ALL_IN_MEMORY = Policy(roll_bytes=1 << 40, buffer_bytes=1 << 40, sync_seconds=-1.0)


def plain(folder):
    def run():
        with (folder / "plain").open("wb") as file:
            for payload in TRADES:
                file.write(payload)

    return run


def kept_by_cryptofeed(folder):
    """Give all messages to the raw log of cryptofeed, as its sockets do: lines in memory, 10,000 of them written at a time."""
    collection = pytest.importorskip(
        "cryptofeed.raw_data_collection", reason="`pip install cryptofeed==2.4.1` for this peer"
    )
    texts = [payload.decode() for payload in TRADES]

    async def keep():
        callback = collection.AsyncFileCallback(str(folder))
        for text in texts:
            await callback(text, time.time(), "trades")
        callback.stop()

    return lambda: asyncio.run(keep())


def logged(folder, take=None):
    """Append all messages to a new raw log, and wait until they are in its file."""
    numbers = itertools.count()

    def run():
        log = RawLog(folder / f"raw-{next(numbers)}", ALL_IN_MEMORY)
        if take is None:
            for number, payload in enumerate(TRADES):
                log.append(Kind.FRAME, 1, payload, number)
        else:
            take(Recorder(log))
        while log.written < log.appended:
            time.sleep(0.001)
        log.close()

    return run


def received(recorder):
    """Do all that is done with a frame of a socket: log it, see what it is, follow its number, count it as life."""
    classify = venue_of("binance").classify
    for payload in TRADES:
        now = recorder.clock()
        recorder.frame(1, payload, now)
        if classify(payload).sequence:
            recorder.prove(1, now)


@pytest.mark.parametrize(
    ("name", "peer"),
    [("plain write of the same bytes", plain), ("raw log of cryptofeed: neither", kept_by_cryptofeed)],
)
def test_messages_to_the_raw_log(beside, tmp_path, name, peer):
    beside(
        "messages",
        Work("messages to the raw log: checked, then compressed", logged(tmp_path), MESSAGES),
        Work(name, peer(tmp_path), MESSAGES),
        turns=3,
    )


def test_messages_of_a_socket(beside, tmp_path):
    beside(
        "messages",
        Work("messages of a socket: logged, read for their number", logged(tmp_path, received), MESSAGES),
        Work("plain write of the same bytes", plain(tmp_path), MESSAGES),
        turns=3,
    )


def test_messages_of_the_raw_log_to_rows(beside, tmp_path):
    folder = tmp_path / "raw"
    log = RawLog(folder, ALL_IN_MEMORY)
    recorder = Recorder(log)
    number = recorder.open(Source(venue="binance", feed="trades-1", kinds=("bars",), limit=10.0))
    for payload in TRADES:
        recorder.frame(number, payload, recorder.clock())
    log.close()

    def followed():
        Follower(
            folder, venue_of, Tail(tmp_path / f"{time.monotonic_ns()}.sqlite"), Lake(tmp_path / "lake"), Pace()
        ).drain()

    def read():
        for _, records in read_all(folder):
            assert records

    beside(
        "messages",
        Work("messages of the raw log to rows", followed, MESSAGES),
        Work("reading the raw log alone", read, MESSAGES),
        turns=3,
    )
