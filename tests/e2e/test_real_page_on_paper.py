"""The page of a full bulletin prints on three sheets at most, caveats included."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from runout.clock import parse_time
from runout.lake import Lake
from runout.pipeline.bulletin_inputs import issue
from runout.pipeline.issue_bulletin import Publication
from runout.render import page

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]


def test_the_page_of_the_18th_prints_on_three_sheets_at_most(real_lake: Lake, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine to print with")
    at = parse_time("2025-08-18T12:00Z")
    made = issue(real_lake, "BTC", at)
    sheet, printed = tmp_path / "page.html", tmp_path / "page.pdf"
    sheet.write_text(page.render(made, Publication(real_lake, made.coin, at).pictures()), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", f"--print-to-pdf={printed}"]
    subprocess.run([browser, *options, str(sheet)], check=True, capture_output=True, timeout=120)
    assert 1 < len(re.findall(rb"/Type\s*/Page[^s]", printed.read_bytes())) <= 3
