"""Frames of every venue, changed at random: no reader ends, and what becomes a row is a sound row."""

import asyncio
import gzip
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator

import aiohttp
import msgspec
import pytest

from emulator.samples import STREAMS
from emulator.test_streams import hear
from emulator.test_venues import to_liquidations
from runout.collect.normaliser import Normaliser
from runout.collect.notes import Heading, Listed, Source, Tick, pack_answer
from runout.emulator import Emulator, Market
from runout.lake.raw_format import Kind, Record
from runout.records import KINDS
from runout.records.schema import fault_of_each_row
from runout.sources.registry import venue_of
from runout.sources.venue import Call

SLOT = 500
SECOND = 1_000_000_000
NUMBERS = (
    "NaN", "1e999", "-1", "0", "9223372036854775807", "18446744073709551616", "1e-320", '""', "null", "true", "[]",
    "{}", "1793630282299000000", "-0.0", '"NaN"', '"1e400"', '"-5"', '"inf"', "0.1",
)  # fmt: skip
TEXTS = (
    '""',
    '"EMUX"',
    '"long"',
    '"\\ud800"',
    '"' + "9" * 4000 + '"',
    "null",
    "7",
    "[[[]]]",
    '"0x"',
    '"None"',
    '"BTC"',
)
NUMBER, TEXT = re.compile(rb'(?<=[:,\[])"?-?\d[\d.]*"?(?=[,\]}])'), re.compile(rb'"[^"]*"')


class Seeds(msgspec.Struct):
    """What a venue sends, and the answers that say which instruments it has."""

    venue: str
    now: int
    frames: list[bytes]
    answers: list[tuple[Call, bytes]]


async def _seeds(market: Market, name: str) -> Seeds:
    venue = venue_of(name)
    async with Emulator(market, speed=0, venues=(name,)) as emulator, aiohttp.ClientSession() as session:
        to_liquidations(emulator, name)
        frames = list[bytes]()
        for path, messages in STREAMS[name]:
            async with session.ws_connect(
                f"{emulator.url}/{name}/{path}", max_msg_size=2**24, autoping=False
            ) as client:
                for message in messages:
                    await client.send_str(message)
                frames += [one.data for one in await hear(client) if one.type is not aiohttp.WSMsgType.PING]
                await emulator.advance(6)
                frames += [one.data for one in await hear(client) if one.type is not aiohttp.WSMsgType.PING]
        answers = list[tuple[Call, bytes]]()
        for call in venue.instrument_calls():
            address = f"{emulator.url}/{name}/{call.host}{call.path}"
            async with session.request(call.method, address, params=call.parameters, data=call.body or None) as answer:
                answers.append((call, await answer.read()))
        kept = [one.encode() if isinstance(one, str) else one for one in frames if one]
        return Seeds(name, emulator.clock.now(), kept[:400], answers)


@pytest.fixture(scope="module")
def seeds(market: Market) -> list[Seeds]:
    async def all_of_them() -> list[Seeds]:
        return [await _seeds(market, name) for name in STREAMS]

    return asyncio.run(all_of_them())


def mutated(frame: bytes, other: bytes, chance: random.Random) -> bytes:
    """Return a frame with one to three changes."""
    packed = frame.startswith(b"\x1f\x8b")
    inside = packed and chance.random() < 0.8
    text = gzip.decompress(frame) if inside else frame
    for _ in range(chance.randint(1, 3)):
        text = _change(text, other, chance)
    return gzip.compress(text, 1, mtime=0) if inside else text


def _change(text: bytes, other: bytes, chance: random.Random) -> bytes:
    first, last = sorted(chance.randrange(len(text) + 1) for _ in range(2)) if text else (0, 0)
    last = min(last, first + 30)
    kind = chance.randrange(10)
    if kind == 0:
        return text[:first]
    if kind == 1:
        return text[:first] + text[last:]
    if kind == 2:
        return text[:first] + chance.randbytes(chance.randint(1, 6)) + text[last:]
    if kind == 3:
        return text[:last] + text[first:]
    if kind == 4:
        return text[:first] + other[first:]
    if kind == 5:
        return b"[" * chance.choice((1, 2000)) + text
    pattern, values = (NUMBER, NUMBERS) if kind < 8 else (TEXT, TEXTS)
    places = list(pattern.finditer(text))
    if not places:
        return text
    place = chance.choice(places)
    return text[: place.start()] + chance.choice(values).encode() + text[place.end() :]


