"""What is known of a venue, as its ``venue.toml`` says it: addresses, limits and conventions by date, with sources."""

import tomllib
from importlib.resources import files
from typing import Literal

import msgspec

from runout.records.series import Capture


class Pool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One limit of a venue, counted per egress address.

    Parameters
    ----------
    weight
        What may be taken within a window.
    seconds
        Length of the window.
    header
        Answer header that says what was taken within the running window, lower case; empty for none.
    share
        Part of the limit that is used: others may sit behind the same address.
    source
        Who says so.
    """

    weight: int
    seconds: float
    header: str = ""
    share: float = 0.8
    source: str


class Convention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a figure of the venue means, from a date on.

    Parameters
    ----------
    subject
        Which figure (``side of liquidations``, ``open interest``).
    since, until
        Dates (UTC) between which it holds; empty for unbounded.
    says
        The convention.
    source
        Who says so, and when it was read.
    """

    subject: str
    since: str = ""
    until: str = ""
    says: str
    source: str


class Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A free key that a provider asks for: never stored, read from the environment where the call is made.

    Parameters
    ----------
    variable, header
        Environment variable that holds it; request header that carries it.
    where
        Where to get one.
    """

    variable: str
    header: str
    where: str


class CaptureLaw(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of the venue's liquidations its feed shows, from a date on.

    Parameters
    ----------
    since, until
        Dates (UTC); empty for unbounded.
    capture
        As in the scope of a series.
    law
        The rule in words.
    source
        Who says so, and when it was read.
    """

    since: str = ""
    until: str = ""
    capture: Capture
    law: str
    source: str


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One venue or keyless provider.

    Parameters
    ----------
    name, title
        Folder name; as the venue writes itself.
    kind
        ``venue``, or ``provider`` where the figures arose elsewhere.
    hosts
        Base addresses by key; ``stream…`` keys are websockets. The setting ``venue_hosts`` replaces them.
    pools
        Limits by name, as :attr:`runout.sources.venue.Call.pool` names them.
    conventions, captures
        What figures mean, and what the liquidation feed shows, by date.
    cannot
        What nobody gets without a key or cannot get back, and from when it must be collected: a sentence each.
    unsettled
        What is not known: a sentence each; the code says which case it met.
    terms
        Terms of use that a user must know.
    key
        The key that calls carry; null where none is needed.
    """

    name: str
    title: str
    kind: Literal["venue", "provider"] = "venue"
    hosts: dict[str, str]
    pools: dict[str, Pool]
    conventions: tuple[Convention, ...] = ()
    captures: tuple[CaptureLaw, ...] = ()
    cannot: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    terms: str = ""
    key: Key | None = None

    def capture(self) -> Capture:
        """Return what a series of the venue's liquidations has as its capture: the law in force today."""
        return self.captures[-1].capture if self.captures else "unknown"


def read_facts(venue: str) -> Facts:
    """Return the facts of a venue folder.

    Parameters
    ----------
    venue
        Folder name below :mod:`runout.sources`.
    """
    text = files("runout.sources").joinpath(venue, "venue.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Facts)
