"""The bulletin in a terminal."""

import subprocess
import sys
import unicodedata
from pathlib import Path

import msgspec
import pytest

from bulletin.bulletin_specimen import evidence, finding, only, specimen
from bulletin.hostile import LABELS, LONG, hostile
from runout.bulletin import wording
from runout.bulletin.findings import Section
from runout.render import cells, text

TESTS = Path(__file__).resolve().parents[1]


def test_a_synthetic_bulletin_says_so_at_its_top_and_its_bottom() -> None:
    rendered = text.render(specimen())
    assert wording.SYNTHETIC in "\n".join(rendered.splitlines()[:3])
    assert wording.SYNTHETIC in "\n".join(rendered.splitlines()[-3:])
    assert wording.SYNTHETIC not in text.render(specimen(synthetic=False))


@pytest.mark.parametrize("width", [40, 57, 80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for made in (specimen(), *map(hostile, LABELS)):
        widest = max(text.render(made, width).splitlines(), key=cells.cells)
        assert cells.cells(widest) <= width, widest


def test_a_hundred_columns_are_the_widest_without_being_asked() -> None:
    assert max(cells.cells(row) for row in text.render(hostile(LONG)).splitlines()) <= 100


@pytest.mark.parametrize("label", LABELS)
def test_no_label_steers_the_terminal(label: str) -> None:
    rendered = text.render(hostile(label))
    assert all(sign == "\n" or unicodedata.category(sign) not in {"Cc", "Cf", "Cs"} for sign in rendered)


def test_colour_only_adds_styles() -> None:
    plain, styled = text.render(specimen()), text.render(specimen(), colour=True)
    assert "\x1b[" not in plain
    for code in ("0", "1", "2", "1;33", "1;36"):
        styled = styled.replace(f"\x1b[{code}m", "")
    assert styled == plain


def test_a_long_command_is_still_one_command_to_a_shell() -> None:
    made = msgspec.structs.replace(specimen(), reproduce="printf %s. " + " ".join(["word", "x" * 150, "y" * 30] * 3))
    rows = text.render(made, 60).splitlines()
    start = rows.index("Reproduce") + 1
    end = next(index for index in range(start, len(rows)) if rows[index].startswith("Fingerprint"))
    shell = subprocess.run(["sh", "-c", "\n".join(rows[start:end])], capture_output=True, text=True, check=True)
    assert shell.stdout == ".".join(made.reproduce.split()[2:]) + "."


def test_what_was_not_observed_reads_so() -> None:
    rendered = text.render(only(specimen(), "leverage"))
    assert "Kraken" in rendered
    assert next(row for row in rendered.splitlines() if "Kraken" in row).count("n/a") == 4


def test_a_section_without_anything_says_so() -> None:
    empty = Section(key="flows", title="Flows", summary="")
    rendered = text.render(msgspec.structs.replace(specimen(), sections=(empty,)))
    assert wording.NOTHING in rendered


def test_a_summary_that_repeats_the_headline_or_the_first_finding_is_left_out() -> None:
    made = only(specimen(synthetic=False), "flows", "leverage")
    repeated = made.sections[0].summary
    said = msgspec.structs.replace(made, headline=f"First. {repeated}")
    assert text.render(said).count(" ".join(repeated.split()[:6])) == text.render(made).count(
        " ".join(repeated.split()[:6])
    )
    flows = made.sections[1]
    assert flows.summary == flows.findings[0].statement
    assert text.render(only(made, "flows")).count(flows.summary[:30]) == 1


def test_the_danger_level_stands_above_with_the_time_it_was_set() -> None:
    head = text.render(specimen()).split("DANGER LEVEL ─")[0]
    assert "■■■□□ 3 of 5, considerable; set 18 Mar 00:00 UTC" in head


def test_a_source_is_given_once_a_section_and_marked_where_there_are_several() -> None:
    one, same = (finding("price", name, f"{name} 1.5.", evidence()) for name in ("a", "b"))
    other = finding("price", "c", "c 2.5.", evidence(scope="elsewhere"))
    section = Section(key="price", title="Price", summary="", findings=(one, other, same))
    made = msgspec.structs.replace(specimen(), sections=(section,))
    shown = text.render(made).split("PRICE ─")[1].split("EVIDENCE")[0]
    assert shown.count("all venues, all derivatives") == 1
    assert "• a 1.5. [1]" in shown
    assert "• c 2.5. [2]" in shown
    assert "• b 1.5. [1]" in shown


def test_no_caveat_is_given_twice() -> None:
    same = [finding("price", name, f"{name}.", evidence(), caveat="Both are lower bounds.") for name in ("a", "b")]
    section = Section(key="price", title="Price", summary="", findings=tuple(same))
    made = msgspec.structs.replace(specimen(), sections=(section,))
    assert text.render(made).count("Both are lower bounds.") == 1


def test_text_does_not_load_matplotlib() -> None:
    script = (
        "import sys; from bulletin.bulletin_specimen import specimen; from runout.render import text;"
        "text.render(specimen()); sys.exit('matplotlib' in sys.modules or 'jinja2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": str(TESTS)}, check=False).returncode == 0


def test_the_same_bulletin_gives_the_same_text() -> None:
    assert text.render(specimen()) == text.render(specimen())


def test_a_sparkline_of_bars_stands_on_zero_and_keeps_a_single_tall_one() -> None:
    series = specimen().sections[4].charts[0].panels[2].lines[1]
    assert "█" in text.sparkline(series, 10, bars=True)
    assert text.sparkline(msgspec.structs.replace(series, values=(None,) * len(series.values))) == ""


def test_a_source_shared_by_neighbours_is_said_once_under_the_last_of_them():
    one, same = (finding("price", name, name, evidence()) for name in ("a", "b"))
    other = finding("price", "c", "c", evidence(), inferred=True)
    lines = wording.source_lines([one, same, other, one])
    assert lines[0] == ""
    assert lines[1] == lines[3]
    assert lines[2].startswith(lines[1].split(" · ")[0])
    assert wording.INFERRED in lines[2]
    assert wording.source_lines([]) == []
