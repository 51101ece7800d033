"""The file source: name to endpoint, bytes to table, table to records."""

import msgspec

from runout.errors import SchemaError
from runout.sources.archives import unpack
from runout.sources.coinglass.answers import read_table
from runout.sources.coinglass.names import File, read_name
from runout.sources.coinglass.rows import normalise_rows
from runout.sources.content import Content, read_delimited, read_parquet
from runout.sources.protocol import Document, Normalised


class CoinGlass(msgspec.Struct, frozen=True):
    """Reads CoinGlass exports and API answers; pure."""

    provider: str = "coinglass"
    normaliser: str = "coinglass 1"
    file_names: tuple[str, ...] = (
        "ENDPOINT_COIN_VENUE__STEP.parquet such as futures_liquidation_aggregated_coin_history_BTC__4h.parquet",
        "snap_ENDPOINT_COIN.parquet",
        "ENDPOINT.csv",
    )

    def recognises(self, name: str) -> bool:
        """Whether a file of this name is one of CoinGlass."""
        return read_name(name) is not None

    def normalise(self, document: Document, *, now: int) -> Normalised:
        """Return the records of a document.

        Raises
        ------
        SchemaError
            If the document as a whole is not of its declared form.
        """
        file = read_name(document.name)
        if file is None:
            raise SchemaError(
                f"expected a file name such as price_ohlc_history__4h.parquet, found {document.name!r}; "
                "keep the names of the exports"
            )
        content = _content(file, document)
        reason = _left_out(file, content)
        if reason:
            rows = content.cells.height
            return Normalised(rows_in=rows, rows_skipped=rows, notes=(reason,))
        if content.cells.is_empty():
            if file.fetched is None:
                raise SchemaError("expected rows, found a table without any; download or export it again")
            return Normalised(notes=(f"{file.endpoint.name}: the API answered without rows",))
        return normalise_rows(file, content, now=now)


def _content(file: File, document: Document) -> Content:
    data = unpack(document)
    if not data:
        raise SchemaError("expected rows, found an empty file; download or export it again")
    if file.form == "parquet":
        return read_parquet(data)
    return read_delimited(data) if file.form == "csv" else read_table(data, file.endpoint)


def _left_out(file: File, content: Content) -> str:
    if not file.endpoint.feeds:
        return file.endpoint.left_out
    marks = [reason for column, reason in file.endpoint.left_out_with.items() if column in content.cells.columns]
    return marks[0] if marks else ""
