"""Every emulated venue: one module, one form."""

from runout.emulator.forms import VenueForm
from runout.emulator.venues import binance, bitget, bybit, deribit, gate, hyperliquid, kraken, okx

FORMS: dict[str, VenueForm] = {
    module.FORM.name: module.FORM for module in (binance, bybit, okx, hyperliquid, gate, bitget, kraken, deribit)
}
