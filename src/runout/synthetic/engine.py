"""A minute of one coin's market, and the day; plain Python over arrays, of which ``compiled`` makes the fast twin.

Order within a minute: news moves the fundamental; makers re-quote; arbitrageurs pull venues together; agents take their
turns; venues' own funds unwind; marks are set and positions they cross are closed, round by round until none is
crossed; funding is paid. Random numbers come in with the day (:class:`~runout.synthetic.state.Draws`).
"""

import math

from runout.synthetic.book import requote, take
from runout.synthetic.levels import settle
from runout.synthetic.liquidation import clear, equity
from runout.synthetic.rules import INTEREST, carried, couple, turn
from runout.synthetic.state import (
    BACKSTOP,
    BAR_BOUGHT,
    BAR_CLOSE,
    BAR_HIGH,
    BAR_LOW,
    BAR_OPEN,
    BAR_VOLUME,
    HOUR_ASK,
    HOUR_BID,
    HOUR_FUNDING,
    HOUR_INSURANCE,
    HOUR_LONG,
    HOUR_LONG_ACCOUNTS,
    HOUR_SHORT,
    HOUR_SHORT_ACCOUNTS,
    INSURANCE,
    MINUTES_PER_BAR,
    MINUTES_PER_DAY,
    OWN,
    TAKER,
    TREND_FOLLOWER,
    Draws,
    Market,
)

RECOVERY = 0.0027
"""Share a minute of the way back from where trades have left the fundamental to its value: 15% an hour."""
FULL = 1e-4
"""A book with less than so many depths consumed counts as full."""
UNWIND_SHARE = 0.02
"""Share of what it took over that a fund sells a minute."""
CLAMP, CAP = 0.0005, 0.003
"""Funding: clamp for eight hours, and the cap."""


def make_markets(m: Market, target: float) -> None:
    """Let makers follow the news, replenish, and withdraw where the price moves more than usual."""
    x = m.markets
    for v in range(len(x)):
        move = x[v].price / x[v].before - 1.0
        x[v].before = x[v].price
        x[v].variance += 0.07 * (move * move - x[v].variance)
        x[v].mid += x[v].lag * (m.whole[0].fundamental * (1.0 + carried(m, v)) - x[v].mid)
        x[v].consumed *= m.whole[0].replenished if abs(x[v].consumed) > FULL else 0.0
        fear = max(math.sqrt(x[v].variance / m.whole[0].usual_variance) - 1.0, 0.0)
        x[v].depth = (
            m.whole[0].depth_ratio * x[v].depth_share * target * x[v].mid / (1.0 + m.whole[0].withdrawal * fear)
        )
        m.whole[0].events += 1.0
        requote(m, v)


def unwind(m: Market, v: int) -> None:
    """Let the venue's funds sell a part of what they took over."""
    for j in (OWN * v + BACKSTOP, OWN * v + INSURANCE):
        quantity = m.accounts[j].quantity
        if quantity != 0.0:
            small = abs(quantity) * m.markets[v].price < 1000.0
            take(m, j, -quantity if small else -UNWIND_SHARE * quantity, m.whole[0].forced_impact)
            m.whole[0].events += 1.0


def pay_funding(m: Market, v: int) -> None:
    """Set the rate from the mean premium; longs pay shorts, and levels move."""
    a, x, hours = m.accounts, m.markets, m.markets[v].funding_minutes / 60.0
    premium = x[v].premium / m.markets[v].funding_minutes
    rate = premium + min(max(INTEREST - premium, -CLAMP), CLAMP)
    x[v].funding = min(max(rate, -CAP), CAP)
    x[v].premium = 0.0
    for i in range(len(a)):
        if a[i].venue == v and a[i].quantity != 0.0:
            a[i].cash -= a[i].quantity * x[v].mark * x[v].funding * hours / 8.0
            if a[i].kind == TAKER or a[i].kind == TREND_FOLLOWER:
                settle(m, i)
            m.whole[0].events += 1.0


def observe(m: Market, v: int) -> None:
    """Let averages of the basis and the premium see the minute."""
    x = m.markets
    gap = x[v].price / x[len(x) - 1].price - 1.0
    x[v].basis += 0.5 * (gap - x[v].basis)
    x[v].premium += gap


def keep_hour(m: Market, v: int, hour: int) -> None:
    """Log what the venue's books show at the end of an hour; sums are taken anew so that no error adds up."""
    a, x, row = m.accounts, m.markets, m.hourly[hour, v]
    row[:] = 0.0
    for i in range(len(a)):
        if a[i].venue == v and a[i].quantity != 0.0:
            row[HOUR_LONG] += max(a[i].quantity, 0.0)
            row[HOUR_SHORT] += max(-a[i].quantity, 0.0)
            row[HOUR_LONG_ACCOUNTS] += 1.0 if a[i].quantity > 0.0 else 0.0
            row[HOUR_SHORT_ACCOUNTS] += 1.0 if a[i].quantity < 0.0 else 0.0
    x[v].long_open, x[v].short_open = row[HOUR_LONG], row[HOUR_SHORT]
    row[HOUR_BID] = x[v].depth * max(1.0 + min(x[v].consumed, 0.0), 0.02)
    row[HOUR_ASK] = x[v].depth * max(1.0 - max(x[v].consumed, 0.0), 0.02)
    row[HOUR_FUNDING], row[HOUR_INSURANCE] = x[v].funding, equity(m, OWN * v + INSURANCE)


def minute(m: Market, draws: Draws, number: int) -> None:
    """Run one minute; ``number`` counts from the start of the day."""
    x, venues = m.markets, len(m.edge)
    if number % MINUTES_PER_BAR == 0:
        for v in range(venues + 1):
            bar = m.bars[v, number // MINUTES_PER_BAR]
            bar[BAR_OPEN] = bar[BAR_HIGH] = bar[BAR_LOW] = bar[BAR_CLOSE] = x[v].price
            bar[BAR_VOLUME] = bar[BAR_BOUGHT] = 0.0
    news = math.exp(draws.latent[number])
    m.whole[0].value *= news
    m.whole[0].fundamental *= news
    m.whole[0].fundamental += RECOVERY * (m.whole[0].value - m.whole[0].fundamental)
    m.whole[0].pledge_value = draws.pledge[number]
    make_markets(m, draws.target[number])
    for v in range(venues):
        couple(m, v)
    for k in range(draws.first[number], draws.first[number + 1]):
        turn(m, draws.target[number], draws.turns[k])
    for v in range(venues):
        unwind(m, v)
    clear(m)
    for v in range(venues):
        observe(m, v)
        if (number + 1) % m.markets[v].funding_minutes == 0:
            pay_funding(m, v)
            clear(m)
        if (number + 1) % 60 == 0:
            keep_hour(m, v, number // 60)
    m.whole[0].slow_average += (x[venues].price - m.whole[0].slow_average) / MINUTES_PER_DAY
    m.whole[0].minute += 1.0


def day(m: Market, draws: Draws) -> None:
    """Run a day; what happened stands in the log."""
    m.counts[0] = m.counts[1] = 0
    for number in range(MINUTES_PER_DAY):
        minute(m, draws, number)
