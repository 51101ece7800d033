"""Where venues are: their own addresses, or those that the setting ``venue_hosts`` names instead."""

from collections.abc import Mapping

from runout.errors import ConfigurationError
from runout.sources.facts import Facts

Hosts = str | Mapping[str, Mapping[str, str]]
"""Base addresses by venue and host key; or one base, below which ``/<venue>/<host key>`` follows (an emulator's)."""


def address_of(facts: Facts, host: str, hosts: Hosts) -> str:
    """Return the base address of a venue's host, without a slash at its end.

    Parameters
    ----------
    facts
        The venue's.
    host
        Key of :attr:`runout.sources.facts.Facts.hosts`.
    hosts
        What replaces the venue's own; empty for nothing.

    Raises
    ------
    ConfigurationError
        If addresses are replaced, but not this one: the venue itself must not be asked by mistake.
    """
    own = facts.hosts[host]
    if not hosts:
        return own.rstrip("/")
    if isinstance(hosts, str):
        base = hosts.rstrip("/")
        if own.startswith("wss:"):
            base = base.replace("http://", "ws://", 1).replace("https://", "wss://", 1)
        return f"{base}/{facts.name}/{host}"
    replaced = hosts.get(facts.name, {}).get(host)
    if replaced is None:
        raise ConfigurationError(
            f"expected an address of {facts.name} {host} in venue_hosts, found none; name it, or leave the venue out"
        )
    return replaced.rstrip("/")
