"""A package of its own adds a source, an indicator and a model; one that breaks is named."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "plugin"
HOUR = 3_600


def installed(folder: Path, *, changed: tuple[str, str] = ("", "")) -> dict[str, str]:
    """Return an environment in which the example is installed: its metadata as an installer writes them."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text().replace(*changed))["project"]
    metadata = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    (metadata / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in points.items())
            for group, points in project["entry-points"].items()
        )
    )
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(EXAMPLE)])}


def runout(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runout", *words], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("files") / "open_interest.jsonl"
    sound = [f'{{"t": {1_754_006_400 + hour * HOUR}, "coin": "BTC", "oi": "{80_000 + hour}"}}' for hour in range(48)]
    file.write_text("\n".join([*sound, '{"t": 1754179200, "coin": "BTC", "oi": "many"}']) + "\n")
    return file


def test_another_package_adds_a_source_and_an_indicator(tmp_path: Path, lines: Path) -> None:
    environment, lake = installed(tmp_path), str(tmp_path / "lake")
    imported = runout(environment, "import", "example", str(lines), "--lake", lake)
    assert ["1", "49", "48", "48", "0", "1"] in [line.split() for line in imported.stdout.splitlines()]
    assert runout(environment, "compute", "--lake", lake).returncode == 0
    script = (
        "import sys, runout.lake; rows = runout.lake.Lake(sys.argv[1]).scan('indicators').collect();"
        "print(rows.filter(rows['indicator'] == 'interest_speed.percent_per_hour')['value'].round(6)[:2].to_list())"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script, lake], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    assert shown.stdout.strip() == "[0.00125, 0.00125]"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("example = ", "coinglass = "), "'coinglass' twice, by runout and by runout-example"),
        (("source:ExampleSource", "source:Missing"), "'example' of runout-example cannot be imported"),
    ],
    ids=["a name in use", "an object that is not there"],
)
def test_a_package_that_breaks_is_named(tmp_path: Path, lines: Path, changed: tuple[str, str], message: str) -> None:
    environment = installed(tmp_path, changed=changed)
    refused = runout(environment, "import", "example", str(lines), "--lake", str(tmp_path / "lake"))
    assert refused.returncode != 0
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr
