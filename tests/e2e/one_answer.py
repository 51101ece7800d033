"""Every way of asking about one moment, and the figures that they share."""

import json
from typing import Any

import pytest

from runout.api.session import Session
from runout.cli.main import main
from runout.clock import format_time
from runout.lake import Lake


def asked(capsys: pytest.CaptureFixture[str], lake: Lake, at: int, *words: str) -> dict[str, Any]:
    """Return the JSON that a command prints of BTC at a moment."""
    command, *options = words
    assert main([command, "BTC", *options, "--at", format_time(at), "--format", "json", "--lake", str(lake.root)]) == 0
    return json.loads(capsys.readouterr().out)


def require_one_answer(capsys: pytest.CaptureFixture[str], lake: Lake, at: int, *, forecast: bool) -> None:
    """Assert that bulletin, map, what-if, forecast and Python say the same of BTC at ``at``, and write nothing."""
    before = lake.fingerprint()
    bulletin, drawn = asked(capsys, lake, at, "bulletin"), asked(capsys, lake, at, "map")
    move = asked(capsys, lake, at, "whatif", "--drop", "5%")
    python = Session(str(lake.root))
    brief = bulletin["brief"]
    assert brief["price"] == pytest.approx(drawn["price"], rel=1e-7)
    assert move["price"] == drawn["price"]
    same_map(brief, drawn)
    assert json.loads(python.map("BTC", at=format_time(at)).to_json()) == drawn
    assert brief["fall"]["stop_price"] == pytest.approx(move["cases"]["value"]["price_usd"], rel=1e-6)
    assert brief["fall"]["price"] == pytest.approx(brief["price"] * 0.95)
    assert json.loads(python.whatif("BTC", at=format_time(at), drop="5%").to_json()) == move
    assert json.loads(python.bulletin("BTC", at=format_time(at)).to_json()) == bulletin
    if forecast:
        same_forecast(brief, asked(capsys, lake, at, "forecast"), move)
    assert lake.fingerprint() == before


def same_map(brief: dict[str, Any], drawn: dict[str, Any]) -> None:
    clusters = {(one["side"], one["low_price"], one["high_price"]): one for one in drawn["clusters"]}
    assert brief["levels"]
    for level in brief["levels"]:
        cluster = clusters[level["side"], level["low_price"], level["high_price"]]
        assert level["usd"]["value"] == pytest.approx(cluster["usd"], abs=1.0)
        assert level["distance"] == pytest.approx(cluster["distance"], abs=1e-6)


def same_forecast(brief: dict[str, Any], forecast: dict[str, Any], move: dict[str, Any]) -> None:
    window = forecast["windows"][0]
    assert brief["danger"]["level"] == window["danger_level"]
    assert brief["danger"]["chance"]["value"] == pytest.approx(wave(window["headline"]), abs=1e-6)
    (condition,) = (one for one in forecast["conditions"] if one["move"] == 0.05)
    said = wave(condition["headline"])
    assert brief["fall"]["chance"]["value"] == pytest.approx(said, abs=1e-6)
    assert wave(move["day_if_reached"]["headline"]) == pytest.approx(said, abs=1e-6)


def wave(chances: list[dict[str, float]]) -> float:
    return next(one["probability"] for one in chances if one["theta_usd"] == 1e9)
