"""Write docs/indicators.md from the registry. Run by `make docs`; a test fails while the file is stale."""

from pathlib import Path

from runout.clock import format_duration
from runout.indicators.registry import INDICATORS, Indicator, Input

PAGE = Path(__file__).resolve().parents[1] / "docs" / "indicators.md"

HEAD = """\
# Indicators

This page is generated from `runout.indicators.registry` by `make docs`; edit the registry, not the page. What the
quantities mean in the bulletin stands in the [definitions](definitions.md).

What all of them share:

- A value at a time uses rows up to that time only, and is known when the last row it depends on was known.
- **Lookback** is how far before a row its value can depend on: computed from a tail that long it is the same.
- **Percentile** is the mid-rank among the values of the trailing year, in percent.
- **Null** means not observed. A gap gives a null, never a smaller sum.
"""


def page() -> str:
    """Return the page; the same registry gives the same text."""
    contents = [f"- [{one.name}](#{_anchor(one.name)})" for one in INDICATORS]
    return "\n".join([HEAD, *contents, "", "\n".join(_entry(one) for one in INDICATORS)])


def _anchor(title: str) -> str:
    return "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -").replace(" ", "-")


def _entry(one: Indicator) -> str:
    rows = [
        ("equation", f"`{one.equation}`".replace("|", "\\|")),
        ("lookback", _lookback(one.lookback)),
        ("inputs", "; ".join(map(_input, one.inputs))),
        ("null", one.nulls),
        ("reference", one.reference),
        ("function", f"`{one.function.__module__}.{one.function.__name__}`"),
    ]
    facts = "\n".join(f"| {name} | {value} |" for name, value in rows)
    outputs = "\n".join(f"| `{output.name}` | {output.unit} |" for output in one.outputs)
    return f"## {one.name}\n\n{one.meaning}\n\n| | |\n|---|---|\n{facts}\n\n| value | unit |\n|---|---|\n{outputs}\n"


def _lookback(lookback: int | None) -> str:
    if lookback is None:
        return "all of history"
    return format_duration(lookback) if lookback else "the row itself"


def _input(one: Input) -> str:
    kind = "" if one.kind == "value" else f"`{one.kind}`: "
    columns = f" ({', '.join(f'`{name}`' for name in one.columns)})" if one.columns else ""
    return f"{kind}{one.scope}{columns}"


def main() -> None:
    """Write the page and say where."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
