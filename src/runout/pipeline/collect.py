"""Records the venues, and makes the lake's rows of what was recorded: live, and again from the raw log."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from runout.collect.addresses import Hosts, address_of
from runout.collect.budget import Budget
from runout.collect.following import Follower, Pace, Status
from runout.collect.http import Client
from runout.collect.metrics import serve_metrics
from runout.collect.service import Service, log_to_stderr
from runout.collect.supervisor import Scope
from runout.lake import Lake
from runout.lake.raw_log import Policy
from runout.lake.tail import Tail
from runout.sources.registry import venue_of
from runout.sources.venue import Connection, Venue

KINDS: Final = ("liquidations", "bars", "open_interest", "funding", "premium")


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What to record, and where.

    Parameters
    ----------
    folder
        Folder of this collector: raw log, tail, status.
    state
        Folder of the ledger of limits, shared by all processes behind one address.
    lake
        Address of the lake.
    venues
        Names of venues.
    scope
        Coins and kinds.
    hosts
        Addresses that replace the venues' own.
    policy, pace
        Of the raw log; of the rows.
    metrics_port
        Port on loopback for Prometheus; 0: none.
    """

    folder: Path
    state: Path
    lake: str
    venues: Sequence[str]
    scope: Scope
    hosts: Hosts = ""
    policy: Policy = Policy()
    pace: Pace = Pace()
    metrics_port: int = 0


def record(recording: Recording, *, seconds: float | None = None) -> None:
    """Record until SIGINT or SIGTERM, or for some seconds.

    Raises
    ------
    UsageError
        If another collector writes to the same folder.
    LakeError
        If the folder cannot be written.
    """
    log_to_stderr()
    if recording.metrics_port:
        serve_metrics(recording.folder, recording.metrics_port)
    asyncio.run(_record(recording, seconds))


async def _record(recording: Recording, seconds: float | None) -> None:
    venues = [(venue_of(name), recording.scope) for name in recording.venues]

    def address(venue: Venue, connection: Connection) -> str:
        return address_of(venue.facts, connection.host, recording.hosts) + connection.path

    with Budget(recording.state / "limits.sqlite") as budget:
        async with aiohttp.ClientSession() as session:
            service = Service(
                recording.folder,
                recording.lake,
                venues,
                ask=Client(session, budget, hosts=recording.hosts).ask,
                address=address,
                venue_of=venue_of,
                policy=recording.policy,
                pace=recording.pace,
            )
            await service.run(seconds=seconds)


def replay(folder: Path, lake: Lake) -> Status:
    """Make rows of a whole raw log, from its beginning, and bring them to a lake: as a live run did, byte for byte.

    Rows that the lake has stay as they are; a row that says something else goes to quarantine.

    Parameters
    ----------
    folder
        Folder of the collector.
    lake
        Where the rows go.
    """
    tail = Tail(Path(":memory:"))
    reader = Follower(folder, venue_of, tail, lake, Pace(checkpoint_seconds=30.0, deliver_seconds=30.0))
    reader.drain()
    return reader.status
