"""Recorded payloads with something changed: the rest is read, the change is counted or refused, nothing is lost."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import test_recorded_payloads as others
import test_recorded_venues as core

from runout.sources.registry import venue_of
from runout.sources.venue import Rows

pytestmark = [pytest.mark.real, pytest.mark.study]
MISSING_FIELDS = 6


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Give every object inside a value, the outermost first."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(part)


def changed(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """Return a value with each number and text inside it changed."""
    if isinstance(value, dict):
        return {name: changed(part, leaf) for name, part in value.items()}
    return [changed(part, leaf) for part in value] if isinstance(value, list) else leaf(value)


def as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def as_number(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) and not value.isdigit() else value
    except ValueError:
        return value


def with_field(payload: Any) -> Any:
    for part in list(objects(payload)):
        part["addedLater"] = {"a": [1]}
    return payload


def missing(payload: Any, rng: np.random.Generator) -> Iterator[Any]:
    """Give a payload without one of its fields, a few times."""
    places = [(number, name) for number, part in enumerate(objects(payload)) for name in part]
    for place in rng.permutation(len(places))[:MISSING_FIELDS]:
        again = json.loads(json.dumps(payload))
        number, name = places[place]
        del list(objects(again))[number][name]
        yield again


def new_words(payload: Any) -> Iterator[Any]:
    """Give a payload in which the word of one field is one that nobody knows, for each word of a side or kind."""
    for number, part in enumerate(objects(payload)):
        for name, word in part.items():
            if name in {"S", "side", "direction", "type", "liquidation", "posSide", "taker_side"} and word:
                again = json.loads(json.dumps(payload))
                list(objects(again))[number][name] = "NeverHeard"
                yield again


def height(rows: Rows) -> int:
    return sum(table.height for table in rows.tables.values())


def check(read: Callable[[bytes], Rows], payload: Any, rng: np.random.Generator) -> None:
    def reread(content: Any) -> Rows:
        return read(json.dumps(content, separators=(",", ":")).encode())

    whole = reread(payload)
    if not height(whole):
        return
    if any(True for _ in objects(payload)):
        added = reread(with_field(json.loads(json.dumps(payload))))
        assert height(added) == height(whole) or added.refused.height, payload
        assert any("addedLater" in name for name in added.unknown) or added.refused.height, payload
    for leaf in (as_text, as_number):
        other = reread(changed(payload, leaf))
        assert height(other) == height(whole) or other.refused.height or other.unknown, (leaf, payload)
    for content in missing(payload, rng):
        reread(content)
    for content in new_words(payload):
        other = reread(content)
        assert other.refused.height or sum(other.unknown.values()) or height(other) == height(whole), content


@pytest.mark.parametrize("case", others.CASES, ids=[case[0] for case in others.CASES])
def test_a_changed_payload_is_read_counted_or_refused(real_data: Path, case) -> None:
    venue, files, symbol, *_ = case
    rng = np.random.default_rng(15)
    for payload in others.recorded(real_data, files):
        check(lambda body: others.read(venue, [body], symbol), json.loads(payload), rng)


@pytest.mark.parametrize("venue", core.VENUES[:4])
def test_a_changed_payload_of_a_core_venue_is_read_counted_or_refused(real_data: Path, venue: str) -> None:
    rng, listed = np.random.default_rng(15), core.instruments(venue)
    for payload in core.recorded(real_data, venue):
        check(lambda body: venue_of(venue).normalise([body], [core.RECEIVED], listed), json.loads(payload), rng)
