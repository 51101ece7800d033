"""A source in seventy lines: open interest, a line ``{"t": 1754006400, "coin": "BTC", "oi": "81234.5"}`` an hour."""

import msgspec
import polars as pl

from runout.records import Series
from runout.sources.protocol import Document, Normalised, check_rows

HOUR = 3_600_000_000_000
LINE = {"t": pl.Int64, "coin": pl.String, "oi": pl.String}
OPEN_INTEREST = pl.col("oi").cast(pl.Float64, strict=False)


class Line(msgspec.Struct):
    """One line of the file."""

    t: int
    coin: str
    oi: str


class ExampleSource:
    """Hourly open interest of the perpetuals of one venue."""

    provider = "example"
    normaliser = "example 1"
    file_names = ("open_interest.jsonl",)

    def recognises(self, name: str) -> bool:
        """Whether a file of this name is one the source can read."""
        return name in self.file_names

    def normalise(self, document: Document, *, now: int) -> Normalised:
        """Return hourly open interest in coins, and the lines that are not of the form."""
        lines = document.data.splitlines()
        rows = (
            pl.DataFrame([decoded(line) for line in lines], schema=LINE, orient="row")
            .select(
                series=pl.format("example/open_interest/{}/venue/1h", pl.col("coin")),
                coin="coin",
                event_time=pl.col("t") * 1_000_000_000,
                span=pl.lit(0),
                known_time=pl.col("t") * 1_000_000_000,
                open_interest_base=OPEN_INTEREST,
                fault=pl.when(OPEN_INTEREST.is_null()).then(
                    pl.lit("expected t, coin and oi, a number, in a JSON object")
                ),
            )
            .with_row_index("row", offset=1)
        )
        sound, refused = check_rows(
            rows, "open_interest", now=now, raw_of=lambda bad: [lines[row - 1] for row in bad["row"]]
        )
        return Normalised(
            series=tuple(series_of(coin) for coin in sorted(sound["coin"].unique())),
            tables={"open_interest": sound} if sound.height else {},
            refused=refused,
            rows_in=len(lines),
        )


def decoded(line: bytes) -> tuple[int | None, str | None, str | None]:
    """Return time, coin and coins of a line; none where it is not of the form: the line is refused, not the file."""
    try:
        return msgspec.structs.astuple(msgspec.json.decode(line, type=Line))
    except msgspec.DecodeError:
        return None, None, None


def series_of(coin: str) -> Series:
    """Return the series of a coin with its scope."""
    return Series(
        series=f"example/open_interest/{coin}/venue/1h", kind="open_interest", provider="example", coin=coin,
        venues=("example",), instruments=f"{coin} perpetual", market="perpetual", margin="stablecoin",
        feed="open_interest.jsonl", step=HOUR, stamp="instant",
    )  # fmt: skip
