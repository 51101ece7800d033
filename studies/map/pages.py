"""The pages of a scoring run of the map: ``docs/scores/map.md``, its figure, and lines of the log of all runs."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from runout.clock import format_date, format_time
from runout.version import CODE_VERSION, METHOD_VERSION
from studies.map import FROZEN, ONE_STEP, SIDES, Gain, Mode, Study
from studies.map.findings import Compared, names_of
from studies.map.fitting import EMBARGO_BUCKETS
from studies.map.measures import BLOCK_BUCKETS, RESAMPLES
from studies.map.reading import MapReport

PAGE, FIGURE, LOG = "map.md", "map-gains.svg", "log.jsonl"
LOOK: Final = "research look of the map"
AIMS: Final[dict[Mode, tuple[float, float]]] = {FROZEN: (0.66, 0.56), ONE_STEP: (0.79, 0.72)}
"""R² that was aimed for before the work began, long and short."""
MODES: Final[tuple[Mode, ...]] = (FROZEN, ONE_STEP)
_MAP, _PATH, _NONE = "four learners + map", "four learners + constant clock", "four learners"
_DIGITS = 6
_COLOURS: Final = {"long": "#b3541e", "short": "#2f6690"}


def write_map_pages(report: MapReport, folder: Path, *, run_time: int, commit: str) -> list[Path]:
    """Write page and figure to ``folder``, append the run to its log, and return the paths.

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
    (folder / PAGE).write_text(page(report, commit, looks(folder / LOG)), encoding="utf-8")
    draw(report.studies[0], folder / FIGURE)
    with (folder / LOG).open("ab") as log:
        for line in log_lines(report, run_time, commit):
            log.write(msgspec.json.encode(line) + b"\n")
    return [folder / name for name in (PAGE, FIGURE, LOG)]


def log_lines(report: MapReport, run_time: int, commit: str) -> Iterator[dict[str, object]]:
    """Yield one line a coin, question and side: what ran, on what, and what every row scored."""
    for study in report.studies:
        for mode in MODES:
            for side in SIDES:
                rows = [one for one in study.scored if (one.mode, one.side) == (mode, side)]
                pairs = [one for one in study.compared if (one.mode, one.side) == (mode, side)]
                yield {
                    "kind": "scored run",
                    "run": format_time(run_time),
                    "commit": commit,
                    "code_version": CODE_VERSION,
                    "method_version": METHOD_VERSION,
                    "configuration": {
                        "what": "map",
                        "coin": study.coin,
                        "mode": mode,
                        "side": side,
                        "series": [one.series for one in report.series if one.coin == study.coin],
                        "fingerprint": report.fingerprint,
                    },
                    "period": {
                        "name": "second half",
                        "first": format_date(study.fit_time),
                        "last": format_date(study.last - 1),
                    },
                    "scores": {
                        f"{one.name} | {one.given}": {
                            "r_squared": round(one.r_squared, _DIGITS),
                            "top_decile_ratio": round(one.top_decile_ratio, _DIGITS),
                            "rank_correlation": round(one.rank_correlation, _DIGITS),
                        }
                        for one in rows
                    },
                    "gains": {
                        f"{one.name} over {one.over} | {one.given}": [
                            round(value, _DIGITS) for value in (one.gain.mean, one.gain.low, one.gain.high)
                        ]
                        for one in pairs
                    },
                }


def looks(log: Path) -> tuple[int, int]:
    """Return at how many moments research on the map looked at the tested half, and how many figures it wrote down."""
    lines = log.read_bytes().splitlines() if log.exists() else []
    mine = f'{{"kind":"{LOOK}",'.encode()
    found = [msgspec.json.decode(line) for line in lines if line.startswith(mine)]
    return len({(line["configuration"]["look"], line["configuration"]["coin"]) for line in found}), len(found)


# -- the page ---------------------------------------------------------------------------------------------------------


