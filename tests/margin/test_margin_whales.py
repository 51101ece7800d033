"""Real positions of large Hyperliquid accounts: what set leverage tells of their liquidation price, what equity does.

Three predictions of each price the API shows: from entry and set leverage as if the position stood alone (what every
drawn ladder assumes); under cross margin from the account value the file gives; under cross margin from the equity
that the *other* positions of the account imply.
"""

import json
import sys
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from runout import margin
from runout.clock import parse_time

pytestmark = pytest.mark.real

SEEN = parse_time("2026-03-31T17:24")
EVERY = 15
"""Every fifteenth of 95 snapshots: positions change slowly."""


class Errors(NamedTuple):
    """Relative errors of the three predictions, shape (positions,); NaN without other positions."""

    alone: np.ndarray
    account_value: np.ndarray
    other_positions: np.ndarray
    equity_share: np.ndarray


@pytest.fixture(scope="module")
def errors(real_data):
    file = real_data / "hl-whale-positions-kitty" / "positions.parquet"
    if not file.is_file():
        pytest.skip(f"no {file.name} in the developers' data")
    rows = pl.read_parquet(file)
    times = sorted(rows["snapshot_ts"].unique())[1:]  # the first is a placeholder
    wanted = rows.filter(pl.col("snapshot_ts").is_in(times[5::EVERY])).sort("snapshot_ts", "address", "coin")
    tables = _tables(real_data, wanted["coin"].unique())
    found = [
        one
        for group in wanted.partition_by("snapshot_ts", "address", maintain_order=True)
        if set(group["coin"]) <= tables.keys()
        for one in _account(group, tables)
    ]
    return Errors(*np.array(found).T)


def _tables(real_data, coins):
    state = json.loads((real_data / "liqmaps-rektslug/hl_state/pm_account_snapshots.json").read_text())
    highest = {one["name"]: one["maxLeverage"] for one in state["snapshots"][0]["asset_meta_snapshot"]["universe"]}
    known = {symbol for one in margin.shipped_tiers() if one.venue == "hyperliquid" for symbol in one.symbols}
    tiered = {coin: margin.tiers("hyperliquid", coin, SEEN).brackets() for coin in coins if coin in known}
    return {coin: margin.brackets([0], [0.5 / highest[coin]]) for coin in coins if coin in highest} | tiered


def _account(group, tables):
    side = np.where(group["direction"].str.to_lowercase().to_numpy() == "long", 1.0, -1.0)
    size, value = np.abs(group["size"].to_numpy()), group["position_value"].to_numpy()
    price = group["liquidation_px"].fill_null(0.0).to_numpy()
    mark, table = value / size, [tables[coin] for coin in group["coin"]]
    required = np.array([float(margin.maintenance_margin(v, t)) for v, t in zip(value, table, strict=True)])
    others = required.sum() - required
    at_price = np.array(
        [float(margin.maintenance_margin(s * p, t)) for s, p, t in zip(size, price, table, strict=True)]
    )
    implied = np.where(price > 0, at_price - side * size * (price - mark) + others, np.nan)
    for i in np.flatnonzero(price > 0):
        rest = np.delete(implied, i)
        equity = float(np.nanmedian(rest)) if np.isfinite(rest).any() else np.nan
        given = float(group["account_value"][0])
        predicted = [
            float(margin.liquidation_price(side[i], 1.0, group["entry_px"][int(i)],
                                           group["entry_px"][int(i)] / group["leverage"][int(i)], table[i])),
            *(
                float(margin.cross_liquidation_price(side[i], size[i], mark[i], money, table[i],
                                                     other_maintenance_margin=others[i]))
                if np.isfinite(money) else np.nan
                for money in (given, equity)
            ),
        ]  # fmt: skip
        yield *(abs(one / price[i] - 1) for one in predicted), implied[i] / given


def within(relative, bound):
    return float(np.mean(relative[np.isfinite(relative)] <= bound))


def test_set_leverage_says_next_to_nothing_of_where_a_whale_is_liquidated(errors):
    assert within(errors.alone, 0.01) < 0.05
    assert np.nanmedian(errors.alone) > 0.5


def test_the_equity_of_the_account_says_it_to_a_tenth_of_a_percent(errors):
    assert within(errors.other_positions, 1e-3) > 0.85
    assert np.nanmedian(errors.other_positions) < 1e-9


def test_the_account_value_of_the_file_is_not_the_equity_behind_the_positions(errors):
    assert within(errors.account_value, 1e-3) < 0.1
    assert np.nanmedian(errors.equity_share) == pytest.approx(0.77, abs=0.03)


@pytest.mark.study
def test_table_of_whales(errors, capsys):
    lines = [f"{len(errors.alone)} prices of the API; within 0.1% · within 1% · median error"]
    for name in ("alone", "account_value", "other_positions"):
        one = getattr(errors, name)
        lines.append(f"{name:16} {within(one, 1e-3):7.1%} {within(one, 1e-2):7.1%} {np.nanmedian(one):10.2g}")
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
