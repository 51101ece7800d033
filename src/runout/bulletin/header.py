"""What stands above all sections: the danger level with its probabilities, and the figures at a glance."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from runout.bulletin import quantities, wording
from runout.bulletin.findings import Bulletin, Finding, Quantity, Section, SectionKey

_WITHOUT_GLANCE: Final[frozenset[SectionKey]] = frozenset({"danger", "claims", "record", "evidence"})


class Danger(NamedTuple):
    """The danger level a bulletin states.

    Attributes
    ----------
    level
        1 to 5, None where it is not stated.
    words
        The level in words, or why there is none.
    interval
        Its interval in words, empty where it has none.
    probabilities
        The probabilities it rests on.
    """

    level: int | None
    words: str
    interval: str
    probabilities: tuple[Quantity, ...]


class Glance(NamedTuple):
    """The leading number of a section, with what it takes to be read alone."""

    key: SectionKey
    heading: str
    quantity: Quantity
    source: str

    @property
    def label(self) -> str:
        """What goes on behind the heading; nothing where that says it all."""
        label = wording.clean(self.quantity.label)
        return "" if label.casefold() == self.heading.casefold() else f": {label}"


def danger(bulletin: Bulletin) -> Danger | None:
    """Return the danger level, from the quantity ``danger_level`` and those named ``probability_*`` beside it.

    None where no section speaks of it.
    """
    for section in bulletin.sections:
        for finding in section.findings if section.key == "danger" else ():
            level = next((one for one in finding.evidence.quantities if one.unit == "level"), None)
            if level is not None:
                return _danger(level, finding)
    return None


def _danger(stated: Quantity, finding: Finding) -> Danger:
    level = quantities.danger_level(stated.value)
    why = f": {wording.clean(stated.uncertainty)}" if stated.value is None else ""
    words = quantities.value_text(level, "level") if level else f"not stated{why}"
    beside = tuple(one for one in finding.evidence.quantities if one.name.startswith("probability"))
    return Danger(level, words, wording.clean(quantities.interval_text(stated)) if level else "", beside)


def glances(bulletin: Bulletin) -> Iterator[Glance]:
    """Yield the leading number of each section that reads the market."""
    for section in bulletin.sections:
        lead = next((finding for finding in section.findings if finding.evidence.quantities), None)
        if lead is not None and section.key not in _WITHOUT_GLANCE:
            yield _glance(section, lead, bulletin.coin)


def _glance(section: Section, lead: Finding, coin: str) -> Glance:
    source = wording.marked_source_line(lead).removeprefix(f"{wording.clean(coin)}, ")
    heading = wording.clean(section.title).split(":")[0]
    return Glance(section.key, heading, lead.evidence.quantities[0], source)