def page(report: MapReport, commit: str, looked: tuple[int, int]) -> str:
    """Return the page as Markdown; ``looked`` as :func:`looks` says."""
    first = report.studies[0]
    told = (
        f"Written by `python -m studies.map` at commit `{commit}`; do not edit. "
        "[The page of the map](../map.md) tells what "
        "the map is and what follows from this. Target: log dollars liquidated in 4 h, long and short apart. Fitted on "
        f"{first.trained} buckets from {format_date(first.first)} to {EMBARGO_BUCKETS} buckets before "
        f"{format_date(first.fit_time)}, told on the {first.tested} from then to {format_date(first.last - 1)}. "
        f"Intervals are of 95%: paired stationary bootstrap, blocks of {BLOCK_BUCKETS // 6} days on average, "
        f"{RESAMPLES:,} resamples. They do not know that the second half had been looked at {looked[0]} times before "
        f"({looked[1]} figures, all in `log.jsonl`)."
    )
    questions = (
        "*Frozen*: the map as it stood at the bucket's start, asked about the range that the bucket then covered. *One "
        "step*: the map carried bar by bar through the bucket, with its prices and volume and without its open "
        "interest."
    )
    parts = [
        "# Scores of the map",
        told,
        questions,
        *_summary(first),
        f"![Paired gains in R²]({FIGURE})",
        *(part for study in report.studies for part in _study_parts(study)),
        _read(report),
    ]
    return "\n\n".join(parts) + "\n"


def _summary(study: Study) -> Iterator[str]:
    rows = [
        (
            mode,
            side,
            *(f"{study.row(name, 'all', mode, side).r_squared:.3f}" for name in (_NONE, _PATH, _MAP)),
            f"{AIMS[mode][place]:.2f}",
            _said(_gain(study, _MAP, _PATH, mode, side)),
        )
        for mode in MODES
        for place, side in enumerate(SIDES)
    ]
    head = ("question", "side", "no map", "constant clock", "map", "aim", "map less constant clock")
    yield f"## In short\n\n{study.coin}, four learners with the same covariates, R²:\n\n{_table(head, rows)}"
    yield "\n".join(f"- {line}" for line in _statements(study))


def _statements(study: Study) -> Iterator[str]:
    over_none = [_gain(study, _PATH, _NONE, mode, side) for mode in MODES for side in SIDES]
    over_path = [_gain(study, _MAP, _PATH, mode, side) for mode in MODES for side in SIDES]
    above = sum(one.low > 0 for one in over_none)
    yield (
        f"The geometry of the path (where the price was, how long ago, what is swept already) over learners without a "
        f"map: {_range(over_none)}; {above} of 4 intervals lie above zero."
    )
    above, below = sum(one.low > 0 for one in over_path), sum(one.high < 0 for one in over_path)
    holding = len(over_path) - above - below
    yield (
        f"Traded volume as the clock of that geometry: {_range(over_path)}; {above} of 4 intervals lie above zero, "
        f"{below} below, {holding} contain it."
    )
    for mode in MODES:
        reached = {
            name: all(
                study.row(name, "all", mode, side).r_squared >= AIMS[mode][place] for place, side in enumerate(SIDES)
            )
            for name in (_MAP, _PATH)
        }
        said = " and ".join(f"{'reached' if reached[name] else 'not reached'} with {name[16:]}" for name in reached)
        yield f"The aim for {mode}, R² of {AIMS[mode][0]} long and {AIMS[mode][1]} short, is {said}."


def _study_parts(study: Study) -> Iterator[str]:
    for mode in MODES:
        yield f"## {study.coin}, {mode}\n\n{_score_table(study, mode)}"
    yield f"## {study.coin}, paired gains\n\nDifference of R², with its interval.\n\n{_gain_table(study)}"
    if study.placebos:
        yield f"## {study.coin}, placebos\n\n{_placebo_text(study)}\n\n{_placebo_table(study)}"
    yield f"## {study.coin}, what each dollar is allotted\n\n{_allotment_text()}\n\n{_allotment_table(study)}"


def _score_table(study: Study, mode: Mode) -> str:
    rows = [
        (
            name,
            given,
            *(f"{study.row(name, given, mode, side).r_squared:.3f}" for side in SIDES),
            *(f"{study.row(name, given, mode, side).top_decile_ratio:.2f}" for side in SIDES),
            *(f"{study.row(name, given, mode, side).rank_correlation:.3f}" for side in SIDES),
        )
        for name, given in names_of([one for one in study.scored if one.mode == mode])
    ]
    head = ("what predicts", "beside", "R² long", "short", "dollars long", "short", "rank long", "short")
    told = (
        "*Dollars*: realised over predicted in the tenth of buckets for which most was predicted. *Beside*: the "
        "covariates it was given too."
    )
    return f"{told}\n\n{_table(head, rows)}"


def _gain_table(study: Study) -> str:
    keys = list(dict.fromkeys((one.name, one.over, one.given) for one in study.compared))
    found = {(one.name, one.over, one.given, one.mode, one.side): one.gain for one in study.compared}
    rows = [
        (
            f"{name} over {over}",
            given,
            *(
                _said(found[name, over, given, mode, side]) if (name, over, given, mode, side) in found else "·"
                for mode in MODES
                for side in SIDES
            ),
        )
        for name, over, given in keys
    ]
    return _table(("gain", "beside", *(f"{mode}, {side}" for mode in MODES for side in SIDES)), rows)


