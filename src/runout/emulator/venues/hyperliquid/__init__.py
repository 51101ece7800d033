"""Hyperliquid: perpetuals, and what it alone publishes: positions of every address."""

from runout.emulator.forms import Pool, StreamForm, VenueForm
from runout.emulator.shapes import perpetuals
from runout.emulator.venues.hyperliquid import stream
from runout.emulator.venues.hyperliquid.rest import ROUTES, refuse

FORM = VenueForm(
    name="hyperliquid", contracts=perpetuals("hyperliquid", str, hours=1.0, coarse=0.01), routes=ROUTES, refuse=refuse,
    hosts=("rest", "stats"), pools=(Pool("default", 1200, 60.0), Pool("stats", 1_000, 60.0)),
    stream=StreamForm(
        hosts={"stream": "/ws"}, heard=stream.heard, feed=stream.feed, idle_close=60.0, idle_unless_sent=True,
        most_connections=10, connects=30, connects_seconds=60.0, most_topics=1000, messages=2000, messages_seconds=60.0,
    ),
    capture=(("1970-01-01", "complete"),),
)  # fmt: skip
