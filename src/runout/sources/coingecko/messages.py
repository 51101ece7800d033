"""What CoinGecko answers; what is not used is not declared."""

import msgspec


class Listed(msgspec.Struct):
    """A coin, the largest first."""

    id: str
    symbol: str
    market_cap: float | None = None


class Global(msgspec.Struct):
    """State of the whole market."""

    total_market_cap: dict[str, float]
    market_cap_percentage: dict[str, float]
    updated_at: int


class Answered(msgspec.Struct):
    """The envelope of the state of the market."""

    data: Global


class Chart(msgspec.Struct):
    """Capitalisation by day: milliseconds and dollars."""

    market_caps: list[tuple[float, float | None]]


class Status(msgspec.Struct):
    """Code and words of a refusal."""

    error_code: int = 0
    error_message: str = ""


class Refusal(msgspec.Struct):
    """What an error says, inside a 200 too."""

    status: Status = msgspec.field(default_factory=Status)
