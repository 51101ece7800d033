"""Names say what they hold: pronouns and participles are no names."""

import ast
from collections.abc import Iterator
from pathlib import Path

import runout

BANNED = frozenset({
    "one", "found", "made", "held", "of", "what", "said", "told", "mine", "theirs", "wanted", "given", "thing", "stuff",
})  # fmt: skip
PACKAGE = Path(runout.__file__).parent


def bound(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each name of a variable or an argument, and its line; fields are of the contract."""
    classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    fields = {id(part.target) for node in classes for part in node.body if isinstance(part, ast.AnnAssign)}
    for node in ast.walk(tree):
        if id(node) in fields:
            continue
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case _:
                pass


def test_no_value_is_named_by_a_pronoun() -> None:
    banned = [
        f"{file.relative_to(PACKAGE)}:{line}: {name}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for name, line in bound(ast.parse(file.read_text(encoding="utf-8")))
        if name in BANNED
    ]
    assert not banned, "name what it holds: " + ", ".join(banned[:20])
