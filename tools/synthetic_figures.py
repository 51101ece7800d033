"""Compare synthetic worlds with real windows of 60 days: facts of fresh worlds, their table, and two pictures.

Usage: synthetic_figures.py worlds FACTS.csv | synthetic_figures.py draw FACTS.csv REAL_DATA FOLDER

``worlds`` simulates the worlds named here (ten minutes) and writes their facts; ``draw`` prints the table of
docs/synthetic.md and draws ``synthetic-facts.png`` and ``synthetic-flush.png`` into the folder.
"""

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import polars as pl
from matplotlib.figure import Figure

from runout.clock import parse_time
from runout.synthetic import World
from runout.synthetic.generating import simulated
from runout.synthetic.publication import publish
from runout.synthetic.scenarios import SCRIPTS
from runout.synthetic.state import BAR_CLOSE, HOUR_LONG
from runout.synthetic.stylised import BOUNDS, facts_outside, liquidation_facts, return_facts, world_facts

START = parse_time("2025-07-03")
DAYS, DAY_BARS, LAST_DAYS = 60, 288, 7
FLUSH_SEEDS, SEEDS, SHOWN_SEED = range(101, 111), range(111, 114), 101
EXTREME = ("squeeze", "systemic")
"""Scenarios that leave the bounds by design."""
INK, SOFT, REAL, MADE, HOT = "#1f2430", "#8a93a3", "#1f2430", "#2f7f9f", "#c4472f"
TITLES = {
    "tail_exponent": "Tail exponent of returns", "volatility_memory_hour": "Volatility memory, 1 hour",
    "volatility_memory_day": "Volatility memory, 1 day", "return_memory": "Memory of returns, 5 minutes",
    "daily_volatility": "Daily volatility", "liquidations_per_interest": "Liquidations / OI, median day",
    "liquidations_per_interest_busy": "Liquidations / OI, busy day", "long_share": "Long share, median day",
    "long_share_busy": "Long share, busy days", "lead_share": "Lead venue's share of three",
}  # fmt: skip


def made_worlds() -> pl.DataFrame:
    """Simulate the worlds and return their facts, one row each."""
    rows: list[dict[str, Any]] = []
    for scenario in SCRIPTS:
        for seed in FLUSH_SEEDS if scenario == "flush" else SEEDS:
            world = World(scenario=scenario, days=DAYS, seed=seed, start=START, truth_days=1)
            published = publish(world, simulated(world), np.random.default_rng([seed, 1000]))
            rows.append({"scenario": scenario, "seed": seed, **world_facts(published)})
            print(scenario, seed, facts_outside({name: rows[-1][name] for name in BOUNDS}), flush=True)
    return pl.DataFrame(rows)


def real_windows(folder: Path) -> dict[str, list[float]]:
    """Return each fact of every window of 60 days of the real data."""
    bars = pl.read_parquet(folder / "klines-5m-2025" / "perp_BTCUSDT_5m_2025.parquet").sort("open_time")
    close, width = bars["close"].cast(pl.Float64).to_numpy(), DAYS * DAY_BARS
    facts = [return_facts(close[first : first + width]) for first in range(0, len(close) - width, width)]
    daily = folder / "coinglass-daily-le1ma1"
    forced, interest = (pl.read_csv(daily / f"{name}_agg_1d.csv") for name in ("liquidation", "futures_oi"))
    both = forced.join(interest, on=["symbol", "ts_utc"]).filter(pl.col("liq_long_usd") + pl.col("liq_short_usd") > 0)
    days = both.group_by("ts_utc").agg(pl.col("liq_long_usd", "liq_short_usd", "oi_total_close").sum()).sort("ts_utc")
    columns = [days.filter(pl.col("ts_utc") < "2025-09")[name].to_numpy() for name in days.columns[1:]]
    facts += [
        liquidation_facts(*(column[first : first + DAYS] for column in columns))
        for first in range(0, len(columns[0]) - DAYS, DAYS)
    ]
    return {name: [one[name] for one in facts if name in one] for name in BOUNDS}


