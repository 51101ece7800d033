"""Reading what venues send: payloads by structure, counting what is new in them, and the figures and words inside."""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from enum import Enum
from operator import attrgetter
from typing import Any, Generic, Literal, Self, TypeVar, cast

import msgspec
import numpy as np
from numpy.typing import NDArray
from xxhash import xxh3_64_intdigest

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE
from runout.errors import SchemaError

T = TypeVar("T")
P = TypeVar("P")

MILLISECOND = 1_000_000
BAR_STEP = 5 * NANOSECONDS_PER_MINUTE
"""Step of bars and statistics, of history and of streams alike: a series has one step."""
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`(?: - at `\$(?P<path>[^`]*)`)?")
_TOO_LONG = re.compile(
    r"Expected `array` of at most length (?P<length>\d+)(?:, got \d+)?(?: - at `\$(?P<path>[^`]*)`)?"
)
_UNKNOWN_VALUE = re.compile(r"Invalid value (?P<value>.*?)(?: - at `\$(?P<path>[^`]*)`)?")
_NO_OBJECT = re.compile(r"Expected `object`, got `(?P<kind>\w+)` - at `\$(?P<path>.*)\[\.\.\.\]`")
_JSON_TYPES = {"str": str, "int": int, "float": float, "bool": bool, "null": type(None), "array": list}
_PATH_PART = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_FAULTY_ROW = re.compile(r" - at `\$(?P<path>[^`\[]*)\[(?P<place>\d+)\]")
_PLACE = re.compile(r"\[(?:\d+|\.\.\.)\]")
# How a symbol says that a price is that of a bundle of coins: 1000PEPE, 1000000MOG, 1MBABYDOGE; 1INCH is a name.
_BUNDLE = re.compile(r"(1(?:000)+|1M)(?=[A-Z])")


Number = float | Literal[""] | None
"""A figure that may be missing, or an empty text where it does not apply."""


class Word(str, Enum):  # noqa: UP042 - hashed and shown as the text that it is
    """A word of a venue's enumeration, made once and not again in each message; unknown words are words too."""

    __hash__ = str.__hash__
    __repr__ = str.__repr__
    __str__ = str.__str__

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        word = str.__new__(cls, value)
        word._name_ = word._value_ = value
        return word


class Wire(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A message or a part of one."""


class Batch(msgspec.Struct, Generic[T]):
    """Decoded payloads.

    Parameters
    ----------
    values, rows
        What was read, and the place of each in the batch, from 0.
    refused
        Place, fault and bytes of what is of no form.
    unknown
        Fields, values and kinds of message that no structure knows, with how often.
    """

    values: list[T]
    rows: Sequence[int]
    refused: list[tuple[int, str, bytes]] = msgspec.field(default_factory=list)
    unknown: dict[str, int] = msgspec.field(default_factory=dict)


class Reader(Generic[T]):
    """Reads batches of payloads of one structure (or union of structures) that forbids unknown fields.

    Where not everything in a batch is known, unknown fields and surplus elements are counted and left out, messages of
    an unknown kind are counted, and what is of no form is refused. Numbers may be texts. ``inside`` names the field of
    the structure that is read, where the others only wrap it.
    """

    def __init__(self, structure: Any, inside: str = "") -> None:
        self._structure = structure
        self._inside: Callable[[Any], T] | None = attrgetter(inside) if inside else None
        self._single = msgspec.json.Decoder[Any](self._structure, strict=False)

    def read(self, payloads: Sequence[bytes], places: Sequence[int] | None = None) -> Batch[T]:
        """Return what ``payloads`` hold; ``places`` are theirs in the batch they were taken from."""
        places = range(len(payloads)) if places is None else places
        return self.read_known(payloads, places) or self._read_each(payloads, places)

    def read_known(self, payloads: Sequence[bytes], places: Sequence[int] | None = None) -> Batch[T] | None:
        """Return what ``payloads`` hold; null where anything in them is not known."""
        try:
            decoded = map(self._single.decode, payloads)
            values: list[T] = list(map(self._inside, decoded) if self._inside else decoded)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        return Batch(values, range(len(payloads)) if places is None else places)

    def read_whole(self, body: bytes) -> Batch[T]:
        """Return what one answer holds; rows of it that are of no form are refused by themselves.

        Raises
        ------
        SchemaError
            If the answer is of no form.
        """
        batch = Batch[T]([], [0])
        try:
            value = self._read_one(body, batch.unknown, batch.refused)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise SchemaError(f"expected an answer of a known form, found another: {error}") from error
        if value is None:
            raise SchemaError(f"expected an answer of a known form, found {', '.join(batch.unknown)}")
        batch.values.append(value)
        return batch

    def _read_each(self, payloads: Sequence[bytes], places: Sequence[int]) -> Batch[T]:
        values: list[T] = []
        rows: list[int] = []
        batch = Batch[T](values, rows)
        for row, payload in zip(places, payloads, strict=True):
            try:
                value = self._read_one(payload, batch.unknown)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                batch.refused.append((row, f"expected a message of a known form, found another: {error}", payload))
                continue
            if value is not None:
                values.append(self._inside(value) if self._inside else value)
                rows.append(row)
        return batch

    def _read_one(
        self, payload: bytes, unknown: dict[str, int], refused: list[tuple[int, str, bytes]] | None = None
    ) -> T | None:
        try:
            return self._single.decode(payload)
        except msgspec.ValidationError:
            content = msgspec.json.decode(payload)
        while True:
            try:
                return msgspec.convert(content, self._structure, strict=False)
            except msgspec.ValidationError as error:
                if _leave_out(content, str(error), unknown):
                    continue
                if refused is not None and (row := _take_row(content, str(error))) is not None:
                    refused.append((0, f"expected a row of a known form, found another: {error}", row))
                    continue
                if _is_unknown_kind(str(error), unknown):
                    return None
                raise


def _leave_out(content: Any, fault: str, unknown: dict[str, int]) -> bool:
    """Take what ``fault`` names as unknown out of ``content`` and count it; false where it names nothing."""
    if match := _UNKNOWN_FIELD.fullmatch(fault):
        path, name = match["path"] or "", match["name"]
        taken = sum(part.pop(name, _UNKNOWN_FIELD) is not _UNKNOWN_FIELD for part in _at(content, path, dict))
        key = "field " + f"{_PLACE.sub('[]', path)}.{name}".lstrip(".")
    elif match := _TOO_LONG.fullmatch(fault):
        length = int(match["length"])
        parts = [part for part in _at(content, match["path"] or "", list) if len(part) > length]
        for part in parts:
            del part[length:]
        taken, key = len(parts), f"element {length + 1}"
    elif match := _NO_OBJECT.fullmatch(fault):  # in an object of objects by name: a field, and none of them
        parts, kind = _at(content, match["path"], dict), _JSON_TYPES[match["kind"]]
        others = [(part, name) for part in parts for name, value in part.items() if isinstance(value, kind)]
        for part, name in others:
            del part[name]
        taken, key = len(others), "field " + f"{match['path']}.{others[-1][1] if others else ''}".lstrip(".")
    else:
        return False
    unknown[key] = unknown.get(key, 0) + taken
    return taken > 0


def _take_row(content: Any, fault: str) -> bytes | None:
    """Take the element of a list that ``fault`` speaks of out of ``content``, and return it; null where it is none."""
    match = _FAULTY_ROW.search(fault)
    if match is None:
        return None
    for part in _at(content, match["path"], list):
        return msgspec.json.encode(part.pop(int(match["place"])))
    return None


def _at(content: Any, path: str, requested: type) -> list[Any]:
    """Return the parts of ``content`` at a path of msgspec; of every element of a list, since one fault is of all."""
    parts = [content]
    for name, place in _PATH_PART.findall(path):
        if place:
            parts = [item for part in parts if isinstance(part, list) for item in cast("list[Any]", part)]
        else:
            parts = [part[name] for part in parts if isinstance(part, dict) and name in part]
    return [part for part in parts if isinstance(part, requested)]


def _is_unknown_kind(fault: str, unknown: dict[str, int]) -> bool:
    match = _UNKNOWN_VALUE.fullmatch(fault)
    if match is None:
        return False
    key = f"value {(match['path'] or '').rsplit('.', 1)[-1]} {match['value']}"
    unknown[key] = unknown.get(key, 0) + 1
    return True


def by_form(rows: Sequence[int], events: list[Any]) -> dict[type, tuple[list[Any], Sequence[int]]]:
    """Return events, and the places they came from, by their structure; lists count as their elements."""
    kinds = set(map(type, events))
    if len(kinds) == 1 and list not in kinds:
        return {kinds.pop(): (events, rows)}
    grouped: dict[type, Any] = {}
    for row, event in zip(rows, events, strict=True):
        kept = grouped.get(type(event))
        if kept is None:
            kept = grouped[type(event)] = ([], [])
        kept[0].append(event)
        kept[1].append(row)
    for parts, places in zip(*grouped.pop(list, ([], [])), strict=True):
        for form, (events_, rows_) in by_form([places] * len(parts), parts).items():
            kept = grouped.setdefault(form, ([], []))
            kept[0].extend(events_)
            kept[1].extend(rows_)
    return grouped


def decoded(body: bytes, structure: type[T], expected: str) -> T:
    """Return the content of a body; fields that no structure knows are left out.

    Raises
    ------
    SchemaError
        If it is of another form.
    """
    try:
        return msgspec.json.decode(body, type=structure, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError):
        batch = Reader[T](structure).read_whole(body)
        if batch.refused:
            raise SchemaError(f"expected {expected} of the known form, found another: {batch.refused[0][1]}") from None
        return batch.values[0]


def by_head(payloads: Sequence[bytes], head: Callable[[bytes], str]) -> dict[str, list[int]]:
    """Return the places of payloads by what ``head`` says of each."""
    places: dict[str, list[int]] = {}
    for row, payload in enumerate(payloads):
        places.setdefault(head(payload), []).append(row)
    return places


def floats(values: Sequence[float | str | None]) -> NDArray[np.float64]:
    """Return numbers as an array; null and empty text become NaN."""
    try:
        return np.array(values, np.float64)  # the usual case, at the speed of C: numpy makes NaN of null
    except ValueError:
        return np.array([np.nan if v is None or v == "" else float(v) for v in values], np.float64)


def integers(values: Sequence[int]) -> NDArray[np.int64]:
    """Return whole numbers as an array."""
    return np.array(values, np.int64)


def meanings(words: Sequence[str], known: Mapping[str, T], name: str, unknown: dict[str, int]) -> list[T | None]:
    """Return what the words of an enumeration mean; null for a word that is not among the known, which is counted."""
    values = list(map(known.get, words))
    if None in values:
        check_words(words, known, name, unknown)
    return values


def check_words(words: Sequence[str], known: Container[str], name: str, unknown: dict[str, int]) -> None:
    """Count the words of an enumeration that are not among the known."""
    if new := {word for word in set(words) if word not in known}:
        for word in words:
            if word in new:
                unknown[f"value {name} {word!r}"] = unknown.get(f"value {name} {word!r}", 0) + 1


def number_of(text: str) -> int:
    """Return a number of an identifier, the same in every process."""
    return xxh3_64_intdigest(text.encode()) >> 1


def identity(*columns: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number of each row's content, the same in every process and release.

    It distinguishes events of one instant and side that carry no number of their own: the same event over two
    connections is one, two events that differ in any column are two.
    """
    mixed = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        mixed ^= np.ascontiguousarray(column).view(np.uint64)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(1)).astype(np.int64)


def require_own(names: Iterable[str], expected: str) -> None:
    """Raise where an answer names another symbol than was asked for; empty names say nothing.

    Raises
    ------
    SchemaError
        If it does.
    """
    others = sorted({name for name in names if name and name != expected})
    if others:
        raise SchemaError(f"expected an answer about {expected}, found one about {', '.join(others)}")


def settlements(stamps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return settlement times on the whole hour: venues stamp them some milliseconds late."""
    nearest = (stamps + NANOSECONDS_PER_HOUR // 2) // NANOSECONDS_PER_HOUR * NANOSECONDS_PER_HOUR
    return np.where(np.abs(stamps - nearest) <= NANOSECONDS_PER_MINUTE, nearest, stamps)


def settled_hours(stamps: NDArray[np.int64], usual: float) -> NDArray[np.float64]:
    """Return the hours that each settlement is for: since the one before where venues have such an interval.

    Parameters
    ----------
    stamps
        UTC ns, ascending.
    usual
        Hours where the interval cannot be read off: at the beginning, and after a settlement that is missing.
    """
    hours = np.diff(stamps, prepend=0) / NANOSECONDS_PER_HOUR
    return np.where(np.isin(hours, (1.0, 2.0, 4.0, 8.0)), hours, usual)


def bundle(base: str) -> tuple[str, float]:
    """Return the coin behind a base asset and how many of it a quoted price is the price of.

    Examples
    --------
    >>> bundle("1000PEPE"), bundle("1INCH")
    (('PEPE', 1000.0), ('1INCH', 1.0))
    """
    match = _BUNDLE.match(base)
    if match is None:
        return base, 1.0
    return base[match.end() :], float(match[1].replace("M", "000000"))


def parts(batch: Batch[T], inside: Callable[[T], Iterable[P]]) -> tuple[list[P], list[int]]:
    """Return what frames of a batch carry, and the place of the frame that each came in."""
    pairs = [(part, row) for row, frame in zip(batch.rows, batch.values, strict=True) for part in inside(frame)]
    return [part for part, _ in pairs], [row for _, row in pairs]


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Return items in parts of at most ``size``."""
    return [items[start : start + size] for start in range(0, len(items), size)]
