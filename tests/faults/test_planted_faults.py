"""A fault planted in margin, map or cascade is noticed by the tests of that part. All of them: `make faults`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from faults.planted import FAULTS, SAMPLE, Fault

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "src" / "runout"
FAILED = 1


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a copy of the package, which a test may change and must restore."""
    folder = tmp_path_factory.mktemp("faults")
    shutil.copytree(PACKAGE, folder / "runout", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def outcome(folder: Path, tests: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run tests on the package in ``folder``, up to the first failure."""
    command = [
        sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist",
        "--hypothesis-seed=0", "--tb=line", *dict.fromkeys(tests),
    ]  # fmt: skip
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        command, check=False, cwd=REPOSITORY, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )


def plant(folder: Path, fault: Fault) -> subprocess.CompletedProcess[str]:
    """Return how the tests of a fault end while it is planted."""
    file = folder / "runout" / fault.module
    sound = file.read_text(encoding="utf-8")
    file.write_text(sound.replace(fault.right, fault.wrong), encoding="utf-8")
    try:
        return outcome(folder, fault.tests)
    finally:
        file.write_text(sound, encoding="utf-8")


def noticed(folder: Path, fault: Fault) -> None:
    ended = plant(folder, fault)
    assert ended.returncode == FAILED, f"nobody noticed: {fault.name} ({fault.module})\n{ended.stdout[-2000:]}"
    assert "error" not in ended.stdout.splitlines()[-1], f"the fault does not run\n{ended.stdout[-2000:]}"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_text_of_a_fault_stands_once_in_its_module(fault: Fault) -> None:
    found = (PACKAGE / fault.module).read_text(encoding="utf-8").count(fault.right)
    assert found == 1, f"{fault.module} has {fault.right!r} {found} times: mend tests/faults/planted.py with it"


def test_there_are_enough_faults_of_each_part_and_their_tests_exist() -> None:
    parts = [fault.module.partition("/")[0] for fault in FAULTS]
    assert len(FAULTS) >= 25
    assert min(parts.count(part) for part in ("margin", "liquidation_map", "kernels", "cascade")) >= 5
    assert all((REPOSITORY / file).is_file() for fault in FAULTS for file in fault.tests)
    assert set(SAMPLE) <= {fault.name for fault in FAULTS}


@pytest.mark.parametrize("fault", [one for one in FAULTS if one.name in SAMPLE], ids=lambda fault: fault.name)
def test_a_planted_fault_is_noticed(fault: Fault, copied: Path) -> None:
    noticed(copied, fault)


@pytest.mark.study
def test_without_a_fault_the_tests_of_all_faults_pass_on_the_copy(copied: Path) -> None:
    ended = outcome(copied, tuple(file for fault in FAULTS for file in fault.tests))
    assert ended.returncode == 0, ended.stdout[-2000:]


@pytest.mark.study
@pytest.mark.parametrize("fault", [one for one in FAULTS if one.name not in SAMPLE], ids=lambda fault: fault.name)
def test_any_planted_fault_is_noticed(fault: Fault, copied: Path) -> None:
    noticed(copied, fault)