def draw_facts(worlds: pl.DataFrame, real: dict[str, list[float]]) -> Figure:
    """Draw every fact in a panel of its own: real windows above, worlds below, bounds shaded."""
    figure = Figure(figsize=(11, 9), layout="constrained")
    spread = np.random.default_rng(1)
    extreme = worlds["scenario"].is_in(EXTREME).to_numpy()
    for place, (axes, (name, (low, high))) in enumerate(zip(figure.subplots(5, 2).flat, BOUNDS.items(), strict=True)):
        axes.axvspan(low, high, color="#e9eef2", zorder=0, label="bounds")
        made = worlds[name].to_numpy()
        axes.plot(real[name], 1 + spread.uniform(-0.2, 0.2, len(real[name])), "o", ms=5, color=REAL, alpha=0.6)
        for rows, colour in ((~extreme, MADE), (extreme, HOT)):
            axes.plot(made[rows], spread.uniform(-0.25, 0.25, rows.sum()), "o", ms=5, color=colour, alpha=0.6)
        axes.set_yticks([0, 1], ["synthetic", "real" if real[name] else "real: about 0.35"])
        axes.set_ylim(-0.5, 1.5)
        axes.set_title(TITLES[name], loc="left", fontsize=10, color=INK)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(length=0, labelsize=8, colors=INK)
        if place == 0:
            axes.annotate("shaded: bounds fixed from real data", (0.99, 1.04), xycoords="axes fraction", ha="right",
                          fontsize=8, color=SOFT)  # fmt: skip
    figure.suptitle(
        f"Windows of 60 days: real (dark), {len(worlds)} synthetic worlds of seeds not used for tuning (blue; "
        "red: squeeze, systemic)", x=0.01, ha="left", fontsize=11, color=INK,
    )  # fmt: skip
    return figure


def draw_flush(seed: int) -> Figure:
    """Draw the last days of a flush world: price, open interest, and true forced closes by hour and cause."""
    world = World(scenario="flush", days=DAYS, seed=seed, start=START, truth_days=1)
    tracks = simulated(world)
    hours = LAST_DAYS * 24
    lead = tracks[world.coins[0].name]
    price = lead.bars[0, 11::12, BAR_CLOSE][-hours:]
    interest = lead.hourly[-hours:, :, HOUR_LONG].sum(axis=1) * price / 1e9
    closed = np.zeros((2, DAYS * 24))
    for track in tracks.values():
        usd = track.forced.quantity * track.forced.price / 1e6
        for cause in (0, 1):
            rows = track.endogenous == bool(cause)
            closed[cause] += np.bincount(track.forced.minute[rows] // 60, usd[rows], minlength=DAYS * 24)
    figure = Figure(figsize=(11, 7), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(3, 2, 3))
    days = (np.arange(hours) + 1) / 24 - LAST_DAYS
    top.plot(days, price / 1e3, color=INK, lw=1.2)
    middle.plot(days, interest, color=MADE, lw=1.2)
    own, others = closed[:, -hours:]
    bottom.bar(days, own, -1 / 24, align="edge", color=MADE)
    bottom.bar(days, others, -1 / 24, bottom=own, align="edge", color=HOT)
    titles = (
        "Price of BTC, thousand dollars", "Open interest of BTC, all venues, billion dollars",
        "True forced closes of all coins, million dollars an hour; red: set off by other forced closes",
    )  # fmt: skip
    for axes, title in zip((top, middle, bottom), titles, strict=True):
        axes.set_title(title, loc="left", fontsize=10, color=INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8, colors=INK)
    bottom.set_xlabel("days before the end", fontsize=9, color=INK)
    figure.suptitle(f"SYNTHETIC market: flush, seed {seed}, its last week", x=0.01, ha="left", fontsize=11, color=INK)
    return figure


def table(worlds: pl.DataFrame, real: dict[str, list[float]]) -> str:
    """Return the table of facts, and what lies outside."""
    lines: list[str] = []
    for name, (low, high) in BOUNDS.items():
        seen = " ".join(f"{x:.4g}" for x in np.quantile(real[name], [0, 0.5, 1])) if real[name] else "-"
        made = " ".join(f"{x:.4g}" for x in np.quantile(worlds[name], [0.05, 0.5, 0.95]))
        lines.append(f"{name} | {seen} | {low}-{high} | {made}")
    for row in worlds.to_dicts():
        outside = facts_outside({name: row[name] for name in BOUNDS})
        if outside:
            lines.append(f"outside: {row['scenario']} {row['seed']} {', '.join(outside)}")
    return "\n".join(lines)


def main(words: list[str]) -> int:
    """Run one of the two parts."""
    mpl.rcParams["font.family"] = "DejaVu Sans"
    if words[:1] == ["worlds"]:
        made_worlds().write_csv(words[1], float_precision=5)
        return 0
    worlds, real, folder = pl.read_csv(words[1]), real_windows(Path(words[2])), Path(words[3])
    print(table(worlds, real))
    draw_facts(worlds, real).savefig(folder / "synthetic-facts.png", dpi=110)
    draw_flush(SHOWN_SEED).savefig(folder / "synthetic-flush.png", dpi=110)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
