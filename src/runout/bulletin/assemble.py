"""From sections to a bulletin."""

from collections.abc import Sequence

from runout.bulletin.findings import Bulletin, Section
from runout.clock import format_time
from runout.version import CODE_VERSION, METHOD_VERSION, SCHEMA_VERSION

LIMITS = (
    "Reported liquidations are floors: venues with capped feeds publish a part, and worst in the tail.",
    "Open interest over all venues is as the provider sums it; not every venue's figure behaves.",
    "Long/short ratios count accounts; the sizes of longs and shorts are always equal.",
    "Nothing here is advice. What is inferred is called inferred.",
)
SYNTHETIC_LIMIT = "This market is synthetic: no figure here was observed anywhere."


def assemble(
    sections: Sequence[Section], *, coin: str, at: int, synthetic: bool, fingerprint: str, remarks: Sequence[str] = ()
) -> Bulletin:
    """Return the bulletin of ``coin`` at ``at`` (UTC ns) from its sections, in reading order.

    ``remarks`` on what is left out stand before the limits that always hold.
    """
    summaries = [
        section.summary for section in sections if section.key in {"danger", "price", "liquidations", "leverage"}
    ]
    return Bulletin(
        schema_version=SCHEMA_VERSION,
        code_version=CODE_VERSION,
        method_version=METHOD_VERSION,
        coin=coin,
        at=format_time(at),
        synthetic=synthetic,
        headline=" ".join(summaries),
        sections=tuple(sections),
        fingerprint=fingerprint,
        reproduce=f"runout bulletin {coin} --at {format_time(at)}",
        limits=(*((SYNTHETIC_LIMIT,) if synthetic else ()), *remarks, *LIMITS),
    )
