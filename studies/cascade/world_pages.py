"""The part of the page of the cascade that tells of synthetic slides."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from runout.pipeline.whatif_answers import TRUE_OVER_REPORTED
from studies.cascade.study import CascadeReport
from studies.cascade.words import TRUE, floored, grouped, millions, table
from studies.cascade.worlds import DAYS, FIRST_SEED, TRADERS, Slid


def synthetic_parts(report: CascadeReport) -> Iterator[str]:
    """Yield what is said of synthetic slides."""
    seeds = sorted({one.seed for one in report.slid})
    yield (
        "## Synthetic slides\n\n"
        f"{len(report.slid)} scripted slides of {len(seeds)} worlds (seeds {seeds[0]} to {seeds[-1]}, {DAYS} days, "
        f"{TRADERS:,} traders, all families in turn; seeds 1 to {FIRST_SEED - 1} were looked at while this was built "
        "and are left out; they are why the minute-by-minute path is the main way and not the static solution). "
        "Target: dollars of the losing side closed by force at the venue of the map, from the last four-hourly mark "
        "before the script until two hours after it. Given: the latent price by minute, which is what came from "
        "outside. *At once*: the static solution for its farthest point. *True positions*: the true ladder of that "
        "mark in place of the inferred one; its band is that of the book alone, next to a point. *Regression*: log "
        "dollars on log move over all other worlds, **fitted on their true dollars**, which no user has. *Within the "
        "map*: slides that end on the inferred map in most draws; where all is gone, as in the systemic scenario, the "
        "true positions are right whatever the books do."
    )
    groups = tuple(dict.fromkeys(one.group for one in report.worlds))
    yield grouped(report.worlds, groups)
    floors = "≥: most draws ran off the map, so that this is a floor."
    yield f"### Slide by slide\n\n{floors}\n\n{_slide_table(report.slid)}"
    yield "### What it says\n\n" + "\n".join(f"- {line}" for line in _world_lines(report))


def _slide_table(slid: Iterable[Slid]) -> str:
    rows: list[tuple[str, ...]] = []
    for one in slid:
        given = {way.name: way.band for way in one.given}
        left = {way.name for way in one.given if way.beyond > 0.5}
        rows.append((
            f"{one.scenario}, {one.family}, {one.seed}", f"{100 * one.shock:.1f}%", f"{100 * one.move:.1f}%",
            str(one.closes), millions(one.forced_usd), f"{one.endogenous_usd / max(one.forced_usd, 1.0):.0%}",
            millions(one.reported_usd), floored(given["cascade"], "cascade" in left),
            millions(given["map without feedback"].value), floored(given[TRUE], TRUE in left),
            millions(given[f"{TRUE} at once"].value),
        ))  # fmt: skip
    head = (
        "world", "from outside", "price went", "closes", "forced", "set off by others", "shown", "cascade",
        "no feedback", "true positions, cascade", "at once",
    )  # fmt: skip
    return table(head, rows)


def _world_lines(report: CascadeReport) -> Iterator[str]:
    found = {one.way: one.found for one in report.worlds if one.group == "all"}
    mine, true, once = (
        found[name] for name in ("cascade", "true positions, cascade", "true positions, cascade at once")
    )
    yield (
        f"Map against cascade: with the true positions the error factor is {true.error:.2f}, with the inferred map "
        f"{mine.error:.2f}. What separates them is the map."
    )
    alone, flat = found["true positions, without feedback"], found["map without feedback"]
    shown = np.median([one.forced_usd / one.reported_usd for one in report.slid if one.reported_usd > 0.0])
    yield (
        f"The capped feed showed one dollar of {shown:.2f} closed in the median slide (assumed "
        f"{TRUE_OVER_REPORTED.value:g}). With that factor known, the ratio of the inferred cascade would be about "
        f"{mine.ratio * shown / TRUE_OVER_REPORTED.value:.2f} in place of {mine.ratio:.2f}: the rest is the map, whose "
        "dollars far from the price are fitted on days when the price did not go there."
    )
    yield (
        f"Without time the cascade overstates: at once, with true positions, the error factor is {once.error:.2f} and "
        f"the ratio {once.ratio:.2f}. A static slide meets a book that never refills."
    )
    share = np.median([one.endogenous_usd / max(one.forced_usd, 1.0) for one in report.slid])
    yield (
        f"Set off by others: {share:.0%} of forced dollars in the median slide, {_shares(report.slid)}. With the true "
        f"positions feedback takes the median error factor from {alone.error:.2f} to {true.error:.2f}, and "
        f"{_doubled(report.slid, TRUE)} slides in place of {_doubled(report.slid, f'{TRUE[:14]}, without feedback')} "
        f"come out at more than twice what came{_inner(report)}; with the inferred map "
        f"from {flat.error:.2f} to {mine.error:.2f}."
    )
    yield (
        "The synthetic venue publishes the dollars within 1% of its book as it stands, after what is consumed just "
        "then; the model's book has exponent 0.75 where the market's has 1/1.3 = 0.77. The definitions agree."
    )


def _inner(report: CascadeReport) -> str:
    inner = {one.way: one.found for one in report.worlds if one.group == "within the map"}
    if TRUE not in inner:
        return ""
    alone, whole = inner["true positions, without feedback"], inner[TRUE]
    return f" (of the {whole.cases} slides within the map the factor goes from {alone.error:.2f} to {whole.error:.2f})"


def _doubled(slid: Sequence[Slid], name: str) -> int:
    return sum(way.band.value > 2 * one.forced_usd for one in slid for way in one.given if way.name == name)


def _shares(slid: Sequence[Slid]) -> str:
    scenarios = dict.fromkeys(one.scenario for one in slid)
    parts: list[str] = []
    for scenario in scenarios:
        mine = [one.endogenous_usd / max(one.forced_usd, 1.0) for one in slid if one.scenario == scenario]
        parts.append(f"{np.median(mine):.0%} in {scenario}")
    return ", ".join(parts)
