"""The list of faults: documented, built into scripts, and each does what it says."""

import re
from pathlib import Path

import pytest

from emulator.test_rest import ask
from emulator.test_streams import hear, subscribe, talk, to_the_flush
from runout.emulator import FAULTS, SCRIPTS, Emulator, Fault, Market, read_faults
from runout.emulator.faults import Script
from runout.errors import UsageError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "emulator.md"


def test_the_page_lists_every_fault_and_no_other() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [(name, where, says) for name, (where, says) in FAULTS.items()]


def test_scripts_that_are_built_in_name_faults_that_exist() -> None:
    for faults in SCRIPTS.values():
        Script(faults, 1)


def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "script.toml"
    file.write_text('[[fault]]\nkind = "overlap"\nvenue = "bybit"\nevery = 3\n')
    assert read_faults(file) == (Fault(kind="overlap", venue="bybit", every=3),)
    file.write_text('[[fault]]\nkind = "earthquake"\n')
    with pytest.raises(UsageError, match="earthquake"):
        read_faults(file)


def test_a_fault_strikes_when_where_and_as_often_as_it_says() -> None:
    script = Script((Fault(kind="overlap", venue="okx", match="candles", at=10, lasts=5, every=2, times=2),), 1)
    struck = [bool(script.strike("rest", "okx", "/candles", now)) for now in (9, 10, 10, 11, 11, 12, 12, 15)]
    assert struck == [False, False, True, False, True, False, False, False]
    assert not script.strike("rest", "gate", "/candles", 10)


def test_chances_are_drawn_from_the_seed() -> None:
    def struck(seed: int) -> list[int]:
        script = Script((Fault(kind="null", chance=0.3),), seed)
        return [len(script.strike("rest", "okx", "/", 0.0)) for _ in range(50)]

    assert struck(1) == struck(1) != struck(2)


def test_a_refusal_can_lack_the_time_to_wait(market: Market) -> None:
    path = "/binance/rest/fapi/v1/time"
    (plain,), (bare,) = (ask(market, path, faults=(Fault(kind=kind),)) for kind in ("slow-down", "slow-down-bare"))
    assert (plain[0], bare[0]) == (429, 429)
    assert "Retry-After" in plain[2]
    assert "Retry-After" not in bare[2]


def test_a_delisted_contract_goes_quiet_and_is_unknown_over_rest(market: Market) -> None:
    import aiohttp

    async def steps(emulator: Emulator, client: aiohttp.ClientWebSocketResponse) -> tuple[int, int, int]:
        await client.send_str(subscribe("btcusdt@markPrice@1s"))
        await hear(client)
        await emulator.advance(5)
        before = len(await hear(client))
        emulator.script.add(Fault(kind="delist", venue="binance", match="BTCUSDT"))
        await emulator.advance(5)
        await hear(client)
        await emulator.advance(5)
        after = len(await hear(client))
        async with aiohttp.ClientSession() as session:
            address = f"{emulator.url}/binance/um/fapi/v1/openInterest?symbol=BTCUSDT"
            async with session.get(address) as answer:
                return before, after, answer.status

    assert talk(market, "/binance/stream/market/stream", steps) == (5, 0, 400)


def test_a_contract_can_be_listed_while_the_emulator_runs(market: Market) -> None:
    path = "/binance/um/fapi/v1/openInterest?symbol=BTCUSDT"
    (before,) = ask(market, path, faults=(Fault(kind="list", venue="binance", match="BTCUSDT", at=60),))
    (after,) = ask(market, path)
    assert (before[0], after[0]) == (400, 200)


def test_a_venue_whose_clock_is_off_stamps_what_it_sends(market: Market) -> None:
    import aiohttp

    async def steps(emulator: Emulator, client: aiohttp.ClientWebSocketResponse) -> list[int]:
        to_the_flush(emulator)
        emulator.step()
        await client.send_str(subscribe("btcusdt@markPrice@1s"))
        await hear(client)
        await emulator.advance(3)
        return [int(one.json()["data"]["E"]) - emulator.clock.now() // 10**6 for one in await hear(client)]

    fault = Fault(kind="clock-offset", venue="binance", value=2)
    assert talk(market, "/binance/stream/market/stream", steps, fault) == [-1000, 0, 1000]
