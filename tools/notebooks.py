"""Execute the notebooks of docs/tutorials, and write the page of each: text, code and what came out, as Markdown.

Usage: notebooks.py [--pages] [FOLDER]. With ``--pages`` nothing is executed, and the pages are written from the outputs
that the notebooks hold. A notebook opens the lake ``lakes/real`` (`make real`) below FOLDER, the repository if absent.
"""

import base64
import re
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "tutorials"
IMAGES = ROOT / "docs" / "images" / "tutorials"
NOTEBOOKS = tuple(sorted(FOLDER.glob("*.ipynb")))

Node = Any  # nbformat's notebooks, cells and outputs have no types


def execute(path: Path, folder: Path = ROOT) -> Node:
    """Return a notebook executed from its first cell in a fresh kernel that stands in ``folder``."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return settled(notebook)


def settled(notebook: Node) -> Node:
    """Return a notebook without what differs between two runs of the same: times, versions, ids."""
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for number, cell in enumerate(notebook.cells):
        cell.metadata, cell.id = {}, f"cell-{number}"
    return notebook


def page(notebook: Node, stem: str) -> tuple[str, dict[str, bytes]]:
    """Return the page of a notebook, and its pictures by file name."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```py\n{cell.source}\n```")
        for output in cell.outputs:
            name = f"{stem}-{len(pictures) + 1}.png"
            shown, picture = _output(output, name)
            parts.append(shown)
            pictures |= picture
    first, *rest = parts
    note = (
        f"*This page is the notebook [{stem}.ipynb]({stem}.ipynb), executed on the developers' lake of public data. To "
        "run it: `make real`, then open it with Jupyter in the folder of the repository.*"
    )
    return "\n\n".join([first, note, *rest]) + "\n", pictures


def _output(output: Node, name: str) -> tuple[str, dict[str, bytes]]:
    if output.output_type == "stream":
        return f"```text\n{output.text.rstrip()}\n```", {}
    data = output.data
    if "image/png" in data:
        words = data["text/plain"].strip("<>")
        return f"![{words}](../images/tutorials/{name})", {name: base64.b64decode(data["image/png"])}
    if "text/html" in data:
        return _plain_html(data["text/html"]), {}
    return f"```text\n{data['text/plain']}\n```", {}


def _plain_html(html: str) -> str:
    """Return a polars table as a Markdown table, other HTML on one line: Markdown ends it at an empty one."""
    if 'class="dataframe"' not in html:
        return re.sub(r"\s*\n\s*", "", html)
    rows = [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)]
    # The row under the head holds types: for whoever programs.
    head, _, *body = [[unescape(cell).strip('"').replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *body])


def outputs(notebook: Node) -> Iterator[tuple[int, str]]:
    """Yield what a reader sees of a notebook's outputs, pictures left out, with the number of the cell."""
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            yield number, output.get("text") or output.data["text/plain"]


def write(path: Path, notebook: Node) -> None:
    """Write a notebook, its page and its pictures."""
    nbformat.write(notebook, path)
    text, pictures = page(notebook, path.stem)
    path.with_suffix(".md").write_text(text, encoding="utf-8")
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, content in pictures.items():
        (IMAGES / name).write_bytes(content)


def main() -> None:
    """Do as the command line says."""
    pages_only, folders = "--pages" in sys.argv, [word for word in sys.argv[1:] if word != "--pages"]
    folder = Path(folders[0]) if folders else ROOT
    for path in NOTEBOOKS:
        write(path, settled(nbformat.read(path, as_version=4)) if pages_only else execute(path, folder))
        print(f"wrote {path.relative_to(ROOT)} and its page")


if __name__ == "__main__":
    main()