def records(seeds: Seeds, frames: list[bytes]) -> Iterator[Record]:
    for call, body in seeds.answers:
        yield Record(0, seeds.now, 0, Kind.ANSWER, pack_answer(Heading(call=call, status=200), body))
    yield Record(0, seeds.now, 0, Kind.NOTE, msgspec.json.encode(Listed(venue=seeds.venue)))
    source = Source(venue=seeds.venue, feed="all", kinds=(), limit=60.0)
    yield Record(0, seeds.now, 1, Kind.SOURCE, msgspec.json.encode(source))
    for number, frame in enumerate(frames, start=1):
        yield Record(0, seeds.now + number * 1_000_000, 1, Kind.FRAME, frame)
        if number % SLOT == 0 or number == len(frames):
            tick = Tick({1: (1, seeds.now, seeds.now + number * 1_000_000)}, regular=True)
            yield Record(0, seeds.now + number * 1_000_000, 0, Kind.NOTE, msgspec.json.encode(tick))


def read(seeds: Seeds, frames: list[bytes]) -> Counter[str]:
    """Read frames as the collector does; return the rows by kind, which are sound, and what failed."""
    normaliser, counts = Normaliser(venue_of), Counter[str]()
    for record in records(seeds, frames):
        if not normaliser.take(record):
            continue
        for kind, rows in normaliser.output().rows().items():
            counts[kind] += rows.height
            if kind == "quarantine":
                failed = rows.filter(rows["fault"].str.starts_with("reader failed"))
                counts["reader failed"] += failed.height
                counts.update(f"{seeds.venue} {fault[15:60]}" for fault in failed["fault"])
                continue
            faults = rows.select(fault_of_each_row(KINDS[kind]).alias("fault")).drop_nulls()
            assert faults.is_empty(), (seeds.venue, kind, faults["fault"][0])
    counts["unknown"] += sum(normaliser.health.unknown.values())
    counts["refused"] += sum(feed.quarantined for feed in normaliser.health.feeds.values())
    return counts


def go_through(seeds: list[Seeds], frames: int, seed: int) -> Counter[str]:
    chance, counts = random.Random(seed), Counter[str]()  # noqa: S311
    for one in seeds:
        classify = venue_of(one.venue).classify
        changed = [mutated(chance.choice(one.frames), chance.choice(one.frames), chance) for _ in range(frames)]
        for frame in changed:
            assert classify(frame).kind
        counts.update(read(one, [*one.frames[:10], *changed]))  # after the acknowledgements, which some readers need
    return counts


def test_no_reader_refuses_its_own_frames(seeds: list[Seeds]):
    counts = [read(one, one.frames) for one in seeds]
    assert [one.venue for one, count in zip(seeds, counts, strict=True) if count["refused"]] == []
    assert (
        sum(count[kind] for count in counts for kind in ("liquidations", "premium", "open_interest", "funding")) > 200
    )


def test_a_frame_that_was_cut_gives_no_row(seeds: list[Seeds]):
    for one in seeds:
        counts = read(one, [frame[: len(frame) * 2 // 3] for frame in one.frames])
        assert not set(counts) & (KINDS.keys() - {"quarantine", "gaps"}), (one.venue, counts)


def test_changed_frames_are_in_quarantine_or_sound_rows(seeds: list[Seeds]):
    counts = go_through(seeds, 150, seed=1)
    assert counts["reader failed"] <= 5
    assert counts["refused"] > 200


@pytest.mark.study
def test_a_million_changed_frames_are_in_quarantine_or_sound_rows(seeds: list[Seeds]):
    frames = int(os.environ.get("FRAMES", "1000000")) // len(seeds)
    counts = Counter[str]()
    for part in range(0, frames, 1_000):
        counts.update(go_through(seeds, min(1_000, frames - part), seed=part))
        sys.stdout.write(f"{(part + 1_000) * len(seeds):,} frames: {dict(counts)}\n")
        sys.stdout.flush()
    assert counts["reader failed"] < frames * len(seeds) / 100
