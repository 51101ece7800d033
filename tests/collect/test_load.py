"""A cascade's load: loss accounted for exactly, memory bounded."""

import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path

import msgspec
import pytest

from collect.test_kills import REPOSITORY, end
from runout.collect.service import STATUS_FILE, CollectorStatus
from runout.lake import Lake
from runout.lake.raw_format import Kind
from runout.lake.raw_reader import read_all

RATE, SECONDS = int(os.environ.get("RATE", "50000")), float(os.environ.get("SECONDS", "60"))


async def _under_load(folder: Path) -> tuple[dict[str, int], int, float, float]:
    """Return what was sent, the collector's greatest memory, its CPU seconds, and the seconds it took."""
    environment = os.environ | {"PYTHONPATH": f"{REPOSITORY}/src:{REPOSITORY}/tests"}
    arguments = [str(Path(__file__).with_name("load_server.py")), str(RATE), str(SECONDS)]
    server = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    port = (await server.stdout.readline()).decode().strip()
    arguments = ["-m", "collect.collector_process", str(folder / "raw"), str(folder / "lake"), port]
    began = time.monotonic()
    collector = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, "BTCUSDT", "bars,liquidations", env=environment
    )
    memory, cpu = 0, 0.0
    counting = asyncio.create_task(server.stdout.readline())
    while not counting.done():
        await asyncio.sleep(0.5)
        memory = max(memory, _memory(collector.pid))
        cpu = _cpu(collector.pid)
    taken = time.monotonic() - began
    sent = msgspec.json.decode(counting.result(), type=dict[str, int])
    await asyncio.sleep(2.0)
    await end(collector)
    with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
        server.kill()
    await server.wait()
    return sent, memory, cpu, taken


def _memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * 4096


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.study
def test_a_cascade_of_messages_is_kept_and_loss_is_accounted_for(tmp_path: Path):
    sent, memory, cpu, taken = asyncio.run(_under_load(tmp_path))
    status = msgspec.json.decode((tmp_path / "raw" / STATUS_FILE).read_bytes(), type=CollectorStatus)
    trades, liquidations = 0, set[bytes]()
    for _, records in read_all(tmp_path / "raw"):
        for record in records:
            if record.kind == Kind.FRAME and record.payload.startswith(b'{"e":"trade"'):
                trades += 1
            elif record.kind == Kind.FRAME and record.payload.startswith(b'{"e":"liq"'):
                liquidations.add(record.payload)
    sys.stdout.write(
        f"sent {sent}, {sent['trades'] / SECONDS:,.0f} a second; kept {trades:,} trades and "
        f"{len(liquidations):,} liquidations, dropped {status.dropped:,}; memory {memory / 1e6:.0f} MB, "
        f"{cpu / max(1, trades) * 1e6:.1f} µs of CPU a message, {taken:.0f} s\n"
    )
    assert trades + status.dropped == sent["trades"]
    assert len(liquidations) == sent["liquidations"]
    lake = Lake(tmp_path / "lake")
    assert lake.scan("liquidations").collect().height == sent["liquidations"]
    assert memory < 500e6
