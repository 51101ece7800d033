"""What a :class:`~runout.api.session.Session` answers: content, table, JSON, and a picture in a notebook.

An answer holds what was computed and renders it on demand; renderers load where they are first used.
"""

from typing import Any, Literal

import msgspec
import polars as pl

from runout.api import tables
from runout.api.table_answer import Tabular
from runout.bulletin.brief import brief
from runout.bulletin.brief_record import Brief
from runout.bulletin.findings import Bulletin
from runout.bulletin.liquidation_map import LiquidationMap
from runout.cascade.shock import Shock
from runout.clock import format_time
from runout.forecast.record import AskedForecast
from runout.pipeline import position_tables
from runout.pipeline.issue_bulletin import Publication
from runout.pipeline.position_risk import Risk
from runout.pipeline.whatif_answers import Setting, WhatIf


class BulletinAnswer(Tabular, msgspec.Struct, frozen=True, eq=False):
    """A bulletin; in a notebook its one screen and its first figure.

    Parameters
    ----------
    content
        Everything it says, typed.
    published
        What it was made from; the pictures of its page are drawn from the same map.
    """

    content: Bulletin
    published: Publication

    def __repr__(self) -> str:
        return f"<bulletin of {self.content.coin} as of {self.content.at}>"

    def to_polars(self) -> pl.DataFrame:
        """Return its figures, a row each (:func:`runout.api.tables.findings_table`)."""
        return tables.findings_table(self.content)

    def to_json(self) -> str:
        """Return the text that ``runout bulletin --format json`` writes."""
        from runout.render import encoding  # noqa: PLC0415

        return encoding.encode(self.content).decode()

    def to_text(self) -> str:
        """Return the text that ``runout bulletin --full`` writes, without colour."""
        from runout.render import text  # noqa: PLC0415

        return text.render(self.content, 120)

    def brief(self) -> Brief:
        """Return what ``runout bulletin`` prints on one screen, typed."""
        return brief(self.content)

    def to_html(self) -> str:
        """Return the whole bulletin as one page that needs nothing else."""
        from runout.render import page  # noqa: PLC0415

        return page.render(self.content, self.published.pictures())

    def _repr_html_(self) -> str:
        from runout.api import notebook  # noqa: PLC0415 - draws

        return notebook.bulletin(self.content)


class MapAnswer(Tabular, msgspec.Struct, frozen=True, eq=False):
    """A liquidation map, inferred; in a notebook its two pictures.

    Parameters
    ----------
    content
        Ladder, clusters, sweeps and heatmap, typed.
    """

    content: LiquidationMap

    def __repr__(self) -> str:
        built = self.content
        return f"<liquidation map of {built.coin} on {built.venue} as of {format_time(built.at)}, {built.model}>"

    def to_polars(self) -> pl.DataFrame:
        """Return its levels, a row each (:func:`runout.render.map.export.table`), ``time`` as a datetime."""
        from runout.render.map import export  # noqa: PLC0415

        return tables.dated(export.table(self.content))

    def clusters(self) -> pl.DataFrame:
        """Return its clusters, the largest first (``liquidation_map.clusters.table``), times as datetimes."""
        from runout.liquidation_map import clusters  # noqa: PLC0415

        return tables.dated(clusters.table(self.content.clusters))

    def sweeps(self) -> pl.DataFrame:
        """Return what the map expected of each bucket of its window, and what was reported.

        Returns
        -------
        polars.DataFrame
            ``side``; ``start_time, end_time``; ``low_price, high_price`` that the price went through;
            ``predicted_usd`` with its band ``low_usd, high_usd``; ``realised_usd``, null where nothing was reported.
        """
        return tables.sweeps_table(self.content.sweeps)

    def to_json(self) -> str:
        """Return the text that ``runout map --format json`` writes."""
        from runout.render.map import export  # noqa: PLC0415

        return export.json(self.content)

    def to_text(self) -> str:
        """Return the text that ``runout map`` writes, without colour."""
        from runout.render.map import export  # noqa: PLC0415

        return export.text(self.content)

    def to_html(self) -> str:
        """Return the map as one page that needs nothing else."""
        from runout.render.map import export  # noqa: PLC0415

        return export.html(self.content)

    def widget(self) -> Any:
        """Return its heat as a widget of a notebook (:func:`runout.api.widget.heat_widget`)."""
        from runout.api import tiles, widget  # noqa: PLC0415

        return widget.heat_widget(tiles.heat_tile(self.content))

    def _repr_png_(self) -> bytes | None:
        from runout.render.map import pictures  # noqa: PLC0415 - matplotlib takes half a second

        return None if self.content.model == "measured" else pictures.png(self.content)


