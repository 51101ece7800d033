"""What ``deploy/`` holds starts a collector that can be started, watched and ended."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from runout.cli.main import app
from runout.collect import service

REPOSITORY = Path(__file__).resolve().parents[2]
DEPLOY = REPOSITORY / "deploy"


def unit() -> dict[str, dict[str, str]]:
    sections: dict[str, dict[str, str]] = {}
    for line in (DEPLOY / "runout-collect.service").read_text("utf-8").splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = sections.setdefault(header[1], {})
        elif line and not line.startswith("#"):
            name, value = line.split("=", 1)
            assert name not in section, f"{name} twice"
            section[name] = value
    return sections


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text("utf-8"))
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def parses(arguments: list[str]) -> bool:
    app.parse_args(arguments, exit_on_error=False, print_error=False)
    return True


def test_the_unit_starts_a_collector_that_systemd_hears_of():
    section = unit()["Service"]
    assert (section["Type"], section["NotifyAccess"], section["Restart"]) == ("notify", "main", "always")
    program, *arguments = shlex.split(section["ExecStart"])
    assert program.endswith("/bin/runout")
    assert parses(arguments)
    assert unit()["Install"]["WantedBy"] == "multi-user.target"


def test_the_unit_waits_longer_than_the_collector_calls_data_fresh_and_lets_it_end_in_order():
    section = unit()["Service"]
    assert int(section["WatchdogSec"]) > service._DATA_SECONDS
    assert int(section["TimeoutStartSec"]) > int(section["WatchdogSec"])
    assert section["KillSignal"] == "SIGTERM"
    assert int(section["TimeoutStopSec"]) >= 60
    lake = Path(shlex.split(section["ExecStart"])[shlex.split(section["ExecStart"]).index("--lake") + 1])
    assert lake.is_relative_to(section["ReadWritePaths"])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_unit(tmp_path: Path):
    text = (DEPLOY / "runout-collect.service").read_text("utf-8")
    (tmp_path / "runout-collect.service").write_text(
        re.sub("User=.*", "User=root", text.replace("/opt/runout/.venv/bin/runout", "/bin/true")), "utf-8"
    )
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "runout-collect.service")],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    said = [line for line in verified.stderr.splitlines() if "runout-collect" in line]
    assert said == []


def test_the_image_is_pinned_built_from_hashes_and_runs_as_nobody_in_particular():
    built = instructions()
    bases = [value.split()[0] for name, value in built if name == "FROM"]
    assert all(re.fullmatch(r"[\w/-]+:[\w.-]*\d[\w.-]*", base) for base in bases), bases
    assert not {name for name, _ in built} & {"ADD", "MAINTAINER"}
    installs = [value for name, value in built if name == "RUN" and "pip install" in value]
    assert all("--no-cache-dir" in part for value in installs for part in value.split("&&") if "pip install" in part)
    assert "--require-hashes -r requirements.lock" in installs[0]
    users = [value for name, value in built if name == "USER"]
    assert users
    assert users[-1] not in {"root", "0"}
    names = [name for name, _ in built]
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert dict(built)["STOPSIGNAL"] == "SIGTERM"
    for name, value in built:
        if name == "WORKDIR":
            assert value.startswith("/")
        if name == "COPY" and not value.startswith("--from"):
            assert all((REPOSITORY / source).exists() for source in value.split()[:-1])


def test_what_the_image_runs_are_commands_of_runout():
    built = dict(instructions())
    assert json.loads(built["ENTRYPOINT"]) == ["runout"]
    assert parses(json.loads(built["CMD"]))
    options, command = built["HEALTHCHECK"].split("CMD", 1)
    assert "--start-period" in options
    assert json.loads(command.strip())[0] == "python"


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_hadolint_finds_nothing():
    subprocess.run(["hadolint", str(DEPLOY / "Dockerfile")], check=True)


def test_the_composition_restarts_the_collector_and_keeps_its_data():
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    (collect,) = composed["services"].values()
    assert (DEPLOY / collect["build"]["context"] / collect["build"]["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
    assert parses(collect["command"])
    assert collect["restart"] == "always"
    assert int(collect["stop_grace_period"].removesuffix("m")) >= 1
    (volume,) = collect["volumes"]
    name, place = volume.split(":")
    assert name in composed["volumes"]
    assert dict(instructions())["VOLUME"] == place
