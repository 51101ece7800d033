"""A lake of real data, built once a session from the developers' files."""

from pathlib import Path

import pytest

from runout.jobs.computing import compute
from runout.jobs.importing import import_files
from runout.lake import Lake
from runout.sources.registry import source_of

WANTED = (
    ("coinglass", ("coinglass-4h-felipe", "coinglass-daily-le1ma1")),
    ("binance-perpetual", ("klines-5m-2025/perp_BTCUSDT_5m_2025.parquet",)),
    ("binance-spot", ("klines-5m-2025/spot_BTCUSDT_5m_2025.parquet",)),
    ("daily-dominance", ("daily-dominance-reserves-sharafa32",)),
    ("cryptoquant", ("cryptoquant-daily-heun630",)),
)


@pytest.fixture(scope="session")
def real_lake(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("real") / "lake")
    for provider, names in WANTED:
        import_files(lake, source_of(provider), [real_data / name for name in names])
    compute(lake)
    return lake
