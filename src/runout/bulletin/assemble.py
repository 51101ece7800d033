"""From sections to a bulletin."""

from collections.abc import Iterator, Sequence
from typing import Final

from runout.bulletin.findings import Bulletin, Section, SectionKey
from runout.clock import format_time
from runout.version import CODE_VERSION, METHOD_VERSION, SCHEMA_VERSION

LIMITS = (
    "Reported liquidations are lower bounds: exchanges with capped feeds publish a part, least on the worst days.",
    "Open interest over all venues is as the provider sums it; some exchanges' figures are unreliable.",
    "Long/short ratios count accounts; the sizes of longs and shorts are always equal.",
    "This is not financial advice. What is inferred is called inferred.",
)
NEEDS: Final[dict[SectionKey, str]] = {
    "liquidations": "liquidations (need liquidation totals by side)",
    "headline": "market-wide liquidations (need a year of daily liquidations of a scope with published market totals)",
    "clusters": "liquidation levels (need 5-minute bars and open interest with a step, of one exchange)",
    "runout": "what a move would set off (needs liquidation levels, order book depth and hourly bars)",
    "leverage": "leverage (needs open interest with a step)",
    "positioning": "positioning (needs long/short ratios)",
    "flows": "flows (need taker volume of spot and perpetuals)",
    "rotation": "rotation (needs daily market values of BTC and of all coins)",
    "cycles": "cycles (need open interest and a year of prices)",
}
"""What an absent section is called, and what would fill it."""
SYNTHETIC_LIMIT = "This market is synthetic: no figure here was observed anywhere."


def assemble(
    sections: Sequence[Section], *, coin: str, at: int, synthetic: bool, fingerprint: str, remarks: Sequence[str] = ()
) -> Bulletin:
    """Return the bulletin of ``coin`` at ``at`` (UTC ns) from its sections, in reading order.

    ``remarks`` say what was left out and why; sections that are absent are named after them.
    """
    keys = {section.key for section in sections}
    # The market-wide estimate leads: what a few exchanges report of it is a tenth.
    total: SectionKey = "headline" if "headline" in keys else "liquidations"
    summaries = [section.summary for section in sections if section.key in {"danger", "price", total, "leverage"}]
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
        limits=(*((SYNTHETIC_LIMIT,) if synthetic else ()), *LIMITS),
        missing=(*remarks, *_absent(sections)),
    )


def _absent(sections: Sequence[Section]) -> Iterator[str]:
    present = {section.key for section in sections}
    return (words for key, words in NEEDS.items() if key not in present)
