"""A lake of real data, built once a run from the developers' files and shared by the workers."""

import fcntl
from pathlib import Path

import pytest

from runout.clock import parse_time
from runout.lake import Lake
from runout.pipeline import ledger
from runout.pipeline.derive import compute
from runout.pipeline.file_import import import_files
from runout.pipeline.issue_bulletin import keep_snapshot
from runout.sources.registry import source_of

WANTED = (
    ("coinglass", ("coinglass-4h-felipe", "coinglass-daily-le1ma1")),
    ("binance-perpetual", ("klines-5m-2025/perp_BTCUSDT_5m_2025.parquet",)),
    ("binance-spot", ("klines-5m-2025/spot_BTCUSDT_5m_2025.parquet",)),
    ("daily-dominance", ("daily-dominance-reserves-sharafa32",)),
    ("cryptoquant", ("cryptoquant-daily-heun630",)),
)
ISSUED = [parse_time(day) for day in ("2025-08-13", "2025-08-14", "2025-08-18", "2025-08-19")]
MAPPED = [parse_time(moment) for moment in ("2025-08-14T00:00Z", "2025-08-18T12:00Z")]


@pytest.fixture(scope="session")
def real_lake(real_data: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Lake:
    own = tmp_path_factory.getbasetemp()
    folder = own if worker_id == "master" else own.parent
    with (folder / "real.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lake, done = Lake(folder / "real"), folder / "real.done"
        if not done.exists():
            for provider, names in WANTED:
                import_files(lake, source_of(provider), [real_data / name for name in names])
            compute(lake)
            ledger.issue_daily(lake, "BTC", ISSUED)
            for moment in MAPPED:
                keep_snapshot(lake, "BTC", moment)
            done.touch()
    return lake
