"""A function fits a screen, a module is read at a sitting."""

import ast
from pathlib import Path

import runout

PACKAGE = Path(runout.__file__).parent
LONGEST_BODY, LONGEST_MODULE = 50, 400


def lines_of_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without its signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_functions_and_modules_are_short() -> None:
    long: list[str] = []
    for file in sorted(PACKAGE.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if (lines := text.count("\n")) > LONGEST_MODULE:
            long.append(f"{file.relative_to(PACKAGE)}: {lines}")
        functions = (
            node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        )
        long += [
            f"{file.relative_to(PACKAGE)}: {node.name}: {lines}"
            for node in functions
            if (lines := lines_of_body(node)) > LONGEST_BODY
        ]
    assert not long, "divide what is longer than 50 lines (a module: 400): " + ", ".join(long)
