"""A collector of the example venue as a process of its own: folder, lake, port of the server, symbols, kinds."""

import asyncio
import sys
from pathlib import Path

import msgspec

from collect import example_venue as example
from runout.clock import now_ns
from runout.collect.following import Pace
from runout.collect.service import Service, log_to_stderr
from runout.collect.supervisor import Scope
from runout.lake.raw_log import Policy
from runout.sources.venue import Answer, Call, Venue


def venue_of(name: str) -> Venue:
    return example.venue(name)


async def ask(_venue: Venue, call: Call) -> Answer:
    rows = [{"s": symbol, "t": now_ns(), "oi": 5.0} for symbol in SYMBOLS]
    body = msgspec.json.encode(SYMBOLS if call.purpose == "instruments" else rows)
    return Answer(status=200, headers={}, body=body, received=now_ns())


def main(folder: str, lake: str, port: str) -> None:
    log_to_stderr()

    async def run() -> None:
        service = Service(
            Path(folder), lake, [(example.venue(), Scope(coins=(), kinds=KINDS))], ask=ask,
            address=lambda _, connection: f"ws://127.0.0.1:{port}{connection.path}", venue_of=venue_of,
            policy=Policy(flush_seconds=0.01, sync_seconds=0.1), pace=Pace(deliver_seconds=2.0, checkpoint_seconds=0.5),
        )  # fmt: skip
        await service.run()

    asyncio.run(run())


KINDS = tuple(sys.argv[5].split(",")) if len(sys.argv) > 5 else ("liquidations",)
SYMBOLS = sys.argv[4].split(",") if len(sys.argv) > 4 else list(example.SYMBOLS)

if __name__ == "__main__":
    if "bars" in KINDS:  # A load: one connection that must hold.
        example.DEADLINE, example.ROTATE_TRADES = 10.0, 0.0
    main(*sys.argv[1:4])