def _placebo_text(study: Study) -> str:
    worse = sum(one.loss.low > 0 for one in study.placebos)
    return (
        "Frozen, the map, a head of its own for every placebo: R² · what it loses. They show that it matters where "
        "levels lie. "
        f"{worse} of {len(study.placebos)} intervals lie above zero."
    )


def _placebo_table(study: Study) -> str:
    found = {(one.name, one.given, one.side): one for one in study.placebos}
    columns = [(given, side) for given in ("nothing", "range") for side in SIDES]
    rows = [
        (name, *(f"{one.r_squared:.3f} · {_said(one.loss)}" for g, s in columns for one in (found[name, g, s],)))
        for name in dict.fromkeys(one.name for one in study.placebos)
    ]
    return _table(("placebo", *(f"beside {given}, {side}" for given, side in columns)), rows)


def _allotment_text() -> str:
    return (
        "Nothing fitted: each day's dollars are allotted to its six buckets as the map says that levels are crossed in "
        "them. Mean log share of a dollar, in nats, over that of the constant clock, with an interval of 95% over days."
    )


def _allotment_table(study: Study) -> str:
    return _table(("clock", *SIDES), [
        (name, *(_said(study.allotments[name, side]) for side in SIDES))
        for name in dict.fromkeys(name for name, _ in study.allotments)
    ])  # fmt: skip


def _read(report: MapReport) -> str:
    rows = [(f"`{one.series}`", one.scope(), one.note or "·") for one in report.series]
    told = f"Fingerprint of the rows: `{report.fingerprint}`."
    return f"## Read\n\n{_table(('series', 'scope', 'note'), rows)}\n\n{told}"


def _gain(study: Study, name: str, over: str, mode: Mode, side: str) -> Gain:
    return next(
        one.gain for one in study.compared if (one.name, one.over, one.mode, one.side) == (name, over, mode, side)
    )


def _range(gains: Sequence[Gain]) -> str:
    means = [one.mean for one in gains]
    return f"{min(means):+.3f} to {max(means):+.3f} of R²".replace("-", "−")


def _said(found: Gain) -> str:
    return f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]".replace("-", "−")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


# -- the figure -------------------------------------------------------------------------------------------------------

_DRAWN: Final = (
    ("constant clock", "naive ladder", "range"),
    (_PATH, _NONE, "all"),
    (_MAP, _NONE, "all"),
    ("map", "constant clock", "range"),
    ("map", "constant clock", "all"),
    (_MAP, _PATH, "all"),
    ("map", "range clock", "all"),
)


def draw(study: Study, path: Path) -> None:
    """Draw paired gains with their intervals, both questions and sides."""
    import matplotlib as mpl  # noqa: PLC0415 - most of a second, only where a figure is drawn
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context({"svg.hashsalt": "runout", "svg.fonttype": "none", "font.size": 8}):
        figure = Figure(figsize=(9.6, 3.6), layout="constrained")
        for axes, mode in zip(figure.subplots(1, 2, sharey=True), MODES, strict=True):
            axes.axvline(0.0, color="#777777", linewidth=0.8)
            for side, offset in zip(SIDES, (-0.14, 0.14), strict=True):
                drawn = [(row, one.gain) for row, key in enumerate(_DRAWN) for one in _matching(study, key, mode, side)]
                where, means = [row + offset for row, _ in drawn], [one.mean for _, one in drawn]
                reach = [[one.mean - one.low for _, one in drawn], [one.high - one.mean for _, one in drawn]]
                axes.errorbar(means, where, xerr=reach, fmt="o", markersize=4, color=_COLOURS[side], label=side)
            axes.set_title(f"{study.coin}, {mode}", fontsize=9)
            axes.set_xlabel("gain in R², 95% interval")
            axes.set_yticks(
                range(len(_DRAWN)), [f"{name}\nover {over} (beside {given})" for name, over, given in _DRAWN]
            )
            axes.set_ylim(len(_DRAWN) - 0.5, -0.5)
        figure.axes[0].legend(frameon=False, loc="lower right")
        figure.savefig(path, metadata={"Date": None})


def _matching(study: Study, key: tuple[str, str, str], mode: Mode, side: str) -> list[Compared]:
    return [one for one in study.compared if (one.name, one.over, one.given, one.mode, one.side) == (*key, mode, side)]
