"""A kept result is measured anew once any code below it changes; nobody keeps a list of that code."""

import sys
from pathlib import Path

import pytest

from studies import provenance
from studies.provenance import code_fingerprint


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "measured"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "top.py").write_text("def lazily():\n    from measured import below\n    return below\n")
    (folder / "below.py").write_text("a = 1\n")
    (folder / "apart.py").write_text("a = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(provenance, "_OWN", ("measured",))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "measured"]:
        del sys.modules[name]


def test_a_change_of_code_that_is_imported_lazily_changes_the_key(package: Path) -> None:
    before = code_fingerprint("measured.top")
    (package / "below.py").write_text("a = 2\n")
    assert code_fingerprint("measured.top") != before


def test_a_change_of_other_code_does_not_change_the_key(package: Path) -> None:
    before = code_fingerprint("measured.top")
    (package / "apart.py").write_text("a = 2\n")
    assert code_fingerprint("measured.top") == before


@pytest.mark.usefixtures("package")
def test_a_data_file_belongs_to_the_key() -> None:
    assert code_fingerprint("measured.top", also=b"1") != code_fingerprint("measured.top", also=b"2")


@pytest.mark.usefixtures("package")
def test_a_module_that_was_renamed_is_an_error_and_not_another_key() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"measured\.gone"):
        code_fingerprint("measured.gone")
