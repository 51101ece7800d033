"""Messages and answers with a fault of form."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from runout.emulator.faults import Fault
from runout.emulator.frames import BINARY, framed


def mangled(body: bytes, kind: str) -> bytes:
    """Return an answer's body with a fault of form."""
    if kind == "cut":
        return body[: max(len(body) * 2 // 3, 1)]
    if kind == "null":
        return b"null"
    if kind == "html":
        return b"<html><head><title>Just a moment...</title></head><body><h1>502 Bad Gateway</h1></body></html>"
    return msgspec.json.encode(_changed(msgspec.json.decode(body), kind))


def _changed(value: Any, kind: str) -> Any:
    if isinstance(value, dict):
        items: dict[Any, Any] = {}
        for name, item in value.items():  # pyright: ignore[reportUnknownVariableType]
            items[name] = _changed(item, kind)
        if kind == "unknown-field":
            items["emulatorExtra"] = "1"
        elif (
            kind == "missing-field"
            and len(items) > 2
            and not any(isinstance(entry, dict | list) for entry in items.values())
        ):
            items.popitem()
        return items
    if isinstance(value, list):
        return [_changed(entry, kind) for entry in value]  # pyright: ignore[reportUnknownVariableType]
    if kind == "text-numbers" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


# -- frames -----------------------------------------------------------------------------------------------------------

_NUMBER_FIELDS = frozenset(
    {"u", "U", "pu", "a", "seq", "seqId", "prevSeqId", "trade_seq", "message_id", "nonce", "begin_nonce"}
)
_SIDE_FIELDS = frozenset({"S", "side", "direction", "type", "X", "posSide", "liquidation"})
_PRICE_FIELDS = frozenset({"p", "ap", "price", "px", "bkPx", "fill_price", "last", "lastPrice"})
_REPLACED = {
    "nan": (_PRICE_FIELDS, "NaN"), "unknown-value": (_SIDE_FIELDS, "EMULATED"), "sequence-reset": (_NUMBER_FIELDS, ""),
    "checksum": (frozenset({"checksum"}), ""),
}  # fmt: skip
_NEW_FORMS: dict[str, str] = {
    "frame-text-numbers": "text-numbers", "frame-unknown-field": "unknown-field",
    "frame-missing-field": "missing-field",
}  # fmt: skip


def damaged(payload: bytes, fault: Fault) -> tuple[bytes, bytes]:
    """Return a message with a fault: its payload, or (second) whole frames where the fault is one of framing."""
    kind = fault.kind
    if kind in _FRAMING:
        return b"", _FRAMING[kind](payload)
    if kind in _BYTES:
        return _BYTES[kind](payload), b""
    if kind in _NEW_FORMS:
        return mangled(payload, _NEW_FORMS[kind]), b""
    shift = float(fault.value or 20.0) if kind == "shifted-stamp" else 0.0
    return msgspec.json.encode(_altered(msgspec.json.decode(payload), kind, shift, "")), b""


def _fragments(payload: bytes) -> bytes:
    third = max(len(payload) // 3, 1)
    first, second, rest = payload[:third], payload[third : 2 * third], payload[2 * third :]
    return framed(first, last=False) + framed(second, 0, last=False) + framed(rest, 0)


_FRAMING: dict[str, Callable[[bytes], bytes]] = {
    "bad-utf8": lambda payload: framed(payload[:-1] + b"\xff\xfe" + payload[-1:]),
    "binary": lambda payload: framed(payload, BINARY),
    "huge": lambda payload: framed(payload + b" " * (16 * 2**20 - len(payload))),
    "fragments": _fragments,
}
_BYTES: dict[str, Callable[[bytes], bytes]] = {
    "cut-frame": lambda payload: payload[: max(len(payload) * 2 // 3, 1)],
    "two-objects": lambda payload: payload + payload,
    "unknown-symbol": lambda payload: re.sub(rb"\b(BTC|ETH|SOL|XRP|BNB|DOGE|ADA)", b"EMUX", payload),
}


def _altered(value: Any, kind: str, shift: float, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _altered(item, kind, shift, key) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        rows = [] if kind == "no-data" else value  # pyright: ignore[reportUnknownVariableType]
        return [_altered(row, kind, shift, name) for row in rows]  # pyright: ignore[reportUnknownVariableType]
    if kind == "shifted-stamp":
        return type(value)(int(value) + int(shift * 1000)) if _is_stamp(value) else value
    if kind in {"frame-plain-numbers", "long-decimals"}:
        return _renumbered(value, kind)
    names, new = _REPLACED.get(kind, (frozenset[str](), ""))
    if name not in names:
        return value
    return new or type(value)(1)


def _renumbered(value: Any, kind: str) -> Any:
    try:
        number = float(value) if isinstance(value, str) else None
    except ValueError:
        return value
    if number is None or (kind == "long-decimals" and "." not in value):
        return value
    return number if kind == "frame-plain-numbers" else f"{number:.12f}"


def _is_stamp(value: Any) -> bool:
    """Return whether a value is a time in milliseconds of this half-century."""
    digits = isinstance(value, str) and value.isdigit() and len(value) == 13
    return digits or (isinstance(value, int) and 1_400_000_000_000 < value < 3_000_000_000_000)
