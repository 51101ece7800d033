"""Limits as venues count them: weight by address and window, refusals, and bans that grow when ignored."""

from dataclasses import dataclass, field

from runout.emulator.forms import Law, Pool, Refused


@dataclass
class Account:
    """What the emulator has counted of one address at one venue; a live resource."""

    windows: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """By pool: number of the running window and weight used in it."""
    refused: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """By pool: number of the window and calls refused in it."""
    banned_since: float = 0.0
    banned_until: float = 0.0
    bans: int = 0
    """Bans, those of calls that ignored one included."""
    imposed: int = 0
    """Of the bans, those that no call brought but the script."""
    in_flight: int = 0
    """Calls that came so soon after a ban began that they count as sent before it was known."""
    calls: int = 0
    refusals: int = 0


IN_FLIGHT = 5.0
"""Real seconds from the beginning of a ban in which calls count as sent before it was known, and lengthen nothing;
where limits run fast, no more than two fifths of the ban."""


class Limits:
    """The limits of one venue.

    Parameters
    ----------
    pools, law
        As its form has them.
    speed
        Seconds of the wire's clock in a real second.
    """

    def __init__(self, pools: tuple[Pool, ...], law: Law, speed: float = 1.0) -> None:
        self.pools, self.law = {pool.name: pool for pool in pools}, law
        self._in_flight = min(IN_FLIGHT * speed, 0.4 * law.ban_seconds)
        self.accounts: dict[str, Account] = {}

    def take(
        self, address: str, pool_name: str, weight: int, now: float, path: str = ""
    ) -> tuple[tuple[str, str], ...]:  # fmt: skip
        """Count a call; return the headers that say what is used. Refuses over the limit, and during a ban.

        Parameters
        ----------
        address
            Of the client.
        pool_name, weight
            What the call takes, and from which limit.
        now
            Seconds of the wire's clock.
        path
            Of the call, where each path has its own limit.
        """
        account = self.accounts.setdefault(address, Account())
        account.calls += 1
        if now < account.banned_until:
            if now < account.banned_since + self._in_flight:
                account.in_flight += 1
                raise Refused("banned", seconds=account.banned_until - now)
            self._ban(account, now)
        pool = self.pools[pool_name]
        window = int(now // pool.seconds)
        key = f"{pool_name}{path if pool.by_path else ''}"
        used = _in(account.windows, key, window) + weight
        account.windows[key] = (window, used)
        if used > pool.capacity:
            self._refuse(account, pool, window, now)
        return ((pool.header, str(used)),) if pool.header else ()

    def punish(self, address: str, now: float) -> None:
        """Ban an address as if it had ignored the limit: the call is refused."""
        account = self.accounts.setdefault(address, Account())
        account.imposed += 1
        self._ban(account, now)

    def _refuse(self, account: Account, pool: Pool, window: int, now: float) -> None:
        account.refusals += 1
        times = _in(account.refused, pool.name, window) + 1
        account.refused[pool.name] = (window, times)
        if 0 <= self.law.patience < times:
            self._ban(account, now)
        raise Refused("slow-down", seconds=(window + 1) * pool.seconds - now)

    def _ban(self, account: Account, now: float) -> None:
        account.bans += 1
        account.banned_since = now
        length = min(self.law.ban_seconds * 2.0 ** (account.bans - 1), self.law.longest)
        account.banned_until = max(account.banned_until, now + length)
        raise Refused("banned", seconds=account.banned_until - now)


def _in(counts: dict[str, tuple[int, int]], pool: str, window: int) -> int:
    """Return the count of a pool in the running window."""
    number, count = counts.get(pool, (window, 0))
    return count if number == window else 0
