"""The tutorials: a page is its notebook, and the notebook has been executed from its first cell to its last."""

import nbformat
import notebooks
import pytest
from documentation import DOCS, REPOSITORY, text

TUTORIALS = pytest.mark.parametrize("path", notebooks.NOTEBOOKS, ids=lambda path: path.stem)


def test_there_are_two_tutorials():
    assert len(notebooks.NOTEBOOKS) == 2


@TUTORIALS
def test_a_page_is_what_its_notebook_holds(path):
    page, pictures = notebooks.page(nbformat.read(path, as_version=4), path.stem)
    stale = f"{path.stem}.md is stale: run `make notebooks`, or tools/notebooks.py --pages"
    assert text(path.with_suffix(".md")) == page, stale
    for name, content in pictures.items():
        assert (DOCS / "images" / "tutorials" / name).read_bytes() == content, stale


@TUTORIALS
def test_a_notebook_is_valid_and_was_executed_in_order_without_an_error(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert {output.output_type for cell in code for output in cell.outputs} <= {"stream", "execute_result"}
    assert all(cell.outputs for cell in code)


def test_no_picture_is_left_that_no_page_shows():
    shown = {name for path in notebooks.NOTEBOOKS for name in notebooks.page(nbformat.read(path, 4), path.stem)[1]}
    assert {file.name for file in (REPOSITORY / "docs" / "images" / "tutorials").iterdir()} == shown
