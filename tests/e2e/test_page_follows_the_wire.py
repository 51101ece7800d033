"""Emulated venues, collector, updates, server and a browser: what is on the wire is on the page."""

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

__all__ = ["browser", "visit"]  # fixtures
pytestmark = [pytest.mark.study, pytest.mark.xdist_group("live")]
Visit = Callable[..., Page]
_EVENTS = "() => (runoutState.tape.value.data?.rows ?? []).map((one) => [one.event_time, one.value_usd, one.venue])"
_WATCH = """() => {
  const rows = runoutState.tape.value.data?.rows ?? [];
  const seen = new Set(rows.map((one) => JSON.stringify([one.event_time, one.value_usd])));
  globalThis.latencies = [];
  runoutState.tape.subscribe((part) => {
    for (const one of part.data?.rows ?? []) {
      const name = JSON.stringify([one.event_time, one.value_usd]);
      if (!seen.has(name)) {
        seen.add(name);
        const shown = performance.timeOrigin + performance.now();
        requestAnimationFrame(() => latencies.push([Date.parse(one.event_time), shown, one.value_usd]));
      }
    }
  });
}"""


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
    with live(tmp_path, "--days=2", "--venue=bybit", "--speed=1") as address:
        page = visit(f"{address}/?days=1")
        expect(page.get_by_role("button", name="Live", exact=True)).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".tape tbody tr").first).to_be_visible(timeout=300_000)
        page.evaluate(_WATCH)
        latencies = until(page, "() => latencies.length >= 12 ? latencies : null", 900)
        seconds = sorted((shown - event) / 1_000 for event, shown, _ in latencies)
        sys.stdout.write(f"seconds from event to page: {[round(one, 2) for one in seconds]}\n")
        assert statistics.median(seconds) <= 1.0

        event, _, usd = latencies[-1]
        bucket = f"""() => (runoutState.liquidations.value.data?.rows ?? []).some((one) =>
          Date.parse(one.event_time) >= {event} && Date.parse(one.event_time) - one.span / 1e6 < {event}
          && one.long_usd + one.short_usd >= {usd} * 0.999)"""
        until(page, bucket, 10)

        before = page.evaluate(_EVENTS)
        page.reload()
        expect(page.locator(".tape tbody tr").first).to_be_visible()
        after = page.evaluate(_EVENTS)
        assert [one for one in before if one not in after] == []

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
