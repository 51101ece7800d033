"""A lake on S3 is the lake in a folder: the same commands, rows, fingerprint, bulletin and ledger."""

import json
from pathlib import Path

import pytest

from forecast.histories import DAY, START
from lake.test_lake_paths import BARS
from pipeline.daily_lakes import daily_lake
from runout.cli.main import main
from runout.errors import LakeError
from runout.lake import Lake
from runout.pipeline import ledger
from runout.pipeline.bulletin_inputs import issue
from runout.pipeline.derive import compute
from runout.render.encoding import encode

pytestmark = pytest.mark.xdist_group("s3")

DAYS = 420
LAST = START + DAYS * DAY


def test_import_compute_bulletin_and_ledger_on_s3_give_what_a_folder_gives(
    tmp_path: Path, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "BTC_oi_5m.csv").write_text(BARS)
    lakes = [daily_lake(root, days=DAYS, coins=("BTC", "ETH")) for root in (tmp_path / "lake", f"{bucket}/my lake")]
    bulletins: list[bytes] = []
    for lake in lakes:
        assert main(["import", "binance-open-interest", str(tmp_path / "BTC_oi_5m.csv"), "--lake", lake.root]) == 0
        compute(lake)
        ledger.issue_daily(lake, "BTC", [LAST - DAY])
        ledger.issue_daily(lake, "BTC", [LAST])
        bulletins.append(encode(issue(lake, "BTC", LAST)).replace(lake.root.encode(), b"LAKE"))
        assert main(["verify", "--lake", lake.root]) in {0, 1}
    folder, store = lakes
    assert folder.fingerprint() == store.fingerprint()
    assert json.loads(bulletins[0]) == json.loads(bulletins[1])
    entries = [lake.scan("ledger").select("sequence", "event_time").collect().sort("sequence") for lake in lakes]
    assert entries[0].height == 2
    assert entries[0].equals(entries[1])
    assert [ledger.audit(lake) for lake in lakes] == [[], []]


def test_a_bucket_that_is_not_there_is_said_so_with_what_to_check(bucket: str) -> None:
    with pytest.raises(LakeError, match=r"no-such-bucket.*AWS_"):
        Lake.open(f"{bucket}-no-such-bucket/lake")
