"""What records of a collector, alone: to be forked from a process that has imported it, and killed."""

import asyncio
import contextlib
import signal
from pathlib import Path

import msgspec

from collect import example_venue as example
from runout.clock import now_ns
from runout.collect.recorder import Recorder
from runout.collect.supervisor import Scope, Supervisor
from runout.lake.raw_log import Policy, RawLog
from runout.sources.venue import Answer, Call, Venue


async def _ask(_venue: Venue, call: Call) -> Answer:
    rows = [{"s": "BTCUSDT", "t": now_ns(), "oi": 5.0}]
    body = msgspec.json.encode(["BTCUSDT"] if call.purpose == "instruments" else rows)
    return Answer(status=200, headers={}, body=body, received=now_ns())


async def _record(folder: Path, port: int) -> None:
    log = RawLog(folder, Policy(flush_seconds=0.02, sync_seconds=0.1, roll_bytes=200_000))
    supervisor = Supervisor(
        Recorder(log), [(example.venue(), Scope(coins=(), kinds=("liquidations",)))], _ask,
        lambda _, connection: f"ws://127.0.0.1:{port}{connection.path}",
    )  # fmt: skip
    recording = asyncio.create_task(supervisor.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, recording.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await recording
    log.close()


def record(folder: str, port: int) -> None:
    asyncio.run(_record(Path(folder), port))
