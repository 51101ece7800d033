"""Bearer tokens: random, shown once, kept as a hash with what they allow."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from runout.errors import ConfigurationError, UsageError

Scope = Literal["read", "alerts"]

_PREFIX: Final = "runout_"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


class Token(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may ask for what.

    Parameters
    ----------
    name
        Whose it is.
    sha256
        Of the token, hexadecimal. The token has 256 random bits, so that a fast hash is enough.
    scopes
        ``read``: every answer. ``alerts``: changing alerts.
    """

    name: str
    sha256: str
    scopes: tuple[Scope, ...] = ("read",)


class TokenFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file that holds tokens: a ``[[token]]`` each."""

    token: tuple[Token, ...] = ()


def new_token(name: str, scopes: tuple[Scope, ...] = ("read",)) -> tuple[str, Token]:
    """Return a new token, and what is kept of it.

    Raises
    ------
    UsageError
        If the name is not of letters, digits, ``.``, ``_`` and ``-``.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"a token's name has up to 40 letters, digits, '.', '_' and '-', found {name!r}")
    token = _PREFIX + secrets.token_urlsafe(32)
    return token, Token(name=name, sha256=_digest(token), scopes=scopes)


def holder(presented: str, tokens: Iterable[Token]) -> Token | None:
    """Return whose token it is; None for nobody's. Every token is compared, in constant time.

    Examples
    --------
    >>> text, kept = new_token("desk")
    >>> holder(text, [kept]).name, holder(text + "x", [kept])
    ('desk', None)
    """
    digest = _digest(presented)
    matching = [token for token in tokens if hmac.compare_digest(token.sha256, digest)]
    return matching[0] if matching else None


def read_tokens(file: Path) -> tuple[Token, ...]:
    """Return the tokens of a file; none if it does not exist.

    Raises
    ------
    ConfigurationError
        If it is not such a file.
    """
    if not file.is_file():
        return ()
    try:
        return msgspec.toml.decode(file.read_bytes(), type=TokenFile).token
    except msgspec.DecodeError as error:
        raise ConfigurationError(
            f"{file} is not a list of tokens as `runout serve --new-token NAME` writes it: {error}"
        ) from error


def keep_token(file: Path, token: Token) -> None:
    """Add a token to a file that only its owner may read.

    Raises
    ------
    UsageError
        If the file has a token of that name.
    """
    if any(item.name == token.name for item in read_tokens(file)):
        raise UsageError(f"{file} has a token named {token.name}; choose another name, or delete its [[token]] first")
    scopes = ", ".join(f'"{scope}"' for scope in token.scopes)
    entry = f'[[token]]\nname = "{token.name}"\nsha256 = "{token.sha256}"\nscopes = [{scopes}]\n\n'
    file.touch(mode=0o600)
    with file.open("a", encoding="utf-8") as opened:
        opened.write(entry)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
