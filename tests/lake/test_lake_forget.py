"""An import can be undone: the series is gone, the others stay, and its files can be imported again."""

from pathlib import Path

import pytest

from lake.test_lake_paths import BARS
from runout.cli.main import main
from runout.lake import Lake


def test_a_series_is_forgotten_on_request_only_and_its_file_can_be_imported_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for coin in ("BTC", "ETH"):
        (tmp_path / f"{coin}_oi_5m.csv").write_text(BARS)
    lake, take_in = Lake(tmp_path / "lake"), ["import", "binance-open-interest", str(tmp_path), "--lake"]
    assert main([*take_in, lake.root]) == 0
    before = lake.fingerprint()
    wrong = next(one.series for one in lake.series() if one.coin == "BTC")
    assert main(["forget", wrong, "--lake", lake.root]) == 0
    assert "6 rows" in capsys.readouterr().out
    assert lake.fingerprint() == before
    assert main(["forget", wrong, "--yes", "--lake", lake.root]) == 0
    assert [one.coin for one in lake.series()] == ["ETH"]
    assert lake.extent()["rows"].to_list() == [6]
    assert main(["forget", wrong, "--lake", lake.root]) == 2
    assert main([*take_in, lake.root]) == 0
    assert lake.fingerprint() == before
