"""Names of findings that the code can make, read from its source: literals, and patterns with a part filled in."""

import ast
import re
from functools import cache
from pathlib import Path

import runout

PACKAGE = Path(runout.__file__).parent
SECTIONS = "danger|price|liquidations|leverage|positioning|flows|rotation|cycles|claims|clusters|runout"
_FILLED = r"([\w-]+(?:\.\d+)?)"
_DATED = re.compile(r"\d{4}-\d\d-\d\d|\d+\.\d+|[12]")


def is_made(name):
    """Return whether a section of the bulletin makes a finding of this name."""
    for pattern in _patterns():
        found = re.fullmatch(pattern, name)
        # The last word of two is a number for what there are several of.
        if found and all(part in _words() or _DATED.fullmatch(part) for part in found.groups()):
            return True
    return False


def is_quantity(name):
    """Return whether the bulletin's code holds this name of a quantity, or the pattern that makes it."""
    return name in _words() or re.sub(r"_[\d.]+[bdh]$", "", name) in _stems()


@cache
def _patterns():
    found = set()
    for node in _nodes("bulletin/sections"):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(re.escape(node.value))
        elif isinstance(node, ast.JoinedStr):
            found.add("".join(re.escape(p.value) if isinstance(p, ast.Constant) else _FILLED for p in node.values))
    return {pattern for pattern in found if re.match(rf"(?:{SECTIONS})\\\.[^ ]+$", pattern)}


@cache
def _words():
    folders = ("bulletin/sections", "pipeline/bulletin_inputs", "indicators")
    nodes = (node for folder in folders for node in _nodes(folder))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


@cache
def _stems():
    joined = (node for node in _nodes("bulletin/sections") if isinstance(node, ast.JoinedStr))
    first = (node.values[0] for node in joined)
    return {one.value.rstrip("_") for one in first if isinstance(one, ast.Constant) and one.value.endswith("_")}


def _nodes(folder):
    for file in sorted((PACKAGE / folder).rglob("*.py")):
        yield from ast.walk(ast.parse(file.read_text(encoding="utf-8")))
