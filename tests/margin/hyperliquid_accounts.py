"""Whole Hyperliquid accounts with the liquidation prices of the venue's API, and ours beside them.

The file holds positions with their margin used and liquidation price as the API gave them, the account's maintenance
margin, and a mark price taken a little later; not the account value. So the account value is inferred, for each
position from all the *other* positions of its account: each API price implies one, and the median of them predicts the
price left out. One position alone cannot be predicted.
"""

import json
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from runout import margin
from runout.clock import parse_time

FOLDER = Path("liqmaps-rektslug") / "hl_state"
SEEN = parse_time("2026-03-31T17:24")
CLOSE = 1e-3
"""Within 0.1% is agreement."""

Cause = Literal["agrees", "stale mark", "isolated, mark unknown", "older table kept", "unexplained"]


class Position(NamedTuple):
    """A position with what the API says of it."""

    coin: str
    side: float
    quantity: float
    late_mark: float
    mark: float
    isolated: bool
    margin_used: float
    api_price: float
    table: margin.Brackets


class Account(NamedTuple):
    """An account; `maintenance` is the API's figure for its cross positions."""

    user: str
    maintenance: float
    positions: tuple[Position, ...]


class Comparison(NamedTuple):
    """One position: API price; ours with the API's mark, with the late mark, without tiers; why they differ."""

    user: str
    coin: str
    api: float
    ours: float
    late: float
    untiered: float
    cause: Cause
    kept_rate: float

    @property
    def error(self):
        return abs(self.ours / self.api - 1)


def accounts(real_data):
    report = json.loads((real_data / FOLDER / "margin_validation_report.json").read_text())
    highest = _highest_leverages(real_data)
    for found in report["results"]:
        positions = tuple(_position(row, highest) for row in found["positions"])
        yield Account(found["user"], found["api_cross_maintenance_margin_used"], positions)


def their_deviations(real_data):
    """Return the relative errors of the file's own model, for the positions that have a price."""
    report = json.loads((real_data / FOLDER / "margin_validation_report.json").read_text())
    rows = [row for found in report["results"] for row in found["positions"] if row["api_liquidation_px"]]
    best = (
        (row["sidecar_liquidation_px_v1"], row["sidecar_liquidation_px_v1_1"], row["api_liquidation_px"])
        for row in rows
    )
    return np.array([min(abs(one / api - 1), abs(two / api - 1)) for one, two, api in best])


def comparisons(account):
    for index, position in enumerate(account.positions):
        if position.api_price == 0:
            continue
        ours = _predict(account, index, position.mark)
        if ours is not None:
            yield _compared(account, index, ours)


def prices_where_the_api_has_none(account):
    """Yield our price of each position for which the API shows none."""
    for index, position in enumerate(account.positions):
        ours = _predict(account, index, position.mark) if position.api_price == 0 else None
        if ours is not None:
            yield position, ours


def maintenance_from_positions(account, kept=None):
    """Return the maintenance margin of the cross positions, by our tables or at the rates that some coins kept."""
    tables = {coin: margin.brackets([0], [rate]) for coin, rate in (kept or {}).items()}
    return sum(_required(p, table=tables.get(p.coin)) for p in account.positions if not p.isolated)


def _highest_leverages(real_data):
    snapshots = json.loads((real_data / FOLDER / "pm_account_snapshots.json").read_text())["snapshots"]
    return {coin["name"]: coin["maxLeverage"] for coin in snapshots[0]["asset_meta_snapshot"]["universe"]}


def _position(row, highest):
    quantity, late_mark = abs(row["size"]), row["mark_px"]
    used = row["api_margin_used"]
    # Cross: margin used = notional / set leverage, a whole number; that gives back the API's own mark price.
    leverage = quantity * late_mark / used
    isolated = round(leverage) == 0 or abs(leverage / round(leverage) - 1) > 0.02
    mark = late_mark if isolated else used * round(leverage) / quantity
    price = row["api_liquidation_px"] or 0.0
    side = float(np.sign(row["size"]))
    return Position(row["coin"], side, quantity, late_mark, mark, isolated, used, price, _table(row["coin"], highest))


def _table(coin, highest):
    known = {symbol for table in margin.shipped_tiers() if table.venue == "hyperliquid" for symbol in table.symbols}
    if coin in known:
        return margin.tiers("hyperliquid", coin, SEEN).brackets()
    return margin.brackets([0], [0.5 / highest[coin]])


def _required(position, price=None, table=None):
    return float(margin.maintenance_margin(position.quantity * (price or position.mark), table or position.table))


def _implied_account_value(account, position):
    p = position
    surplus = _required(p, p.api_price) - p.side * p.quantity * (p.api_price - p.mark)
    return surplus + account.maintenance - _required(p)


def _account_value(account, left_out):
    implied = [
        _implied_account_value(account, other)
        for index, other in enumerate(account.positions)
        if index != left_out and other.api_price > 0 and not other.isolated
    ]
    return float(np.median(implied)) if implied else None


def _predict(account, index, mark, table=None):
    p = account.positions[index]
    table = table or p.table
    if p.isolated:
        raw = p.margin_used
        return float(margin.cross_liquidation_price(p.side, p.quantity, p.late_mark, raw, table))
    value = _account_value(account, index)
    if value is None:
        return None
    others = account.maintenance - _required(p)
    price = margin.cross_liquidation_price(
        p.side, p.quantity, mark, value, table, other_maintenance_margin=max(others, 0.0)
    )
    return float(price)


def _compared(account, index, ours):
    p = account.positions[index]
    late = _predict(account, index, p.late_mark)
    kept, with_kept = _best_single_rate(account, index)
    if abs(ours / p.api_price - 1) <= CLOSE:
        cause = "agrees" if abs(late / p.api_price - 1) <= CLOSE else "stale mark"
    elif p.isolated:
        cause = "isolated, mark unknown"
    else:
        cause = "older table kept" if abs(with_kept / p.api_price - 1) <= CLOSE else "unexplained"
    untiered = _predict(account, index, p.mark, margin.brackets([0], p.table.rates[:1]))
    return Comparison(account.user, p.coin, p.api_price, ours, late, untiered, cause, kept)


def _best_single_rate(account, index):
    """Return the maintenance rate of a table without tiers (half of 1 over a whole leverage) that fits best."""
    p = account.positions[index]
    rates = [0.5 / leverage for leverage in (3, 5, 10, 20, 25, 40, 50)]
    prices = [_predict(account, index, p.mark, margin.brackets([0], [rate])) for rate in rates]
    best = int(np.argmin([abs(price / p.api_price - 1) for price in prices]))
    return rates[best], prices[best]
