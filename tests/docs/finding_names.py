"""Names of findings, tables and charts that the code makes, read from its source: literals and patterns with blanks."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import runout

PACKAGE = Path(runout.__file__).parent
_BLANK = r"([\w-]+(?:\.\d+)?)"
_DATED = re.compile(r"\d{4}-\d\d-\d\d|\d+\.\d+|[12]")


@cache
def emitted(form: str) -> set[str]:
    """Return the names that calls of ``Finding``, ``Table`` or ``Chart`` are given, each blank as ``{}``."""
    return {
        name
        for call, tree, _ in _calls(form)
        for word in call.keywords
        if word.arg == "name"
        for name in _texts(word.value, tree)
        if re.fullmatch(r"[\w.{}-]+", name)
    }


def families() -> set[str]:
    """Return the families of indicators that computations declare as their own."""
    return {name for call, tree, _ in _calls("own_indicators") for name in _texts(call.args[0], tree)}


def checks() -> set[str]:
    """Return the names of checks that an audit's findings are given."""
    made = [
        (word.value, tree) for call, tree, _ in _calls("AuditFinding") for word in call.keywords if word.arg == "check"
    ]
    made += [(call.args[0], tree) for call, tree, _ in _calls("finding") if call.args]
    return {name for value, tree in made for name in _texts(value, tree)}


def is_made(name: str) -> bool:
    """Return whether the bulletin makes a finding or a table of this name."""
    for pattern in emitted("Finding") | emitted("Table"):
        filled = re.fullmatch(re.escape(pattern).replace(r"\{\}", _BLANK), name)
        # The last word of two is a number for what there are several of.
        if filled and all(part in _words() or _DATED.fullmatch(part) for part in filled.groups()):
            return True
    return False


def is_quantity(name: str) -> bool:
    """Return whether the code holds this name of a quantity, or the pattern that makes it."""
    return name in _words() or re.sub(r"_[\d.]+[bdh]$", "", name) in _stems()


def _texts(node: ast.expr, tree: ast.Module) -> Iterator[str]:
    """Yield the texts an expression can be: a constant, a pattern, or what the function that holds it is given."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body, tree), *_texts(node.orelse, tree))
    elif isinstance(node, ast.Name):
        yield from _given(node, tree)


def _given(node: ast.Name, tree: ast.Module) -> Iterator[str]:
    for other in _nodes(tree):
        if isinstance(other, ast.Assign) and any(isinstance(t, ast.Name) and t.id == node.id for t in other.targets):
            yield from _texts(other.value, tree)
        if not isinstance(other, ast.FunctionDef) or node not in _nodes(other):
            continue
        given = {argument.arg: place for place, argument in enumerate([*other.args.args, *other.args.kwonlyargs])}
        if node.id in given:
            for call in _calls_of(other.name, tree):
                named = [word.value for word in call.keywords if word.arg == node.id]
                for value in named or call.args[given[node.id] : given[node.id] + 1]:
                    yield from _texts(value, tree)


def _calls_of(name: str, tree: ast.Module) -> Iterator[ast.Call]:
    for call in _nodes(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name:
            yield call


@cache
def _nodes(tree: ast.AST) -> dict[ast.AST, None]:
    return dict.fromkeys(ast.walk(tree))


@cache
def _trees() -> dict[Path, ast.Module]:
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(PACKAGE.rglob("*.py"))}


def _calls(form: str) -> Iterator[tuple[ast.Call, ast.Module, Path]]:
    for file, tree in _trees().items():
        for call in _calls_of(form, tree):
            yield call, tree, file


@cache
def _words() -> set[str]:
    """Return every text of the sections, of what fills them, and of the indicators."""
    folders = {file.parent for form in ("Finding", "Reading") for *_, file in _calls(form)} | {PACKAGE / "indicators"}
    nodes = (node for file, tree in _trees().items() if file.parent in folders for node in _nodes(tree))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@cache
def _stems() -> set[str]:
    joined = (node for tree in _trees().values() for node in _nodes(tree) if isinstance(node, ast.JoinedStr))
    first = (node.values[0] for node in joined if node.values)
    return {str(one.value).rstrip("_") for one in first if isinstance(one, ast.Constant) and one.value.endswith("_")}
