"""Settings: flag, then ``RUNOUT_*``, then ``runout.toml``, then default. Secrets come from the environment only.

=======  =====================  ==============  ===================
"""

import difflib
import hashlib
import importlib.metadata
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from runout import clock
from runout.clock import parse_time
from runout.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from runout.lake import Lake

_PREFIX: Final = "RUNOUT_"
_ENVIRONMENT_ONLY: Final = (
    "RUNOUT_COINALYZE_KEY", "RUNOUT_COINGLASS_KEY", "RUNOUT_COINGLASS_URL", "RUNOUT_REAL_DATA",
)  # fmt: skip


class Configuration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings that may stand in ``runout.toml``.

    Parameters
    ----------
    lake
        Folder or ``s3://`` address of the lake.
    venue_hosts
        Addresses that replace those of venues, such as an emulator's: tables ``[venue_hosts.binance]`` of host keys,
        or one base address, below which ``/<venue>/<host key>`` follows (the only form in the environment).
    emulated_clock
        Clock of the emulated market that is followed, as `runout emulate` prints it; empty: this machine's clock.
    raw_sync
        Seconds after which `runout collect` forces what it received to the disk: what a power cut may cost. 0: at each
        write; negative: never by us.
    """

    lake: str = "lakes/real"
    venue_hosts: str | dict[str, dict[str, str]] = ""
    emulated_clock: str = ""
    raw_sync: float = 0.5


def open_lake(flag: str | None) -> "Lake":
    """Return the lake that ``--lake`` or the settings name, for reading.

    Raises
    ------
    ConfigurationError
        If a setting is wrong.
    NotEnoughDataError
        If no lake is there.
    """
    from runout.lake import Lake  # noqa: PLC0415 - `runout --version` must not load tables

    return Lake.open(lake_address(flag))


def lake_address(flag: str | None) -> str:
    """Return the address of the lake that ``--lake`` or the settings name.

    Raises
    ------
    ConfigurationError
        If a setting is wrong.
    """
    return flag or configuration().lake


def configuration(folder: Path | None = None) -> Configuration:
    """Return the settings in force, without flags.

    Raises
    ------
    ConfigurationError
        If ``runout.toml`` is not TOML, or names an unknown setting or a value of the wrong type.
    """
    file = (folder or Path.cwd()) / "runout.toml"
    settings = Configuration()
    if file.is_file():
        try:
            settings = msgspec.toml.decode(file.read_bytes(), type=Configuration)
        except msgspec.DecodeError as error:
            settings_known = ", ".join(Configuration.__struct_fields__)
            raise ConfigurationError(
                f"expected settings {settings_known} in {file}, found: {error}; mend the file"
            ) from error
    named = {
        field: value
        for field in Configuration.__struct_fields__
        if (value := os.environ.get(f"{_PREFIX}{field.upper()}"))
    }
    try:
        return msgspec.convert(msgspec.structs.asdict(settings) | named, Configuration, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            f"expected settings of their types in the environment, found: {error}; mend {_PREFIX}*"
        ) from error


def follow_clock() -> None:
    """Follow the emulated clock that the settings name, if they name one.

    Raises
    ------
    ConfigurationError
        If the setting is no clock.
    """
    text = configuration().emulated_clock
    try:
        clock.follow(clock.parse_emulated_clock(text) if text else None)
    except ValueError as error:
        raise ConfigurationError(f"the setting emulated_clock is wrong: {error}") from error


def check_environment() -> None:
    """Refuse environment variables that look like settings and are none, so that a misspelt one is noticed.

    Raises
    ------
    ConfigurationError
        If a variable begins with ``RUNOUT_`` and is not known.
    """
    known = [*(f"{_PREFIX}{field.upper()}" for field in Configuration.__struct_fields__), *_ENVIRONMENT_ONLY]
    for name in sorted(os.environ):
        if name.startswith(_PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            advice = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}; unset it"
            raise ConfigurationError(f"expected a setting that exists, found {name} in the environment; {advice}")


def time_option(text: str) -> int:
    """Return UTC nanoseconds of a time given on the command line.

    Raises
    ------
    UsageError
        If it is not an ISO 8601 date or time.
    """
    try:
        return parse_time(text)
    except ValueError as error:
        raise UsageError(str(error)) from error


def lock_version() -> str:
    """Return a short fingerprint of the library versions that run, for ``--version`` and every output's provenance."""
    names = ("numpy", "polars", "deltalake", "msgspec", "numba", "scipy")
    text = " ".join(f"{name}={importlib.metadata.version(name)}" for name in names)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
