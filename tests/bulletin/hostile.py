"""Labels as a file of somebody else may hold them, in every place of a bulletin that takes text."""

import msgspec

from bulletin.bulletin_specimen import AT, evidence, finding, line, only, quantity, specimen
from runout.bulletin.findings import Bulletin, Chart, Mark, Panel, Row, Section, Table

SCRIPT = "<script>alert(1)</script>"
MARKDOWN = "# *a* _b_ `c` [d](http://e) | <f> ![g](h)"
STEERING = "\x1b[31mred\x1b[0m\u202ereversed\u200b\x00\x07"
WIDE = "币安人生" * 40
LONG = "an_endless_label_without_a_blank_" * 12
LABELS = (SCRIPT, MARKDOWN, STEERING, WIDE, LONG, '"><img src=http://evil/x onerror=alert(1)>', "a\nb\r\n\tc")


def hostile(label: str) -> Bulletin:
    """Return a bulletin in which every text is ``label``."""
    number = quantity("n", -1234.5, "coins", label=label, uncertainty=label, low=-2e3, high=5.0, signed=True)
    proof = evidence(
        number, scope=label, source=label, series=(label,), coverage=label, reproduce=f"runout rows {label}"
    )
    panels = tuple(
        Panel(
            title=label, unit="coins", form=form, lines=(line(label, "primary", (1.0, None, 2.0), (0, 1, 2)),), span=1
        )
        for form in ("lines", "bars", "mirrored", "steps", "candles")
    )
    section = Section(
        key="leverage",
        title=label,
        summary=f"{label} summary",
        findings=(finding("leverage", "first", label, proof, caveat=label, inferred=True),),
        tables=(
            Table(
                name="t",
                section="leverage",
                title=label,
                columns=(label, label),
                units=("coins", "fraction"),
                signed=(False, True),
                rows=tuple(Row(label=label, values=values) for values in ((1.0, None), (2.0, 0.1), (3.0, -0.2))),
                source=label,
                note=label,
            ),
        ),
        charts=(
            Chart(
                name="c",
                section="leverage",
                title=label,
                caption=label,
                panels=panels,
                marks=(Mark(start=0, end=1, label=label), Mark(start=1, end=2, label=label)),
            ),
        ),
    )
    return msgspec.structs.replace(
        only(specimen(synthetic=False)),
        coin=label,
        at=AT,
        headline=label,
        sections=(section,),
        fingerprint=label,
        reproduce=f"runout bulletin {label}",
        limits=(label,),
        code_version=label,
        method_version=label,
    )
