"""The page that is shipped is the one that the source builds."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB, PAGE = ROOT / "web", ROOT / "src" / "runout" / "server" / "page"
SOURCES = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "src", "public")
SHIPPED = ("index.html", "page.js", "page.css", "favicon.svg", "source.sha256")


def files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [one for child in sorted(path.iterdir()) for one in files(child)]


def test_the_page_was_built_from_the_source_as_it_is() -> None:
    digest = hashlib.sha256()
    for file in (one for name in SOURCES for one in files(WEB / name)):
        digest.update(file.relative_to(WEB).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    kept = (PAGE / "source.sha256").read_text(encoding="utf-8").strip()
    assert kept == digest.hexdigest(), "web/ has changed since the page was built: run `make page`"


def test_nothing_of_the_page_comes_from_another_host() -> None:
    text = "".join((PAGE / name).read_text(encoding="utf-8") for name in ("index.html", "page.css"))
    assert "http" not in text
    assert sorted(one.name for one in PAGE.iterdir()) == sorted(SHIPPED)


def test_the_lock_names_no_registry() -> None:
    lock = (WEB / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 10


def test_the_page_is_small() -> None:
    assert sum((PAGE / name).stat().st_size for name in SHIPPED) < 400_000


@pytest.mark.study
def test_the_source_builds_the_page_to_the_byte(tmp_path: Path) -> None:
    if shutil.which("npm") is None or not (WEB / "node_modules").is_dir():
        pytest.skip("no npm, or no node_modules: run `make page` first")
    command = ["npm", "run", "build", "--", "--outDir", str(tmp_path / "page")]
    subprocess.run(command, cwd=WEB, check=True, capture_output=True)
    for name in SHIPPED:
        assert (tmp_path / "page" / name).read_bytes() == (PAGE / name).read_bytes(), name


@pytest.mark.study
def test_a_wheel_holds_the_page_and_is_not_built_without(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    left_out = shutil.ignore_patterns("lakes", ".git", "node_modules", "tests", "docs", ".venv", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=left_out)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=copy, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"runout/server/page/{name}" for name in SHIPPED} <= set(names)
    (copy / "src" / "runout" / "server" / "page" / "page.js").unlink()
    refused = subprocess.run(build, cwd=copy, check=False, capture_output=True, text=True)
    assert refused.returncode != 0
    assert "run `make page` first" in refused.stderr + refused.stdout
