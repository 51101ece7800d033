"""Every emulated venue: one module, one form."""

from runout.emulator.forms import VenueForm
from runout.emulator.venues import (
    aster,
    binance,
    bingx,
    bitfinex,
    bitget,
    bybit,
    deribit,
    dydx,
    gate,
    htx,
    hyperliquid,
    kraken,
    lighter,
    mexc,
    okx,
    providers,
)
from runout.emulator.venues.binance import vision

_MODULES = (
    binance, bybit, okx, hyperliquid, gate, bitget, kraken, deribit, htx, bitfinex, dydx, lighter, aster, mexc, bingx,
)  # fmt: skip
FORMS: dict[str, VenueForm] = {
    form.name: form for form in (*(module.FORM for module in _MODULES), vision.FORM, *providers.PROVIDERS)
}
