"""The truth of a synthetic market lies beside its lake, in a folder or on S3, and is read from there."""

from pathlib import Path

import polars as pl
import pytest

from runout.errors import LakeError, NotEnoughDataError
from runout.lake import Lake
from runout.pipeline.hidden_truth import read_truth, truth_address, write_truth

pytestmark = pytest.mark.xdist_group("s3")

TRUTH = {"positions": pl.DataFrame({"coin": ["BTC", "ETH"], "size": [1.0, 2.0]})}


def test_the_truth_is_read_from_beside_the_lake_in_a_folder_or_on_s3(
    tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for lake in (Lake(tmp_path / "new" / "lake"), Lake(f"{bucket}/lake")):
        with pytest.raises(NotEnoughDataError, match="expected the truth"):
            read_truth(lake, "BTC", ["positions"])
        write_truth(lake, TRUTH)
        assert read_truth(lake, "BTC", ["positions"])["positions"]["size"].to_list() == [1.0]
        assert truth_address(lake) == f"{lake.root}-truth"
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_truth_that_cannot_be_written_is_said_so(bucket: str) -> None:
    with pytest.raises(LakeError, match=r"no-such-bucket"):
        write_truth(Lake(f"{bucket}-no-such-bucket/lake"), TRUTH)
