"""What DefiLlama answers; what is not used is not declared."""

import msgspec


class Holdings(msgspec.Struct):
    """Coins by ticker at a moment (seconds)."""

    date: int
    tokens: dict[str, float]


class Protocol(msgspec.Struct):
    """An exchange's wallets: coins by day."""

    tokens: list[Holdings] | None = None


class Pegged(msgspec.Struct):
    """Dollars of supply by what it is pegged to."""

    peggedUSD: float = 0.0


class Supply(msgspec.Struct):
    """Supply of stablecoins at a moment (seconds)."""

    date: int
    totalCirculatingUSD: Pegged
