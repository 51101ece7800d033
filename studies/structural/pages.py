"""The page of the structural model's scores, ``docs/scores/structural.md``, and its lines in the log of all runs."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from runout.clock import format_time
from runout.forecast.targets import MEASURED_USD
from runout.scores import PairedDifference
from runout.units import dollars, percent
from runout.version import CODE_VERSION, METHOD_VERSION
from studies.forecast.registry import ISSUED, REFERENCE, WITH_STRUCTURAL
from studies.structural.study import (
    TRAINING_DAYS,
    VARIANTS,
    WORLD_COINS,
    WORLD_DAYS,
    WORLD_TRADERS,
    Comparison,
    StructuralReport,
)

PAGE, LOG = "structural.md", "log.jsonl"
_DIGITS = 6
_TOLD = {
    "structural": "the model",
    "with feedback": "forced trades carry each scenario farther",
    "path only": "ladders without volume and open interest",
    "no ladder": "how far prices went, and nothing of what lay there",
}


def write_structural_pages(report: StructuralReport, folder: Path, *, run_time: int, commit: str) -> list[Path]:
    """Write the page to ``folder``, append the run to its log, and return the paths.

    Parameters
    ----------
    report
        What was found.
    folder
        Such as ``docs/scores``; made if absent.
    run_time
        UTC ns, for the log.
    commit
        State of the code, for page and log.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text(page(report, commit, _looks(folder / LOG)), encoding="utf-8")
    with (folder / LOG).open("ab") as log:
        for line in log_lines(report, run_time, commit):
            log.write(msgspec.json.encode(line) + b"\n")
    return [folder / name for name in (PAGE, LOG)]


def log_lines(report: StructuralReport, run_time: int, commit: str) -> Iterator[dict[str, object]]:
    """Yield one line a period, the worlds among them."""
    for name, found in (*report.real.items(), ("synthetic worlds", report.synthetic)):
        if not found:
            continue
        yield {
            "kind": "scored structural run",
            "run": format_time(run_time),
            "commit": commit,
            "code_version": CODE_VERSION,
            "method_version": METHOD_VERSION,
            "configuration": {
                "variants": list(VARIANTS),
                "issued": ISSUED,
                "scope": report.scope if name in report.real else f"{len(report.worlds)} worlds",
                "fingerprint": report.fingerprint,
            },
            "period": {"name": name, "days": found[0].days},
            "scores": {one.model: _plain(one) for one in found},
        }


def _plain(one: Comparison) -> dict[str, object]:
    def triple(of: PairedDifference) -> list[float]:
        return [round(value, _DIGITS) for value in (of.mean, of.low, of.high)]

    return {
        "against": one.against, "crps": round(one.crps, _DIGITS), "log": round(one.log, _DIGITS),
        "brier": round(one.brier, _DIGITS), "crps_difference": triple(one.crps_difference),
        "log_difference": triple(one.log_difference), "brier_difference": triple(one.brier_difference),
    }  # fmt: skip


# -- the page ---------------------------------------------------------------------------------------------------------


def _looks(log: Path) -> int:
    """Return how many looks a log holds that were taken while the model was built."""
    lines = log.read_bytes().splitlines() if log.exists() else []
    return sum(line["kind"] == "structural research look" for line in map(msgspec.json.decode, lines))


