"""Draw the pictures of README and docs again from lakes/real: the page, the bulletin's first screen, a map, a what-if.

Needs Chromium for the first two. Usage: doc_images.py [FOLDER]: the folder that `lakes/real` is in, if not here.
"""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import async_playwright, expect

from runout.cli.main import main as runout
from runout.server.runner import serve
from runout.server.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
MOMENT = ("BTC", "--at", "2025-08-18T12:00Z")
SCREEN = (1200, 880)
PAGE, PORT, PATIENCE = (1400, 900), 8437, 900_000
OVER_TIME = 0.64  # the first of a map's two pictures: its height over its width


def chromium() -> str:
    """Return the browser of this machine."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise SystemExit("no Chromium on this machine to draw docs/images/bulletin.png with")
    return found


async def served_page(lake: str, picture: Path) -> None:
    """Photograph the page of a lake, once every part of it has its answer."""
    listening, stop = asyncio.Event(), asyncio.Event()
    settings = Settings(lake=lake, port=PORT, answer_seconds=PATIENCE / 1_000)
    serving = asyncio.ensure_future(serve(settings, ready=lambda _: listening.set(), stop=stop))
    await listening.wait()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        width, height = PAGE
        page = await browser.new_page(
            viewport={"width": width, "height": height}, color_scheme="dark", device_scale_factor=1.5
        )
        await page.goto(f"http://127.0.0.1:{PORT}/?at={MOMENT[2]}")
        await expect(page.locator(".feeds .figure").first).to_be_visible(timeout=PATIENCE)
        for waiting in ("[aria-busy=true]", "p.busy"):
            await expect(page.locator(waiting)).to_have_count(0, timeout=PATIENCE)
        await page.screenshot(path=str(picture))
        await browser.close()
    stop.set()
    await serving


def first_screen(page: Path, picture: Path) -> None:
    """Photograph the top of a page at twice its size."""
    browser = chromium()
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1.5"]
    size = "--window-size={},{}".format(*SCREEN)
    subprocess.run([browser, *options, size, f"--screenshot={picture}", page.as_uri()], check=True, capture_output=True)


def main() -> None:
    """Draw all, and say where."""
    lake = ("--lake", str(Path(*sys.argv[1:2] or [ROOT]) / "lakes" / "real"))
    asyncio.run(served_page(lake[1], IMAGES / "page.png"))
    with Image.open(IMAGES / "page.png") as drawn:
        drawn.convert("RGB").quantize(200).save(IMAGES / "page.png", optimize=True)
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
