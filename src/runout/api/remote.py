"""A served lake, asked over HTTP: the answers of :class:`~runout.api.session.Session`, from another machine."""

from io import BytesIO
from typing import Any, Final, Self, Unpack
from urllib.parse import unquote

import httpx
import msgspec
import polars as pl

from runout.api.shock_inputs import Shocks, named_shock
from runout.api.table_answer import TableAnswer, Tabular
from runout.api.time_inputs import Moment, nanoseconds
from runout.api.widget import heat_widget
from runout.bulletin.liquidation_map import Model
from runout.clock import format_time
from runout.errors import NotEnoughDataError, SourceError, UsageError

_PATHS: Final = {"feeds": "coverage/feeds", "unobserved": "coverage"}
_CONSEQUENCES: Final = ("chance_", "through_")


class _About(msgspec.Struct, frozen=True):
    """What a table is of, besides its rows."""

    scope: str
    series: tuple[str, ...]
    capture: str
    synthetic: bool
    inferred: bool
    note: str


class RemoteAnswer(Tabular):
    """What a served lake said; each form is fetched when it is asked for, of the same moment.

    Parameters
    ----------
    remote, resource, parameters
        Whom, what and of which moment.
    """

    def __init__(self, remote: "Remote", resource: str, parameters: dict[str, str]) -> None:
        self._remote = remote
        self._resource = resource
        self._parameters = parameters

    def __repr__(self) -> str:
        return f"<{self._resource} of {self._remote.address} as of {self._parameters['at']}>"

    def to_json(self) -> str:
        """Return the text that the command writes with ``--format json``."""
        return self._form("json").text

    def to_text(self) -> str:
        """Return the text that the command writes, without colour."""
        return self._form("text").text

    def to_html(self) -> str:
        """Return a bulletin as one page that needs nothing else."""
        return self._form("html").text

    def to_polars(self) -> pl.DataFrame:
        """Return its table."""
        return pl.read_ipc_stream(BytesIO(self._form("arrow").content))

    def clusters(self) -> pl.DataFrame:
        """Return the clusters of a map, the largest first."""
        results = self._beside("clusters")
        return results.select(pl.exclude(*(name for name in results.columns if name.startswith(_CONSEQUENCES))))

    def sweeps(self) -> pl.DataFrame:
        """Return what a map expected of each bucket of its window, and what was reported."""
        return self._beside("sweeps")

    def widget(self) -> Any:
        """Return the heat of a map as a widget of a notebook (:func:`runout.api.widget.heat_widget`)."""
        return heat_widget(self._remote.get("map/heat", self._parameters).content)

    def _beside(self, resource: str) -> pl.DataFrame:
        return self._remote.frame(resource, self._parameters).to_polars()

    def _form(self, form: str) -> httpx.Response:
        return self._remote.get(self._resource, {**self._parameters, "format": form})