def page(report: StructuralReport, commit: str, looks: int) -> str:
    """Return the page as Markdown; ``looks`` were taken at 2022 to 2024 while the model was built."""
    told = (
        f"Written by `python -m studies.structural` at commit `{commit}`; do not edit. [The model page]"
        "(../forecast.md#the-structural-model) tells what is scored. Every model walked forward, fitted on what was "
        "known at each origin. CRPS and log loss are of the logarithm of the day's dollars, so of the whole "
        "distribution; Brier is at one threshold. Differences are paired, model less `pool` unless said, lower is "
        "better, with 95% intervals: stationary bootstrap, blocks of 10 days on average, 4,000 resamples. They do not "
        f"know that the model was built on 2022 to 2024, in {looks} looks, none of which showed later "
        "days (`log.jsonl`)."
    )
    parts = [
        "# Scores of the structural model",
        told,
        _variants_part(),
        *(_period_part(f"Real past: {name}", found, dollars(MEASURED_USD)) for name, found in report.real.items()),
        _condition_part(report),
        _world_part(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _variants_part() -> str:
    rows = [(f"`{name}`", told) for name, told in _TOLD.items()]
    added = f"`{ISSUED} + …` is the mean of the pool's two members and that model; the first is `{WITH_STRUCTURAL}`."
    return f"{_table(('model', 'what it is'), rows)}\n\n{added}"


def _period_part(title: str, found: Sequence[Comparison], threshold: str) -> str:
    rows = [
        (
            f"**{one.model}**" if one.model == ISSUED else one.model, f"{one.crps:.4f}",
            _difference(one, one.crps_difference), f"{one.log:.3f}", _difference(one, one.log_difference, 3),
            f"{one.brier:.4f}", _difference(one, one.brier_difference),
        )
        for one in found
    ]  # fmt: skip
    head = ("model", "CRPS", "difference", "log", "difference", f"Brier, {threshold}", "difference")
    itself = f"; the pool itself against `{REFERENCE}`" if any(one.model == ISSUED for one in found) else ""
    against = f"Against `{ISSUED}`{itself}."
    return f"## {title}\n\n{found[0].days} days. {against}\n\n{_table(head, rows)}"


def _condition_part(report: StructuralReport) -> str:
    rows = [
        (
            percent(one.move, digits=0), one.period, f"{one.days} + {one.only_model}",
            _number(one.counted_log, 3), _number(one.model_log, 3),
            "n/a" if one.log_difference is None else _interval(one.log_difference, 3),
            _number(one.counted_brier, 4), _number(one.model_brier, 4), _number(one.only_model_log, 3),
        )
        for one in report.conditions
    ]  # fmt: skip
    head = (
        "fall", "period", "days + model alone", "log, counted", "log, model", "difference", "Brier, counted",
        "Brier, model", "log where alone",
    )  # fmt: skip
    told = (
        "If BTC falls at least so far from its opening: on the days on which it did, what past days say that went so "
        "far (`counted`) and what the model says. Where fewer than 20 past days went so far, the model is alone."
    )
    return f"## Conditions\n\n{told}\n\n{_table(head, rows)}"


def _world_part(report: StructuralReport) -> str:
    if not report.synthetic:
        return ""
    better = sum(one.crps_difference < 0.0 for one in report.worlds)
    told = (
        f"{len(report.worlds)} worlds of {WORLD_DAYS} days, {WORLD_COINS} coins and {WORLD_TRADERS:,} accounts, "
        f"families and scenarios in turn; the first {TRAINING_DAYS} days with liquidations are learned from, "
        "models fitted every 5 days; days without any are left out. "
        "The threshold of a world is the 0.93 quantile of those days. Models read what venues publish. In "
        f"{better} of {len(report.worlds)} the CRPS of `{WITH_STRUCTURAL}` is lower than the pool's."
    )
    rows = [(one.name, str(one.days), f"{one.crps_difference:+.4f}".replace("-", "−")) for one in report.worlds]
    table = _table(("world", "days", f"CRPS of {WITH_STRUCTURAL} less {ISSUED}"), rows)
    scores = _period_part("Synthetic worlds", report.synthetic, "0.93 quantile")
    return f"{scores}\n\n{told}\n\n{table}"


def _difference(one: Comparison, of: PairedDifference, digits: int = 4) -> str:
    return _interval(of, digits) + (f" ({one.against})" if one.against != ISSUED else "")


def _interval(of: PairedDifference, digits: int) -> str:
    return f"{of.mean:+.{digits}f} [{of.low:+.{digits}f}, {of.high:+.{digits}f}]".replace("-", "−")


def _number(value: float | None, digits: int) -> str:
    return "n/a" if value is None or math.isnan(value) else f"{value:.{digits}f}".replace("-", "−")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
