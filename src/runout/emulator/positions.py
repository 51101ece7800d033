"""Positions of single accounts, for venues that publish them: those of the simulation, by address."""

import hashlib
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE
from runout.emulator.market import Market

DAY, MINUTE = NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE


class Position(NamedTuple):
    """One position: coins (negative: short), entry, leverage, liquidation price (0: none)."""

    quantity: float
    entry: float
    leverage: float
    liquidation_price: float


class Fill(NamedTuple):
    """One forced close of an account: UTC ns, coins, side that was closed (1 long), price paid, mark price."""

    time: int
    quantity: float
    side: int
    price: float
    mark: float


def address(account: int) -> str:
    """Return the address of an account.

    Examples
    --------
    >>> address(7)
    '0x7902699be42c8a8e46fbbb4501726517e86b22c5'
    """
    return "0x" + hashlib.sha256(str(account).encode()).hexdigest()[:40]


class Accounts:
    """The accounts of a simulated venue.

    Parameters
    ----------
    market, place
        The market and the simulated venue.
    """

    def __init__(self, market: Market, place: int) -> None:
        self._market, self._place = market, place
        self.by_address: dict[str, int] = {}
        for track in market.tracks.values():
            for account in np.unique(track.snapshots[track.snapshots[:, 2] == place, 1]).astype(int).tolist():
                self.by_address[address(account)] = account
        self._at = lru_cache(maxsize=8)(self._positions_at)

    def positions(self, account: int, time: int) -> dict[str, Position]:
        """Return the positions of an account by coin; accounts of the same number are one person."""
        return {
            coin: stored[account]
            for coin in self._market.tracks
            if account in (stored := self._at(coin, time // MINUTE))
        }

    def _positions_at(self, coin: str, minute_of_time: int) -> dict[int, Position]:
        track, minute = self._market.tracks[coin], minute_of_time - self._market.first // MINUTE
        rows = track.snapshots
        days = rows[:, 0]
        ended = days[(days + 1) * 1440 <= minute]
        if not len(ended):
            return {}
        rows = rows[(days == ended.max()) & (rows[:, 2] == self._place)]
        stored = {
            int(account): Position(quantity, entry, leverage, level)
            for _, account, _, _, quantity, entry, leverage, level, _ in rows.tolist()
        }
        changes = track.changes[(track.changes.minute >= (ended.max() + 1) * 1440) & (track.changes.minute < minute)]
        known = set(self.by_address.values())
        for row in changes:
            if int(row.account) in known:
                stored[int(row.account)] = Position(
                    float(row.quantity), float(row.entry), float(row.leverage), float(row.level)
                )
        return {account: item for account, item in stored.items() if item.quantity}

    def fills(self, account: int, since: int, until: int) -> list[tuple[str, Fill]]:
        """Return the forced closes of an account in [since, until), by coin."""
        results: list[tuple[str, Fill]] = []
        for coin, track in self._market.tracks.items():
            for row in track.forced[(track.forced.account == account) & (track.forced.venue == self._place)]:
                time = self._market.first + (int(row.minute) + 1) * MINUTE
                if since <= time < until:
                    fill = Fill(time, float(row.quantity), int(row.side), float(row.price), float(row.mark))
                    results.append((coin, fill))
        return results
