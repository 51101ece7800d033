"""What the pages say of the forecast is what the code holds and the scores show."""

import re
from itertools import pairwise

from documentation import DOCS, section, table, text

from runout.forecast.danger import EDGES, DangerLevel
from runout.forecast.features import FEATURES
from runout.forecast.problems import RULES
from runout.forecast.protocol import LEAST_DAYS
from runout.forecast.targets import HEADLINE_USD
from runout.pipeline.forecasts import MEASURED_THRESHOLDS_USD, MOST_LEAD_DAYS
from runout.units import percent
from studies.forecast.registry import ISSUED, MODELS, REFERENCE

PAGE = DOCS / "forecast.md"


def test_the_edges_of_the_danger_levels_are_those_of_the_code():
    rows = table(section(DOCS / "definitions.md", "Danger level"))
    edges = [percent(edge, digits=0) for edge in EDGES]
    bounds = [
        f"p < {edges[0]}",
        *(f"{a} ≤ p < {b}" for a, b in pairwise(edges)),
        f"p ≥ {edges[-1]}",
    ]
    words = [(str(int(level)), level.word) for level in DangerLevel]
    assert rows == [[number, word, bound] for (number, word), bound in zip(words, bounds, strict=True)]


def test_the_rules_of_the_problem_type_are_those_of_the_code():
    rows = table(section(DOCS / "definitions.md", "Problem type"))
    assert rows == [[rule.problem.value, rule.words] for rule in RULES]


def test_every_model_stands_on_the_page_of_the_forecast():
    rows = table(section(PAGE, "How"))
    assert [row[0] for row in rows] == [f"`{name}`" for name in MODELS]
    marked = [row[0].strip("`") for row in rows if "**" in row[1]]
    assert marked == [REFERENCE, ISSUED]
    assert f"{len(FEATURES)} features" in text(PAGE)


def test_thresholds_and_refusals_are_those_of_the_code():
    targets = section(PAGE, "What is forecast")
    assert all(f"${theta / 1e9:g}B" in targets for theta in HEADLINE_USD)
    assert all(f"${theta / 1e6:g}M" in targets or f"${theta / 1e9:g}B" in targets for theta in MEASURED_THRESHOLDS_USD)
    assert (LEAST_DAYS, MOST_LEAD_DAYS) == (365, 3)
    assert "under a year" in section(PAGE, "How")


def test_the_figures_quoted_from_the_scores_stand_there():
    scores = text(DOCS / "scores" / "forecast.md")
    quoted = re.findall(r"[−+]?0\.\d{4}|1\.03|0\.77|0\.69", section(PAGE, "What the scores say"))
    assert quoted
    assert [figure for figure in quoted if figure not in scores] == []


def test_the_days_of_the_replay_that_the_scores_show_too_agree():
    issued = {row[0]: row for row in table(section(PAGE, "Replay"))}
    for day, _, headline, measured in table(section(DOCS / "scores" / "forecast.md", "Days of August 2025")):
        assert issued[day][3] == measured
        assert f"{float(issued[day][2].strip('%')):.0f}%" == headline
