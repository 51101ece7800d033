"""The one error tree.

::

    RunoutError                       exit 1
    ├── UsageError (ValueError)       exit 2   the command or its options are not of the expected form
    │   └── ConfigurationError                 a setting in runout.toml or RUNOUT_* is wrong
    ├── SchemaError (ValueError)      exit 3   a file, message or table is not of its declared form
    │   └── ChecksumError                      bytes differ from their published checksum
    ├── NotEnoughDataError (LookupError) exit 4  the lake holds too little to answer
    ├── LakeError (OSError)           exit 1   the lake cannot be read or written
    └── SourceError (ConnectionError) exit 1   a provider did not answer, or refused

Every message says what was expected, what was found, where, and what to do. Each error is also the builtin
in parentheses, so callers who know only Python catch it by that name.
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit codes of the public contract."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    QUARANTINED = 3
    NOT_ENOUGH_DATA = 4
    INTERRUPTED = 130


class RunoutError(Exception):
    """Root of every error that Runout raises on purpose."""

    exit_code: ClassVar[ExitCode] = ExitCode.FINDINGS


class UsageError(RunoutError, ValueError):
    """The command, an option or an argument is not of the expected form."""

    exit_code = ExitCode.USAGE


class ConfigurationError(UsageError):
    """A setting in ``runout.toml`` or the environment is wrong."""


class SchemaError(RunoutError, ValueError):
    """A file, message or table is not of its declared form."""

    exit_code = ExitCode.QUARANTINED


class ChecksumError(SchemaError):
    """Bytes differ from the checksum published with them."""


class NotEnoughDataError(RunoutError, LookupError):
    """The lake holds too little to answer; the message says what is missing.

    ``newest`` is the moment (ISO 8601 UTC) of the newest data, where a question of then has an answer; else empty.
    """

    exit_code = ExitCode.NOT_ENOUGH_DATA

    def __init__(self, message: str, *, newest: str = "") -> None:
        super().__init__(message)
        self.newest = newest

    def __str__(self) -> str:
        return self.worded("at=")

    def worded(self, option: str) -> str:
        """Return the message; ``option`` is what a time is named by where the question came from, such as ``--at``."""
        text = super().__str__()
        return f"{text}; the newest data are of {self.newest}: ask for {option}{self.newest}" if self.newest else text


class LakeError(RunoutError, OSError):
    """The lake cannot be read or written."""


class SourceError(RunoutError, ConnectionError):
    """A provider did not answer, or refused the request."""
