"""Which code a kept result depends on, and from which commit a page was written."""

import ast
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_OWN: Final = ("runout", "studies")
"""Packages whose source counts; libraries are pinned by the lock."""


def code_fingerprint(*modules: str, also: bytes = b"") -> str:
    """Return a hash of the source of modules and of all own modules that these import, at any depth.

    A result kept under it is measured anew as soon as any of that source changes; nothing is listed by hand, so a
    module that is moved or renamed cannot be forgotten.

    Parameters
    ----------
    modules
        Dotted names.
    also
        Bytes of a data file the measurement depends on.

    Raises
    ------
    ModuleNotFoundError
        If one of them does not exist.
    """
    digest = hashlib.sha256(also)
    for name, path in sorted(_reached(modules).items()):
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def commit() -> str:
    """Return the short commit of the checkout, ``+changes`` behind it if files differ; "unknown" without git."""
    git = shutil.which("git")
    if git is None:
        return "unknown"
    said = [
        subprocess.run([git, *words], cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
        for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "--", "../src", "../studies"))
    ]
    if said[0].returncode:
        return "unknown"
    return said[0].stdout.strip() + ("+changes" if said[1].stdout.strip() else "")


def _reached(modules: tuple[str, ...]) -> dict[str, Path]:
    reached: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"expected a module {name}, found none")
        reached[name] = Path(spec.origin)
        waiting.extend(_imported(reached[name]))
    return reached


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in _OWN:
            yield node.module
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name for name in names if name.split(".")[0] in _OWN and _is_module(name))


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # the name of something in a module
        return False
