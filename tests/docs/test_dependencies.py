"""What the code imports is what pyproject.toml declares, and the reverse; the locks hold what is declared."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from documentation import DOCS, REPOSITORY, section, table

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
ASKED_FOR_BY_OTHERS = {
    "tzdata",  # polars asks zoneinfo for "UTC"
}
OWN = {"runout", "studies"}
IF_THE_CALLER_HAS_IT = {"pandas"}


def declared(*requirements: str) -> set[str]:
    return {re.split(r"[\[<>=;~! ]", one)[0].lower() for one in requirements}


def imported(*folders: str) -> set[str]:
    """Return the distributions that the modules of these folders import, inside functions too."""
    names = set[str]()
    for folder in folders:
        for path in (REPOSITORY / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.level == 0:
                    names.add((node.module or "").partition(".")[0])
    known = packages_distributions()
    foreign = names - OWN - IF_THE_CALLER_HAS_IT - set(sys.stdlib_module_names)
    return {known[name][0].lower().replace("_", "-") for name in foreign}


CORE = declared(*PROJECT["project"]["dependencies"])
EXTRAS = {extra: declared(*listed) for extra, listed in PROJECT["project"]["optional-dependencies"].items()}


def test_the_package_imports_what_its_core_and_live_declare_and_nothing_else():
    assert imported("src") | ASKED_FOR_BY_OTHERS == CORE


def test_the_studies_import_what_the_core_and_their_extra_declare_and_nothing_of_it_idles():
    used = imported("studies")
    assert used <= CORE | EXTRAS["studies"]
    assert used >= EXTRAS["studies"]


def test_every_extra_has_code_behind_it_and_stands_in_the_public_contract():
    rows = table(section(DOCS / "public-contract.md", "Extras"))
    assert [row[0] for row in rows] == [f"`{extra}`" for extra in EXTRAS] == ["`studies`", "`notebook`"]


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", CORE),
        ("requirements-dev.lock", CORE.union(*EXTRAS.values(), declared(*PROJECT["dependency-groups"]["dev"]))),
    ],
)
def test_a_lock_pins_and_hashes_what_is_declared_and_names_no_host(lock: str, wanted: set[str]):
    text = (REPOSITORY / lock).read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9._-]+)==\S+.*\\\n    --hash=", text, re.MULTILINE)
    assert wanted <= set(pins)
    assert len(pins) == len(re.findall(r"^\S", text, re.MULTILINE))
    assert "://" not in text


def test_both_locks_pin_the_same_versions():
    def pins(lock: str) -> dict[str, str]:
        return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (REPOSITORY / lock).read_text("utf-8"), re.MULTILINE))

    core, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert core == {name: dev[name] for name in core}
