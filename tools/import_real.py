"""Import every real data set that applies into one lake, and compute: what ``make real`` runs.

Usage: import_real.py DATA_FOLDER LAKE. Runs again without harm; goes on where it was interrupted.
"""

import sys
from pathlib import Path

from runout.cli.computing import compute
from runout.cli.importing import import_
from runout.errors import ExitCode

PLAN = (
    ("coinglass", ("coinglass-4h-felipe", "coinglass-daily-le1ma1")),
    (
        "binance-perpetual",
        ("klines-5m-2025/perp_BTCUSDT_5m_2025.parquet", "klines-5m-2025/perp_SOLUSDT_5m_2025.parquet"),
    ),
    ("binance-perpetual", ("klines-5m-2025/raw_samples/luca-BTCUSDT-5m-2025-08.csv",)),
    ("binance-spot", ("klines-5m-2025/spot_BTCUSDT_5m_2025.parquet",)),
    ("binance-spot", ("klines-5m-2025/raw_samples/shub-BTCUSDT-5m-2025-08.csv",)),
    ("coinalyze", ("coinalyze-daily-cryptovizart",)),
    ("daily-dominance", ("daily-dominance-reserves-sharafa32",)),
    ("cryptoquant", ("cryptoquant-daily-heun630",)),
    ("tradingview-total2", ("total2-tradingview-rsoender",)),
    ("multivenue-hourly", ("multivenue-hourly-0xknx",)),
    ("binance-open-interest", ("binance-oi-5m-hl-reaper",)),
    ("whalebot-events", ("events-whalebot-2025-09",)),
)


def main(data: Path, lake: str) -> int:
    """Import the plan; quarantined rows are expected in real data and reported, other errors stop."""
    quarantined = False
    for provider, names in PLAN:
        quarantined |= import_(provider, [data / name for name in names], lake=lake) == ExitCode.QUARANTINED
    compute(lake=lake)
    if quarantined:
        print(f"some rows of the real data are quarantined, as named above; look with `runout verify --lake {lake}`")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
