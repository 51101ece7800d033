"""Every emulated venue: one module, one form."""

from runout.emulator.forms import VenueForm
from runout.emulator.venues import binance, bybit

FORMS: dict[str, VenueForm] = {module.FORM.name: module.FORM for module in (binance, bybit)}
