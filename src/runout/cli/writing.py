"""What ``--format`` and ``--out`` mean, in every command that has them."""

from pathlib import Path
from typing import Final, TypeVar, cast, get_args

from runout.errors import UsageError

BINARY: Final = ("png", "parquet")
"""Forms that are not text and need a file."""

_Form = TypeVar("_Form", bound=str)


def chosen_form(kind: object, requested: _Form | None, out: Path | None) -> _Form:
    """Return the form to write: the one wanted, else the one that the file's name ends in, else the first.

    Parameters
    ----------
    kind
        ``Literal`` of the forms that the command has, the usual one first.
    requested
        ``--format``.
    out
        ``--out``.

    Raises
    ------
    UsageError
        If the file's name ends in something else, or contradicts ``requested``, or the form needs a file.
    """
    forms = cast("tuple[_Form, ...]", get_args(kind))
    ends: dict[str, _Form] = {_suffix(form): form for form in forms}
    if out is None:
        form = requested or forms[0]
        if form in BINARY:
            raise UsageError(f"expected --out FILE with --format {form}, found none: it is not text")
        return form
    if out.is_dir():
        raise UsageError(
            f"expected --out FILE, found the folder {out}; name a file in it, such as {out / ('x' + next(iter(ends)))}"
        )
    by_name = ends.get(out.suffix.lower())
    if by_name is None:
        raise UsageError(f"expected --out FILE that ends in {', '.join(ends)}, found {str(out)!r}")
    if requested is not None and requested != by_name:
        raise UsageError(
            f"expected --format and --out to agree, found --format {requested} and --out {out}; leave one out"
        )
    return by_name


def chosen_forms(kind: object, requested: _Form | None, out: Path | None) -> tuple[bool, tuple[_Form, ...]]:
    """Return whether ``out`` is a folder, and the forms to write, for a command that takes a folder as well.

    A folder, there or to be made, gets every form, or the one wanted; a file is as in :func:`chosen_form`.

    Parameters
    ----------
    kind, requested, out
        As in :func:`chosen_form`.

    Raises
    ------
    UsageError
        As :func:`chosen_form`.
    """
    if out is not None and (out.is_dir() or not out.suffix):
        return True, (requested,) if requested else cast("tuple[_Form, ...]", get_args(kind))
    try:
        return False, (chosen_form(kind, requested, out),)
    except UsageError as error:
        raise UsageError(f"{error}; a folder is taken too, where its name has no dot or it exists") from error


def _suffix(form: str) -> str:
    return ".txt" if form == "text" else f".{form}"
