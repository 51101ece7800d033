"""Aster: a clone of Binance's USD-M futures, without routed addresses."""

import msgspec

from runout.emulator.forms import Law, Pool, StreamForm, VenueForm
from runout.emulator.shapes import perpetuals
from runout.emulator.venues import binance
from runout.emulator.venues.binance import stream

PATHS = ("/fapi/v1/", "/futures/data/")
_ROUTES = tuple(route for route in binance.ROUTES if route.path.startswith(PATHS))
_NEWER = tuple(
    msgspec.structs.replace(route, path=route.path.replace("/v1/", "/v3/")) for route in _ROUTES if "/v1/" in route.path
)
FORM = VenueForm(
    name="aster", contracts=perpetuals("aster", lambda coin: f"{coin}USDT"), refuse=binance.refuse,
    routes=(*_ROUTES, *_NEWER),
    pools=(Pool("weight", 2400, 60.0, "X-MBX-USED-WEIGHT-1M"), Pool("data", 1000, 300.0), Pool("funding", 500, 300.0)),
    law=Law(patience=5, ban_seconds=120.0),
    stream=StreamForm(
        opened=stream.opened, heard=stream.heard, feed=stream.feed, server_ping_every=300.0, pong_within=900.0,
        cut_after=86_400.0, most_topics=200, messages=10, messages_seconds=1.0,
    ),
    capture=(("1970-01-01", "latest"),),
)  # fmt: skip
