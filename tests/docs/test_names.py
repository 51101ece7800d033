"""Names say what they hold: pronouns and participles are no names."""

import ast
from collections.abc import Iterator
from pathlib import Path

import runout

VALUES = frozenset({
    "one", "found", "made", "held", "of", "what", "said", "told", "mine", "theirs", "wanted", "given", "thing", "stuff",
})  # fmt: skip
"""No names of variables and arguments."""
DEFINITIONS = VALUES | {"ours", "kept", "asked", "seen", "there", "each", "both", "when", "own"}
"""No names of functions, classes and fields, which are read far from where they are made."""
PACKAGE = Path(runout.__file__).parent


def values(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each name of a variable or an argument, and its line."""
    fields = {id(part.target) for _, part in fields_of(tree)}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) if id(node) not in fields:
                yield name, node.lineno
            case ast.arg(arg=name):
                yield name, node.lineno
            case _:
                pass


def fields_of(tree: ast.Module) -> Iterator[tuple[ast.ClassDef, ast.AnnAssign]]:
    """Yield each field of a class with it; messages of venues have the names that the venues give them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from ((node, part) for part in node.body if isinstance(part, ast.AnnAssign))


def definitions(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each name of a function, a class or a field, bare and as it is spoken of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name.strip("_").lower(), node.name
    for owner, part in fields_of(tree):
        name = ast.unparse(part.target)
        yield name.strip("_"), f"{owner.name}.{name}"


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        yield file.relative_to(PACKAGE), ast.parse(file.read_text(encoding="utf-8"))


def test_no_value_is_named_by_a_pronoun() -> None:
    banned = [f"{file}:{line}: {name}" for file, tree in trees() for name, line in values(tree) if name in VALUES]
    assert not banned, "name what it holds: " + ", ".join(banned[:20])


def test_no_function_class_or_field_is_named_by_a_pronoun() -> None:
    banned = [
        f"{file}: {spoken}"
        for file, tree in trees() if file.name != "messages.py"
        for name, spoken in definitions(tree) if name in DEFINITIONS
    ]  # fmt: skip
    assert not banned, "say what it does or holds: " + ", ".join(banned[:20])
