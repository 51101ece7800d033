"""Emulated venues, collector, updates, server and a browser: what is on the wire is on the page."""

import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.test_live import answer, begin, free_port
from page.conftest import browser, settled, visit
from runout.clock import format_time, parse_emulated_clock
from runout.emulator.market import MOVE_HOUR
from runout.lake.tailed import TailedLake

__all__ = ["browser", "visit"]  # fixtures
pytestmark = [pytest.mark.study, pytest.mark.xdist_group("live")]
Visit = Callable[..., Page]
_EVENTS = """() => (runoutState.tape.value.data?.rows ?? []).map(
  (one) => [Date.parse(one.event_time), one.value_usd.toFixed(2), one.venue])"""
_WATCH = """() => {
  const name = (one) => JSON.stringify([one.event_time, one.value_usd.toFixed(2)]);
  const rows = runoutState.tape.value.data?.rows ?? [];
  const known = new Map(rows.map((one) => [name(one), one]));
  globalThis.seen = [];
  const shown = (write) => requestAnimationFrame(() => write(performance.timeOrigin + performance.now()));
  runoutState.tape.subscribe((part) => {
    for (const one of part.data?.rows ?? []) if (!known.has(name(one))) {
      const entry = { time: Date.parse(one.event_time), usd: one.value_usd, tape: null, bar: null };
      known.set(name(one), one);
      seen.push(entry);
      shown((moment) => (entry.tape = moment));
    }
  });
  runoutState.liquidations.subscribe((part) => {
    for (const entry of seen) if (entry.bar === null) {
      const bar = (part.data?.rows ?? []).find((one) =>
        Date.parse(one.event_time) >= entry.time && Date.parse(one.event_time) - one.span / 1e6 < entry.time);
      if (!bar) continue;
      const begin = Date.parse(bar.event_time) - bar.span / 1e6;
      const before = [...known.values()].filter((one) =>
        Date.parse(one.event_time) > begin && Date.parse(one.event_time) <= entry.time);
      const sum = before.reduce((total, one) => total + one.value_usd, 0);
      if (bar.long_usd + bar.short_usd >= sum * 0.999) shown((moment) => (entry.bar = moment));
    }
  });
}"""
_HOUR = 3_600_000_000_000
_INTO_ITS_MOVE = 600_000_000_000
"""The first liquidations come eight minutes after the slide begins, and hundreds a minute from ten on."""


def in_its_slide(folder: Path) -> Path:
    """Leave a market whose clock goes on, at its own pace, within its slide; return the file that says its clock."""
    present = time.time_ns()
    move = (present // (24 * _HOUR) - 1) * 24 * _HOUR + MOVE_HOUR * _HOUR
    clock = f"{format_time(move + _INTO_ITS_MOVE)} at {present} x 1"
    market = folder / "lake" / "emulated-market.json"
    market.parent.mkdir()
    market.write_text(json.dumps({"start": format_time(move - 4 * _HOUR), "clock": clock}))
    return market


@contextmanager
def live(folder: Path, *arguments: str) -> Iterator[str]:
    port = free_port()
    running = begin(folder, port, *arguments)
    try:
        address = f"http://127.0.0.1:{port}"
        answer(f"{address}/health/live", 900)
        yield address
    finally:
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=120)
        sys.stdout.write(said[-2_000:])


def server_of(folder: Path) -> int:
    """Return the process that serves the lake of a folder."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        words = entry.read_bytes().split(b"\0")
        if b"serve" in words and Path(f"/proc/{entry.parent.name}/cwd").resolve() == folder.resolve():
            return int(entry.parent.name)
    raise AssertionError("no server")


def until(page: Page, condition: str, seconds: float) -> Any:
    return page.wait_for_function(condition, timeout=seconds * 1_000).json_value()


def test_a_liquidation_on_the_wire_is_in_the_tape_and_its_bar_within_a_second(visit: Visit, tmp_path: Path) -> None:
    market = in_its_slide(tmp_path)
    with live(tmp_path, "--days=2", "--venue=bybit", "--scenario=systemic") as address:
        page = visit(f"{address}/?days=1")
        expect(page.get_by_role("button", name="Live", exact=True)).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".tape tbody tr").first).to_be_visible(timeout=300_000)
        page.evaluate(_WATCH)
        clock = parse_emulated_clock(json.loads(market.read_text())["clock"])
        # What came while the collector's processes were still starting is not counted.
        begun = until(page, "() => seen.find((one) => one.tape)?.tape", 900) + (clock.market - clock.wall) / 1e6
        later = f"seen.filter((one) => one.bar && one.tape && one.time > {begun})"
        seen = until(page, f"() => {later}.length >= 30 ? {later} : null", 900)
        rows = (
            TailedLake(tmp_path / "lake").as_of("liquidations").select("event_time", "value_usd", "known_time").rows()
        )

        def received(one: dict[str, float]) -> int:
            same = [row for row in rows if row[0] // 1_000_000 == one["time"] and abs(row[1] - one["usd"]) < 0.01]
            assert same, one
            return same[0][2] + clock.wall - clock.market

        for place in ("tape", "bar"):
            seconds = sorted(one[place] / 1_000 - received(one) / 1e9 for one in seen)
            late = seconds[int(0.95 * len(seconds))]
            sys.stdout.write(f"seconds from wire to {place}: {statistics.median(seconds):.2f}, 95% {late:.2f}\n")
            assert statistics.median(seconds) <= 1.0

        before = page.evaluate(_EVENTS)
        page.reload()
        expect(page.locator(".tape tbody tr").first).to_be_visible()
        after = page.evaluate(_EVENTS)
        oldest = min(one[0] for one in after)  # a tape ends with its two hundredth event
        assert [one for one in before if one not in after and one[0] > oldest] == []

        server = server_of(tmp_path)
        os.kill(server, signal.SIGSTOP)
        stopped = time.monotonic()
        try:
            expect(page.get_by_text("No sign of life from the server for")).to_be_visible(timeout=30_000)
            sys.stdout.write(f"seconds until the banner: {time.monotonic() - stopped:.1f}\n")
        finally:
            os.kill(server, signal.SIGCONT)
        expect(page.get_by_text("No sign of life from the server for")).to_have_count(0)
        page.screenshot(path=str(tmp_path / "live.png"))


def test_rehearsal_a_slide_at_sixty_times_its_pace_is_followed_to_its_end(visit: Visit, tmp_path: Path) -> None:
    """The steps of docs/page.md#rehearsal: a synthetic slide like that of 10 October 2025."""
    with live(tmp_path, "--days=7", "--venue=bybit", "--scenario=systemic", "--speed=60") as address:
        page = visit(f"{address}/?days=1")
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        settled(page)
        expect(page.get_by_text("SYNTHETIC MARKET", exact=True)).to_be_in_viewport()
        first = until(page, "() => runoutState.candles.value.data?.rows.at(-1)?.close", 60)
        slid = f"() => runoutState.candles.value.data?.rows.at(-1)?.close < {first} * 0.93"
        until(page, slid, 900)
        sum_usd = "(runoutState.tape.value.data?.rows ?? []).reduce((sum, one) => sum + one.value_usd, 0)"
        until(page, f"() => {sum_usd} > 1e6", 300)
        page.screenshot(path=str(tmp_path / "rehearsal.png"))
        assert errors == []
