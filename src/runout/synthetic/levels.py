"""Liquidation prices of isolated positions, the lists they are kept in, and the log of changes."""

import math

from runout.synthetic.state import BUCKET_WIDTH, BUCKETS, INSURANCE, OWN, TAKER, TREND_FOLLOWER, Market


def liquidation_level(m: Market, i: int) -> float:
    """Return the mark price at which an isolated position meets its maintenance margin; 0 where there is none."""
    a, v = m.accounts, m.accounts[i].venue
    q = a[i].quantity
    rates, amounts = m.tiers[v, 0], m.tiers[v, 1]
    level = 0.0
    for k in range(len(rates)):
        if q > 0.0:
            level = max(level, (-a[i].cash - amounts[k]) / (q * (1.0 - rates[k])))
        else:
            at = (a[i].cash + amounts[k]) / (-q * (1.0 + rates[k]))
            level = at if k == 0 else min(level, at)
    return max(level, 0.0)


def bucket_of(m: Market, price: float) -> int:
    """Return the bucket of a price."""
    place = math.floor(math.log(price / m.whole[0].first_price) / BUCKET_WIDTH) + BUCKETS // 2
    return min(max(place, 0), BUCKETS - 1)


def enlist(m: Market, i: int) -> None:
    """Put a position into the list of its level."""
    a = m.accounts
    v, side = a[i].venue, (0 if a[i].quantity > 0.0 else 1)
    b = bucket_of(m, a[i].level)
    head = m.heads[v, side, b]
    a[i].following, a[i].preceding, a[i].bucket = head, -1, 2 * b + side
    if head >= 0:
        a[head].preceding = i
    m.heads[v, side, b] = i
    m.edge[v, side] = max(m.edge[v, side], b) if side == 0 else min(m.edge[v, side], b)


def delist(m: Market, i: int) -> None:
    """Take a position out of its list, if it is in one."""
    a = m.accounts
    if a[i].bucket < 0:
        return
    before, after = a[i].preceding, a[i].following
    if before >= 0:
        a[before].following = after
    else:
        m.heads[a[i].venue, a[i].bucket % 2, a[i].bucket // 2] = after
    if after >= 0:
        a[after].preceding = before
    a[i].bucket = -1


def settle(m: Market, i: int) -> None:
    """Bring level and lists up to date after a change; pay out what is left where nothing is open."""
    a = m.accounts
    delist(m, i)
    a[i].level = 0.0
    if a[i].quantity == 0.0:
        if a[i].cash < 0.0:
            m.accounts[OWN * a[i].venue + INSURANCE].cash += a[i].cash
        else:
            a[i].outside += a[i].cash
        a[i].cash, a[i].opened, a[i].pledge, a[i].seized = 0.0, -1, 0.0, 0.0
    elif a[i].kind == TAKER or a[i].kind == TREND_FOLLOWER:
        a[i].level = liquidation_level(m, i)
        if a[i].level > 0.0:
            enlist(m, i)


def note(m: Market, i: int, subject: int) -> None:
    """Log a position as it stands after a change."""
    a, row = m.accounts, m.counts[0]
    if row < len(m.changes):
        item = m.changes[row]
        item.minute, item.account, item.change = m.whole[0].minute, i, subject
        item.quantity, item.entry, item.leverage, item.level = a[i].quantity, a[i].entry, a[i].leverage, a[i].level
    m.counts[0] = row + 1
