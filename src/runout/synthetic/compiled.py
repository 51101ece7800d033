"""The rules of a day compiled to machine code: the very functions of ``engine`` and what it calls, made by numba.

The plain functions stay as they are and are the twin that tests hold beside it. Machine code is kept on disk under a
name that carries the digest of all functions and constants, since numba looks for a change only in the file of the
function called.
"""

import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from inspect import isfunction
from types import FunctionType, ModuleType
from typing import Any

from runout.synthetic import book, engine, levels, liquidation, rules, state
from runout.synthetic.state import Draws, Market

Day = Callable[[Market, Draws], None]

RULES = (book, levels, rules, liquidation, engine)
"""Modules of the rules, those that are called before those that call."""


@cache
def compiled_day() -> Day:
    """Return the compiled twin of :func:`runout.synthetic.engine.day`."""
    from numba import njit  # noqa: PLC0415 - half a second, only where a market is made

    names: dict[str, Any] = {"__name__": __name__}
    for module in RULES:
        names |= {name: value for name, value in vars(module).items() if not name.startswith("__")}
    digest = _digest()
    for module in RULES:
        for name, plain in _own_functions(module).items():
            clone = FunctionType(plain.__code__, names, name)
            clone.__qualname__ = f"{name}_{digest}"
            outermost = plain is engine.day
            compile_it: Any = njit
            names[name] = compile_it(
                clone, cache=outermost, no_cpython_wrapper=not outermost, no_cfunc_wrapper=True, nogil=True, _nrt=False,
                error_model="numpy",
            )  # fmt: skip
    return names["day"]


def _own_functions(module: ModuleType) -> dict[str, FunctionType]:
    return {
        name: item
        for name, item in vars(module).items()
        if isfunction(item) and item.__module__ == module.__name__
    }  # fmt: skip


def _digest() -> str:
    """Return the digest of what is loaded, which may be older than what the files hold."""
    return hashlib.sha256(
        "\n".join(part for module in (state, *RULES) for part in _parts(module)).encode()
    ).hexdigest()[:12]


def _parts(module: ModuleType) -> Iterator[str]:
    for name, value in sorted(vars(module).items()):
        if isfunction(value) and value.__module__ == module.__name__:
            code = value.__code__
            yield f"{name} {code.co_code.hex()} {code.co_consts} {code.co_names} {code.co_varnames}"
        elif name.isupper():
            yield f"{name} {value!r}"