class ForecastAnswer(Tabular, msgspec.Struct, frozen=True, eq=False):
    """A forecast; in a notebook its danger level, its chances and what they become if the price falls.

    Parameters
    ----------
    content
        Windows, conditions and what they rest on, typed.
    """

    content: AskedForecast

    def __repr__(self) -> str:
        return f"<forecast of {self.content.coin} as of {format_time(self.content.at)}>"

    def to_polars(self) -> pl.DataFrame:
        """Return its chances, a row each (:func:`runout.bulletin.outlook.table`)."""
        from runout.bulletin import outlook  # noqa: PLC0415

        return outlook.table(self.content)

    def to_json(self) -> str:
        """Return the text that ``runout forecast --format json`` writes."""
        from runout.bulletin import outlook  # noqa: PLC0415

        return outlook.as_json(self.content) + "\n"

    def _repr_html_(self) -> str:
        from runout.api import notebook  # noqa: PLC0415 - draws

        return notebook.forecast(self.content)


class WhatIfAnswer(Tabular, msgspec.Struct, frozen=True, eq=False):
    """What a move or an order would set off, inferred; in a notebook the picture of moves of every size.

    Parameters
    ----------
    setting
        The map, the books and past moves that it was asked of, typed.
    shock
        What was asked.
    content
        Where it stops, what it liquidates and how likely it comes, typed.
    """

    setting: Setting
    shock: Shock
    content: WhatIf

    def __repr__(self) -> str:
        return f"<what if, {self.shock}, of {self.setting.map.coin} as of {format_time(self.setting.map.at)}, inferred>"

    def to_polars(self) -> pl.DataFrame:
        """Return where it stops in each case of the bands (:func:`runout.api.tables.cases_table`)."""
        return tables.cases_table(self.content)

    def liquidated(self) -> pl.DataFrame:
        """Return forced orders by venue, kind of level and side, in dollars.

        Returns
        -------
        polars.DataFrame
            ``coin, venue, level_kind, liquidated_side``; ``liquidated_usd`` at the central values, ``mild_usd`` and
            ``severe_usd`` at the edges of the bands.
        """
        return self.content.slide.liquidated

    def ladder(self) -> pl.DataFrame:
        """Return what moves of every size would set off, as ``runout whatif --ladder``: rows of kind ``slides``."""
        from runout.pipeline import whatif_answers  # noqa: PLC0415

        return tables.dated(whatif_answers.slides(self.setting, self.setting.map.clusters))

    def to_json(self) -> str:
        """Return the text that ``runout whatif --format json`` writes."""
        return self._as("json").decode()

    def to_text(self) -> str:
        """Return the text that ``runout whatif`` writes, without colour."""
        return self._as("text").decode()

    def to_html(self) -> str:
        """Return the answer as one page that needs nothing else."""
        return self._as("html").decode()

    def _repr_png_(self) -> bytes:
        return self._as("png")

    def _as(self, form: Literal["json", "text", "html", "png"]) -> bytes:
        from runout.pipeline import whatif_tables  # noqa: PLC0415 - draws

        return whatif_tables.answer_as(self.setting, self.shock, form)


class RiskAnswer(Tabular, msgspec.Struct, frozen=True, eq=False):
    """Where positions of one's own are liquidated.

    Parameters
    ----------
    content
        Positions, and the account that several share, typed.
    """

    content: Risk

    def __repr__(self) -> str:
        return f"<risk of {len(self.content.positions)} positions as of {format_time(self.content.at)}>"

    def to_polars(self) -> pl.DataFrame:
        """Return the positions, a row each (:func:`runout.pipeline.position_tables.table`)."""
        return position_tables.table(self.content)

    def to_json(self) -> str:
        """Return the text that ``runout positions risk --format json`` writes."""
        return position_tables.as_json(self.content)

    def to_text(self) -> str:
        """Return the text that ``runout positions risk`` writes, without colour."""
        return position_tables.text(self.content)
