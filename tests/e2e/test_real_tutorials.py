"""The tutorials and the example of the README run on real data; what the notebooks show is what comes out."""

import ast
import re
from pathlib import Path

import nbformat
import notebooks
import pytest
from nbclient import NotebookClient

from runout.lake import Lake

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("real")]

REPOSITORY = Path(__file__).parents[2]
TUTORIALS = pytest.mark.parametrize("path", notebooks.NOTEBOOKS, ids=lambda path: path.stem)


def stand(folder: Path, monkeypatch: pytest.MonkeyPatch, **lakes: str) -> None:
    """Go to a folder in which these lakes stand."""
    (folder / "lakes").mkdir()
    for name, root in lakes.items():
        (folder / "lakes" / name).symlink_to(root)
    monkeypatch.chdir(folder)


@TUTORIALS
def test_the_code_of_a_tutorial_runs(path: Path, real_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stand(tmp_path, monkeypatch, real=real_lake.root)
    names: dict[str, object] = {"__name__": "tutorial"}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, path.name, "exec"), names)  # noqa: S102 - our own pages


def test_the_example_of_the_readme_runs(real_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    code = re.findall(r"^```py\n(.*?)^```$", (REPOSITORY / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(code) == 1
    stand(tmp_path, monkeypatch, mine=real_lake.root)
    shown = [
        eval(compile(ast.Expression(step.value), "README.md", "eval"), names)  # noqa: S307 - our own page
        for names in [{}]
        for step in ast.parse(code[0]).body
        if isinstance(step, ast.Expr) or exec(compile(ast.Module([step], []), "README.md", "exec"), names)  # noqa: S102
    ]
    assert len(shown) == 4


@pytest.mark.study
@TUTORIALS
def test_a_tutorial_executed_anew_shows_what_its_page_shows(path: Path):
    if not (REPOSITORY / "lakes" / "real" / "series").is_dir():
        pytest.skip("the lake of all real data is absent: `make real`")
    held = nbformat.read(path, as_version=4)
    anew = nbformat.read(path, as_version=4)
    NotebookClient(anew, timeout=600, resources={"metadata": {"path": str(REPOSITORY)}}).execute()
    assert list(notebooks.outputs(anew)) == list(notebooks.outputs(held))
