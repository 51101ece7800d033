"""A server that sends as fast as it is told, in a process of its own: rate, seconds; prints port, then what it sent."""

import asyncio
import base64
import hashlib
import json
import sys
import time

SLICE = 0.01
BURST, BURST_SECONDS, BURST_EVERY = 1_000, 0.5, 10.0
sent = {"trades": 0, "liquidations": 0, "marks": 0}


def framed(payload: bytes) -> bytes:
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


def trade(number: int, at: int) -> bytes:
    side = b"BUY" if number % 3 else b"SELL"
    head = b'{"e":"trade","s":"BTCUSDT","t":%d,"n":%d,"p":%d.5,"q":0.25,"S":"%s"}' % (
        at,
        number,
        100 + number % 7,
        side,
    )
    return framed(head.ljust(180))


def liquidation(number: int, at: int) -> bytes:
    return framed(b'{"e":"liq","s":"BTCUSDT","t":%d,"p":%d,"q":2.0,"S":"SELL"}'.ljust(150) % (at, 1_000 + number))


def mark(at: int) -> bytes:
    return framed(b'{"e":"mark","s":"BTCUSDT","t":%d,"p":100.5,"q":100.0}'.ljust(150) % at)


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    key = next(line.split(": ")[1] for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key"))
    digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324
    accept = base64.b64encode(digest).decode()
    writer.write(
        f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )
    await (_trades if "/trades" in head.split("\r\n")[0] else _liquidations)(writer)


async def _trades(writer: asyncio.StreamWriter) -> None:
    began = marked = time.monotonic()
    while (age := time.monotonic() - began) < SECONDS:
        due, at = int(age * RATE), time.time_ns()
        writer.write(b"".join(trade(n, at) for n in range(sent["trades"], due)))
        sent["trades"] = max(due, sent["trades"])
        if time.monotonic() - marked > 0.2:
            marked = time.monotonic()
            writer.write(mark(at))
        await writer.drain()
        await asyncio.sleep(SLICE)
    done.set()


async def _liquidations(writer: asyncio.StreamWriter) -> None:
    is_first = not counted.is_set()
    counted.set()
    number, began = 0, time.monotonic()
    while not done.is_set():
        age = time.monotonic() - began
        due = int(age // BURST_EVERY) * BURST + int(min(1.0, age % BURST_EVERY / BURST_SECONDS) * BURST)
        for n in range(number, due):
            times.setdefault(n, time.time_ns())
            writer.write(liquidation(n, times[n]))
        number = max(number, due)
        sent["liquidations"] = number if is_first else sent["liquidations"]
        writer.write(mark(time.time_ns()))
        await writer.drain()
        await asyncio.sleep(0.05)
    last.append(number)


async def main() -> None:
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await done.wait()
    await asyncio.sleep(1.0)
    sys.stdout.write(json.dumps(sent | {"liquidations": max(last, default=0)}) + "\n")
    sys.stdout.flush()
    await asyncio.sleep(30)


RATE, SECONDS = int(sys.argv[1]), float(sys.argv[2])
done, counted = asyncio.Event(), asyncio.Event()
times: dict[int, int] = {}
last: list[int] = []
if __name__ == "__main__":
    asyncio.run(main())
