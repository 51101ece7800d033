"""Maintenance tables that venues published, read from a lake as dated tables."""

from runout.clock import format_time
from runout.errors import SchemaError
from runout.lake import Lake
from runout.margin import TierTable
from runout.sources.renames import present_name

_FIGURES = ("floor_usd", "rate", "max_leverage")


def published_tiers(lake: Lake, venue: str, coin: str, at: int) -> TierTable | None:
    """Return the table of a venue's principal linear contract of a coin that was last seen before a moment.

    Parameters
    ----------
    lake
        Where ``collect`` or ``live`` stored it.
    venue, coin, at
        Lower case; base asset; UTC ns.

    Returns
    -------
    TierTable or None
        Since the first look that showed it without another between; None where none was published.

    Raises
    ------
    SchemaError
        If the rows are no table of brackets.
    """
    series = [s for s in lake.series(coin=present_name(coin.upper()), at=at) if s.kind == "margin_tiers"]
    own = [s for s in series if venue in s.venues and s.margin == "stablecoin"]
    if not own:
        return None
    principal = min(own, key=lambda s: (not s.instruments.endswith("USDT"), s.instruments))
    rows = lake.as_of("margin_tiers", at=at, series=[principal.series]).sort("event_time", "tier")
    looks = [
        (int(time), part.select(*_FIGURES).rows())
        for (time,), part in rows.partition_by("event_time", as_dict=True, maintain_order=True).items()
    ]
    if not looks:
        return None
    last_seen, table = looks[-1]
    since, changed_after = last_seen, None
    for time, earlier in reversed(looks[:-1]):
        if earlier != table:
            changed_after = time
            break
        since = time
    if any(leverage is None for _, _, leverage in table):
        raise SchemaError(f"expected a highest leverage in each tier of {principal.series}, found none")
    return TierTable(
        venue=venue, symbols=(principal.instruments,), contract="linear", kind="brackets", unit="usd",
        floors=tuple(row[0] for row in table), rates=tuple(row[1] for row in table),
        max_leverages=tuple(row[2] for row in table), since=since, changed_after=changed_after, last_seen=last_seen,
        dating="observed", standing="venue",
        source=f"{principal.feed} of {venue}, as the venue answered on {format_time(last_seen)}",
    )  # fmt: skip
