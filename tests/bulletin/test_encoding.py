"""The bulletin as JSON, and its frozen schema."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from bulletin.bulletin_specimen import only, specimen
from bulletin.hostile import LABELS, hostile
from runout.bulletin.findings import Bulletin
from runout.cli.bulletin import render
from runout.errors import SchemaError
from runout.render import encoding
from runout.version import SCHEMA_VERSION

FROZEN = Path(__file__).with_name("schema.json")
"""Written once a schema major: msgspec.json.schema(Bulletin). Never edited to make a change pass within a major."""


def test_a_bulletin_survives_the_round_trip() -> None:
    made = encoding.rounded(specimen())
    assert encoding.decode(encoding.encode(made)) == made


def test_encoding_twice_changes_nothing() -> None:
    once = encoding.encode(specimen())
    assert encoding.encode(encoding.decode(once)) == once


def test_the_text_ends_with_one_line_feed_and_holds_no_other() -> None:
    printed = render(specimen(), "json")
    assert printed.endswith("}\n")
    assert printed.count("\n") == 1


def test_a_synthetic_bulletin_says_so() -> None:
    assert json.loads(encoding.encode(specimen()))["synthetic"] is True
    assert json.loads(encoding.encode(specimen(synthetic=False)))["synthetic"] is False


@pytest.mark.parametrize("label", LABELS)
def test_hostile_labels_come_back_as_they_were(label: str) -> None:
    assert encoding.decode(encoding.encode(hostile(label))).coin == label


def test_what_was_not_observed_is_null() -> None:
    content = json.loads(encoding.encode(only(specimen(), "leverage")))
    kraken = next(row for row in content["sections"][0]["tables"][0]["rows"] if row["label"] == "Kraken")
    assert kraken["values"] == [None] * 4


@given(some.floats(), some.sampled_from(tuple(encoding.ROUNDING)))
def test_rounding_is_stable_and_leaves_only_numbers_of_json(value: float, unit: encoding.Unit) -> None:
    once = encoding.round_figure(value, unit)
    assert once is None or encoding.round_figure(once, unit) == once
    assert "-0.0" not in str(once) or (once is not None and once < 0)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"coin": 1}', b"\xff\xfe"])
def test_what_is_no_bulletin_is_refused_with_words(content: bytes) -> None:
    with pytest.raises(SchemaError, match="expected the JSON of a bulletin"):
        encoding.decode(content)


def test_a_field_of_a_later_minor_is_ignored() -> None:
    content = json.loads(encoding.encode(specimen()))
    content["later"] = {"a": 1}
    assert encoding.decode(json.dumps(content).encode()) == encoding.rounded(specimen())


def test_nothing_of_the_frozen_schema_was_taken_away_or_changed() -> None:
    frozen = json.loads(FROZEN.read_bytes())
    assert frozen["major"] == SCHEMA_VERSION.split(".", maxsplit=1)[0], "a new major freezes a new schema.json"
    current = json.loads(msgspec.json.encode(msgspec.json.schema(Bulletin)))["$defs"]
    for name, expected in frozen["$defs"].items():
        assert name in current
        assert_extends(current[name], expected, name)


def assert_extends(current: dict[str, Any], frozen: dict[str, Any], name: str) -> None:
    """Check that readers of the frozen schema can read the current one, and its files with the current code."""
    for field, expected in frozen["properties"].items():
        assert field in current["properties"], f"{name}.{field} was taken away"
        found = current["properties"][field]
        if "enum" in expected:
            assert set(expected["enum"]) <= set(found["enum"]), f"{name}.{field} lost a value"
        else:
            assert found == expected, f"{name}.{field} changed"
    assert set(current["required"]) <= set(frozen["required"]), f"{name} demands what older files do not have"
