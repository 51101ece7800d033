"""Every module of the package, and its public functions and classes."""

import importlib
import inspect
import pkgutil

import runout

MODULES = tuple(sorted(info.name for info in pkgutil.walk_packages(runout.__path__, "runout.")))


def public_functions():
    """Yield (name, function) of public functions and of public methods of public classes, where they are defined."""
    for name in MODULES:
        module = importlib.import_module(name)
        for attribute, value in sorted(vars(module).items()):
            if attribute.startswith("_") or getattr(value, "__module__", None) != name:
                continue
            if inspect.isfunction(inspect.unwrap(value)):
                yield f"{name}.{attribute}", inspect.unwrap(value)
            elif inspect.isclass(value):
                yield from _methods(f"{name}.{attribute}", value)


def public_structs():
    """Yield (name, class) of public classes that declare fields."""
    for name in MODULES:
        for attribute, value in sorted(vars(importlib.import_module(name)).items()):
            if inspect.isclass(value) and value.__module__ == name and not attribute.startswith("_"):
                fields = getattr(value, "__struct_fields__", getattr(value, "_fields", ()))
                if fields:
                    yield f"{name}.{attribute}", value, tuple(fields)


def _methods(name, kind):
    for attribute, value in sorted(vars(kind).items()):
        function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        if not attribute.startswith("_") and inspect.isfunction(function):
            yield f"{name}.{attribute}", inspect.unwrap(function)
