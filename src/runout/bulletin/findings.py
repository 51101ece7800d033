"""What a bulletin says: typed findings, each with its evidence. Text, figures and page only render them."""

from typing import Literal

import msgspec

Unit = Literal["USD", "coins", "USD per coin", "fraction", "ratio", "percentile", "count", "hours", "level"]

SectionKey = Literal[
    "danger", "problem", "clusters", "runout", "price", "liquidations", "headline", "leverage", "positioning", "flows",
    "rotation", "cycles", "claims", "record", "evidence",
]  # fmt: skip


class Quantity(msgspec.Struct, frozen=True, kw_only=True):
    """One number with its unit and its uncertainty.

    Parameters
    ----------
    name
        Machine name, stable across versions of a schema major (``change_usd``).
    label
        The same for a reader (``change over 24 h``).
    value
        The number; None where it could not be observed.
    unit
        Its unit; rates are fractions, rendered as percent.
    signed
        Whether a plus sign belongs to it when rendered.
    low, high
        Interval around the value, where there is one.
    uncertainty
        What ``low`` and ``high`` are, or why there is none.
    """

    name: str
    label: str
    value: float | None
    unit: Unit
    uncertainty: str
    signed: bool = False
    low: float | None = None
    high: float | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement rests on.

    Parameters
    ----------
    quantities
        The numbers, the one that leads the statement first.
    scope
        Venues, coins, instruments and feed, as text.
    series
        Identifiers of the series read.
    source
        Who published the figures.
    window_start, window_end
        ISO 8601 UTC; equal for an instant.
    coverage
        How much of what the statement speaks of these series show.
    reproduce
        Command that prints the rows the numbers were computed from.
    """

    quantities: tuple[Quantity, ...]
    scope: str
    series: tuple[str, ...]
    source: str
    window_start: str
    window_end: str
    coverage: str
    reproduce: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One statement with its evidence.

    Parameters
    ----------
    name
        Machine name, unique in a bulletin (``leverage.change.24h``).
    section
        Where it stands.
    statement
        One or two plain sentences; every number in them stands in ``evidence``.
    evidence
        What it rests on.
    caveat
        What a careful reader must know beside it; empty where nothing.
    inferred
        True where the numbers are modelled rather than reported.
    """

    name: str
    section: SectionKey
    statement: str
    evidence: Evidence
    caveat: str = ""
    inferred: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a :class:`Table`: a label and its quantities (None: not observed)."""

    label: str
    values: tuple[float | None, ...]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A small table inside a section; ``columns``, ``units`` and ``signed`` describe the values of its rows."""

    name: str
    section: SectionKey
    title: str
    columns: tuple[str, ...]
    units: tuple[Unit, ...]
    signed: tuple[bool, ...]
    rows: tuple[Row, ...]
    source: str
    note: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Values over time inside a chart; ``values[i]`` at ``times[i]`` (UTC ns), None where not observed.

    ``role`` picks colour and form: ``price``, ``long``, ``short``, ``primary``, ``secondary``, ``reference``.
    """

    name: str
    role: Literal["price", "long", "short", "primary", "secondary", "reference"]
    times: tuple[int, ...]
    values: tuple[float | None, ...]


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of axes. Panels of a chart share the time axis.

    ``form``: ``lines``; ``candles`` (lines named open, high, low, close); ``mirrored`` bars (role ``long`` drawn
    downwards, ``short`` upwards, ``span`` ns wide, ending at their time); ``bars``; ``steps``.
    """

    title: str
    unit: Unit
    form: Literal["lines", "candles", "mirrored", "bars", "steps"]
    lines: tuple[Line, ...]
    span: int = 0


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A period shaded across a chart's panels (a flush, a gap)."""

    start: int
    end: int
    label: str


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A figure as data: what is drawn, and the source line beneath it."""

    name: str
    section: SectionKey
    title: str
    caption: str
    panels: tuple[Panel, ...]
    marks: tuple[Mark, ...] = ()


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """Findings, tables and charts on one subject, with its one-sentence summary."""

    key: SectionKey
    title: str
    summary: str
    findings: tuple[Finding, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()


class Bulletin(msgspec.Struct, frozen=True, kw_only=True):
    """A bulletin as of one moment. Nothing in it depends on when it was computed.

    Parameters
    ----------
    schema_version, code_version, method_version
        Versions of the output, the code and the methods.
    coin
        Base asset.
    at
        ISO 8601 UTC: what was known by then, and nothing later, went in.
    synthetic
        True where the market is made up; every rendering says so.
    headline
        The bulletin in two or three sentences.
    sections
        In reading order; what is absent is named in ``missing``.
    fingerprint
        Of all rows read.
    reproduce
        Command that writes this bulletin again.
    limits
        What the reader must not take from it.
    missing
        What is not shown, and why or what would fill it.
    """

    schema_version: str
    code_version: str
    method_version: str
    coin: str
    at: str
    synthetic: bool
    headline: str
    sections: tuple[Section, ...]
    fingerprint: str
    reproduce: str
    limits: tuple[str, ...]
    missing: tuple[str, ...] = ()
