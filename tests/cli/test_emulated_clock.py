"""The clock of an emulated market, followed by every command."""

import pytest

from runout import clock
from runout.cli.main import main

DAY = clock.parse_time("2025-08-18")


@pytest.fixture(autouse=True)
def _this_machines_clock_afterwards():
    yield
    clock.follow(None)


def test_an_emulated_clock_runs_as_fast_as_it_says():
    wall = clock.now_ns() - 10 * clock.NANOSECONDS_PER_SECOND
    clock.follow(clock.EmulatedClock(DAY, wall, 60.0))
    assert 600 <= (clock.now_ns() - DAY) / clock.NANOSECONDS_PER_SECOND < 1200


@pytest.mark.parametrize("limit_speed", [1.0, 20.0])
def test_what_is_printed_is_read(limit_speed: float):
    emulated = clock.EmulatedClock(DAY, 1_795_941_500_123_456_789, 60.0, limit_speed)
    assert clock.parse_emulated_clock(str(emulated)) == emulated


def test_limits_run_as_fast_as_the_clock_says():
    real = clock.limit_seconds()
    clock.follow(clock.EmulatedClock(DAY, 1, 60.0, 20.0))
    assert clock.limit_seconds() == pytest.approx(20 * real, rel=1e-6)


@pytest.mark.parametrize(
    "text", ["now", "2025-08-18 at soon x 60", "2025-08-18 at 1 x 0", "2025-08-18 at 1 x 1 limits x 0"]
)
def test_a_clock_that_is_none_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("RUNOUT_EMULATED_CLOCK", text)
    assert main(["series"]) == 2
    assert "emulated_clock is wrong" in capsys.readouterr().err


def test_a_command_follows_the_clock_and_the_next_one_without_it_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUNOUT_EMULATED_CLOCK", "2025-08-18 at 1 x 1")
    main(["series"])
    assert clock.followed() == clock.EmulatedClock(DAY, 1, 1.0)
    monkeypatch.delenv("RUNOUT_EMULATED_CLOCK")
    main(["series"])
    assert clock.followed() is None