class Remote:
    """A served lake, open for questions; the names and parameters are those of ``runout.open``.

    Parameters
    ----------
    address
        As ``runout serve`` prints it.
    token
        Of ``runout serve --new-token``, where the server needs it.
    timeout
        Seconds to wait for an answer.

    Raises
    ------
    SourceError
        If nothing answers there.
    """

    def __init__(self, address: str, *, token: str | None = None, timeout: float = 150.0) -> None:
        self.address = address.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(base_url=self.address, headers=headers, timeout=timeout)
        self.get("status", {})

    def __repr__(self) -> str:
        return f"runout.connect({self.address!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def bulletin(self, coin: str = "BTC", *, at: Moment = None) -> RemoteAnswer:
        """Return the bulletin of a coin."""
        return RemoteAnswer(self, "bulletin", _parameters(coin, at))

    def map(
        self,
        coin: str = "BTC",
        *,
        at: Moment = None,
        since: Moment = None,
        venue: str | None = None,
        model: Model = "inferred",
    ) -> RemoteAnswer:
        """Return the liquidation map of a coin on a venue, as :meth:`runout.api.session.Session.map`.

        Parameters
        ----------
        coin, at, since, venue
            Of what, as of when, where its window begins, and whose market.
        model
            inferred, path or measured; published positions are those of the server.
        """
        return RemoteAnswer(self, "map", _parameters(coin, at, since=since, venue=venue, model=model))

    def forecast(self, coin: str = "BTC", *, at: Moment = None) -> RemoteAnswer:
        """Return how likely a wave of liquidations is."""
        return RemoteAnswer(self, "forecast", _parameters(coin, at))

    def whatif(
        self, coin: str = "BTC", *, at: Moment = None, venue: str | None = None, **shock: Unpack[Shocks]
    ) -> RemoteAnswer:
        """Return what a move or an order would set off: one of ``drop``, ``rise``, ``to``, ``sell``, ``buy``.

        Raises
        ------
        UsageError
            If not exactly one shock is named, or its amount is not of the expected form.
        """
        named_shock(**shock)  # refuses what the lake itself would
        ((name, amount),) = ((name, value) for name, value in shock.items() if value is not None)
        # As text, more than half without a percent sign would be taken for a slip.
        share = name in {"drop", "rise"} and isinstance(amount, float) and amount > 0.5
        asked = {"shock": name, "amount": f"{amount:%}" if share else str(amount)}
        return RemoteAnswer(self, "whatif", _parameters(coin, at, venue=venue) | asked)

    def table(
        self, name: str, /, coin: str = "BTC", *, at: Moment = None, since: Moment = None, **more: Any
    ) -> TableAnswer:
        """Return a table of the market, as :meth:`runout.api.session.Session.table`.

        Parameters
        ----------
        name, coin, at, since
            Which, of what, as of when, and where its window begins.
        **more
            ``venue``, ``columns``, ``limit``, ``least_usd``.
        """
        if "limit" in more:
            more["events"] = more.pop("limit")
        return self.frame(_PATHS.get(name, name), _parameters(coin, at, since=since, **more))

    def series(self, coin: str | None = None) -> pl.DataFrame:
        """Return the series of the lake with their scope."""
        table_answer = self.frame("series", {"at": format_time(nanoseconds(None)), **({"coin": coin} if coin else {})})
        return table_answer.table.select("series", "kind", "step", "scope", "note")

    def rows(self, *series: str, at: Moment = None, since: Moment = None) -> pl.DataFrame:
        """Return rows of series of one kind as they were known at a moment."""
        asked = _parameters("BTC", at, since=since)
        return self.frame("rows", {**asked, "series": list(series)}).table

    def frame(self, resource: str, parameters: dict[str, Any]) -> TableAnswer:
        """Return all rows of a table: page after page, of one moment."""
        parts: list[pl.DataFrame] = []
        asked: dict[str, Any] = {**parameters, "format": "arrow"}
        while True:
            answer = self.get(resource, asked)
            parts.append(pl.read_ipc_stream(BytesIO(answer.content)))
            cursor = answer.headers.get("x-runout-next-cursor")
            if cursor is None:
                about = msgspec.json.decode(unquote(answer.headers["x-runout-about"]), type=_About)
                return TableAnswer(table=pl.concat(parts), **msgspec.structs.asdict(about))
            asked["cursor"] = cursor

    def get(self, resource: str, parameters: dict[str, Any]) -> httpx.Response:
        """Return the response to ``/v1/…``.

        Raises
        ------
        UsageError, NotEnoughDataError, SourceError
            As the server refuses, or where it does not answer.
        """
        try:
            answer = self._client.get(f"/v1/{resource}", params=parameters)
        except httpx.HTTPError as error:
            raise SourceError(f"{self.address} does not answer ({error}); is `runout serve` running there?") from error
        if answer.is_success:
            return answer
        try:
            text = answer.json().get("detail") or answer.json().get("title", "")
        except ValueError:
            text = answer.text[:200]
        kind = {400: UsageError, 404: NotEnoughDataError}.get(answer.status_code, SourceError)
        raise kind(f"{text} ({self.address}, status {answer.status_code})")


def _parameters(coin: str, at: Moment, *, since: Moment = None, **more: Any) -> dict[str, str]:
    """Return the parameters of a question; now is the present minute, so that all forms of an answer are of one."""
    now = nanoseconds(at)
    moment = now if at is not None else now - now % 60_000_000_000
    asked = {"coin": coin, "at": format_time(moment)}
    if since is not None:
        asked["since"] = format_time(nanoseconds(since))
    return asked | {name: str(value) for name, value in more.items() if value is not None}
