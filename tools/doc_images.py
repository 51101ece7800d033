"""Draw the pictures of README and docs again from lakes/real: the bulletin's first screen, a map, a what-if.

Needs Chromium for the first. Usage: doc_images.py [FOLDER]: the folder that `lakes/real` is in; absent, the repository.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from runout.cli.main import main as runout

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
MOMENT = ("BTC", "--at", "2025-08-18T12:00Z")
SCREEN = (1200, 880)
OVER_TIME = 0.64  # the first of a map's two pictures: its height over its width


def first_screen(page: Path, picture: Path) -> None:
    """Photograph the top of a page at twice its size."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("no Chromium on this machine to draw docs/images/bulletin.png with")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1.5"]
    size = "--window-size={},{}".format(*SCREEN)
    subprocess.run([browser, *options, size, f"--screenshot={picture}", page.as_uri()], check=True, capture_output=True)


def main() -> None:
    """Draw all, and say where."""
    lake = ("--lake", str(Path(*sys.argv[1:2] or [ROOT]) / "lakes" / "real"))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "bulletin.html"
        runout(["bulletin", *MOMENT, *lake, "--out", str(page)])
        first_screen(page, IMAGES / "bulletin.png")
    runout(["map", *MOMENT, *lake, "--out", str(IMAGES / "map.png")])
    with Image.open(IMAGES / "map.png") as both:
        both.crop((0, 0, both.width, round(both.width * OVER_TIME))).save(IMAGES / "map.png")
    runout(["whatif", *MOMENT, *lake, "--drop", "5%", "--out", str(IMAGES / "whatif.png")])


if __name__ == "__main__":
    main()
