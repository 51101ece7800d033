"""What the API answers: ``{"code": "0", "msg": …, "data": …}``, read as the tables the exports hold."""

import msgspec
import polars as pl

from runout.errors import SchemaError
from runout.sources.coinglass.feed import Endpoint
from runout.sources.content import Content

_DONE = "0"


class Answer(msgspec.Struct, frozen=True):
    """The envelope of every answer; a code other than 0 says why there is nothing in it."""

    code: str | int
    msg: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")

    @property
    def done(self) -> bool:
        """Whether the answer holds what was asked for."""
        return str(self.code) == _DONE


class _Chart(msgspec.Struct, frozen=True):
    """A chart of all venues: one list a venue beside the list of times."""

    time_list: list[int]
    data_map: dict[str, list[float | str | None]]
    price_list: list[float | str | None] | None = None


def read_answer(data: bytes) -> Answer:
    """Return the envelope.

    Raises
    ------
    SchemaError
        If the bytes are not such an answer.
    """
    try:
        return msgspec.json.decode(data, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SchemaError(
            f'expected {{"code": "0", "msg": …, "data": …}} as the CoinGlass API answers, found {data[:60]!r} ({error})'
        ) from error


def read_table(data: bytes, endpoint: Endpoint) -> Content:
    """Return the rows of an answer under the column names of the exports, every cell as text.

    Raises
    ------
    SchemaError
        If the answer is a refusal, or its data are not rows.
    """
    answer = read_answer(data)
    if not answer.done:
        raise SchemaError(f"expected code 0, found code {answer.code}: {answer.msg}; ask again")
    try:
        columns = _chart(answer.data) if endpoint.wide else _rows(answer.data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SchemaError(
            f"expected rows of {endpoint.name} in the answer's data, found another form ({error})"
        ) from error
    names = endpoint.json_names | {"time": "ts_ms"}
    cells = pl.DataFrame(
        [pl.Series(names.get(name, name), values, dtype=pl.String) for name, values in columns.items()]
    )
    return Content(cells=cells, faults=pl.Series("fault", [None] * cells.height, dtype=pl.String))


def _rows(data: msgspec.Raw) -> dict[str, list[str | None]]:
    rows = msgspec.json.decode(data, type=list[dict[str, object]] | None) or []
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [_text(row.get(name)) for row in rows] for name in names}


def _chart(data: msgspec.Raw) -> dict[str, list[str | None]]:
    chart = msgspec.json.decode(data, type=_Chart)
    columns: dict[str, list[str | None]] = {"time": [str(time) for time in chart.time_list]}
    provided = {"price": chart.price_list} if chart.price_list else {}
    for name, values in (provided | chart.data_map).items():
        if len(values) != len(chart.time_list):
            raise SchemaError(
                f"expected {len(chart.time_list)} values of {name}, as many as times, found {len(values)}; ask again"
            )
        columns[name] = [_text(value) for value in values]
    return columns


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return repr(value) if isinstance(value, int | float) else msgspec.json.encode(value).decode()
