"""The rules of a day compiled to machine code: the very functions of ``rules`` and ``engine``, made by numba.

The plain functions stay as they are and are the twin that tests hold beside it. Machine code is kept on disk under a
name that carries the digest of both sources, since numba looks for a change only in the file of the function called.
"""

import hashlib
import sys
from collections.abc import Callable
from functools import cache
from inspect import getsource, isfunction
from types import FunctionType, ModuleType
from typing import Any

from runout.synthetic import engine, rules, state
from runout.synthetic.state import Draws, Market

Day = Callable[[Market, Draws], None]


@cache
def compiled_day() -> Day:
    """Return the compiled twin of :func:`runout.synthetic.engine.day`."""
    from numba import njit  # noqa: PLC0415 - half a second, only where a market is made

    here = sys.modules[__name__]
    digest = hashlib.sha256("".join(getsource(one) for one in (state, rules, engine, here)).encode()).hexdigest()[:12]
    names: dict[str, Any] = {**vars(rules), **vars(engine), "__name__": __name__}
    for module in (rules, engine):
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
        name: one
        for name, one in vars(module).items()
        if isfunction(one) and one.__module__ == module.__name__
    }  # fmt: skip
