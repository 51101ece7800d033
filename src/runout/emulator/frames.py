"""Frames of a websocket server (RFC 6455, section 5.2)."""

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def framed(payload: bytes, opcode: int = TEXT, *, last: bool = True) -> bytes:
    """Return a server's frame."""
    first, length = (0x80 if last else 0) | opcode, len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65_536:
        return bytes((first, 126)) + length.to_bytes(2, "big") + payload
    return bytes((first, 127)) + length.to_bytes(8, "big") + payload
