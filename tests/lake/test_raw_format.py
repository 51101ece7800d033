"""Records of the raw log prove themselves."""

import random

from hypothesis import given
from hypothesis import strategies as st

from runout.lake.raw_format import Kind, encode, next_record, parse

PAYLOADS = st.lists(st.binary(max_size=40), min_size=1, max_size=8)


def _bytes(payloads: list[bytes]) -> list[bytes]:
    return [encode(Kind.FRAME, 7, payload, 1_000 + n) for n, payload in enumerate(payloads)]


@given(PAYLOADS)
def test_what_is_encoded_is_parsed(payloads: list[bytes]):
    parsed = parse(b"".join(_bytes(payloads)), 0)
    assert [record.payload for record in parsed.records] == payloads
    assert [record.received for record in parsed.records] == [1_000 + n for n in range(len(payloads))]
    assert not parsed.broken


@given(PAYLOADS, st.data())
def test_a_cut_at_any_byte_loses_only_the_record_that_is_cut(payloads: list[bytes], data: st.DataObject):
    encoded = _bytes(payloads)
    whole = b"".join(encoded)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [sum(map(len, encoded[: n + 1])) for n in range(len(encoded))]
    parsed = parse(whole[:cut], 0)
    assert [record.payload for record in parsed.records] == payloads[: sum(end <= cut for end in ends)]
    assert not parsed.broken


@given(PAYLOADS, st.randoms(use_true_random=False))
def test_a_changed_byte_is_noticed_and_costs_one_record(payloads: list[bytes], chance: random.Random):
    encoded = _bytes([*payloads, b"the last"])
    whole = bytearray(b"".join(encoded))
    victim = chance.randrange(len(encoded) - 1)
    place = sum(map(len, encoded[:victim])) + chance.randrange(len(encoded[victim]))
    whole[place] ^= 1 + chance.randrange(255)
    data, start, read = bytes(whole), 0, []
    while start < len(data):
        parsed = parse(data, start)
        read += [record.payload for record in parsed.records]
        start = next_record(data, parsed.end)
        if start < 0:
            break
    assert read == [payload for n, payload in enumerate([*payloads, b"the last"]) if n != victim]
