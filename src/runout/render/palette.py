"""Colours of the charts, light and dark. Blue and orange stay apart for colour-blind eyes and in grey print."""

from typing import Final, Literal, NamedTuple

from runout.bulletin.findings import Line


class Ink(NamedTuple):
    """A colour: its CSS variable, and its value on a light and on a dark ground."""

    variable: str
    light: str
    dark: str


INK: Final = Ink("--chart-ink", "#22272e", "#dfe4ea")
MUTED: Final = Ink("--chart-muted", "#5a6570", "#98a4b0")
GRID: Final = Ink("--chart-grid", "#e4e7eb", "#2b333c")
AXIS: Final = Ink("--chart-axis", "#9aa4ae", "#5d6873")
SHADE: Final = Ink("--chart-shade", "#f4ead2", "#3a3223")
GROUND: Final = Ink("--chart-ground", "#ffffff", "#161b21")
PRICE: Final = Ink("--chart-price", "#1d232b", "#eef1f5")
LONG: Final = Ink("--chart-long", "#1c6fb5", "#5fadea")
SHORT: Final = Ink("--chart-short", "#c65a11", "#f2964f")
PRIMARY: Final = Ink("--chart-primary", "#0b6e69", "#45c1b8")
SECONDARY: Final = Ink("--chart-secondary", "#7a4f9e", "#bd9ce6")
REFERENCE: Final = Ink("--chart-reference", "#7d8791", "#8b97a3")
OCHRE: Final = Ink("--chart-ochre", "#8d6708", "#d9b24c")
ROSE: Final = Ink("--chart-rose", "#b23a6f", "#f083b0")
SLATE: Final = Ink("--chart-slate", "#4b5f8a", "#94aadb")

ALL: Final = (
    INK, MUTED, GRID, AXIS, SHADE, GROUND, PRICE, LONG, SHORT, PRIMARY, SECONDARY, REFERENCE, OCHRE, ROSE, SLATE,
)  # fmt: skip

LEVELS: Final = (
    Ink("--level-1", "#f6eabf", "#4a4326"), Ink("--level-2", "#f3c55b", "#7d6222"),
    Ink("--level-3", "#e58a2b", "#bd7420"), Ink("--level-4", "#ad3d1f", "#f0703a"),
    Ink("--level-5", "#521136", "#ff9fb2"),
)  # fmt: skip
"""Grounds of the danger levels: the higher, the farther from the page, dark on a light one and bright on a dark one."""

LEVEL_INKS: Final = (
    Ink("--level-1-ink", "#1d232b", "#ffffff"), Ink("--level-2-ink", "#1d232b", "#ffffff"),
    Ink("--level-3-ink", "#1d232b", "#101418"), Ink("--level-4-ink", "#ffffff", "#101418"),
    Ink("--level-5-ink", "#ffffff", "#101418"),
)  # fmt: skip
"""What is written on them."""

_ROLES: Final[dict[Literal["price", "long", "short", "primary", "secondary", "reference"], Ink]] = {
    "price": PRICE,
    "long": LONG,
    "short": SHORT,
    "primary": PRIMARY,
    "secondary": SECONDARY,
    "reference": REFERENCE,
}
_SPARE: Final = (OCHRE, ROSE, SLATE, SECONDARY, PRIMARY)


def inks(lines: tuple[Line, ...]) -> tuple[Ink, ...]:
    """Return a colour a line: that of its role, and a spare one where a role returns (venue beside venue)."""
    taken: list[Ink] = []
    for line in lines:
        requested = _ROLES[line.role]
        spare = next((ink for ink in _SPARE if ink not in taken), requested)
        taken.append(spare if requested in taken and line.role != "reference" else requested)
    return tuple(taken)


def style() -> str:
    """Return the style sheet that gives every colour its value, light or dark as the reader's system asks.

    Rasters are drawn for a light ground; on a dark one their lightness is turned and their hue kept.
    """
    light, dark = (
        " ".join(f"{ink.variable}: {ink.dark if on_dark else ink.light};" for ink in (*ALL, *LEVELS, *LEVEL_INKS))
        for on_dark in (False, True)
    )
    turned = "--chart-image: invert(1) hue-rotate(180deg);"
    return (
        f":root {{ {light} --chart-image: none; }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} {turned} }} }}\n"
        f"@media print {{ :root {{ {light} --chart-image: none; }} }}"
    )
