"""The figure of a scoring run of the cascade."""

from pathlib import Path
from typing import Final

import numpy as np

from studies.cascade.study import CascadeReport

_COLOURS: Final = ("#b3541e", "#2f6690", "#7a7a7a")
_FALLS: Final = {"flush", "plain fall"}


def draw(report: CascadeReport, path: Path) -> None:
    """Draw predicted against realised dollars: real falls, and synthetic slides."""
    import matplotlib as mpl  # noqa: PLC0415 - most of a second, only where a figure is drawn
    from matplotlib.figure import Figure  # noqa: PLC0415

    falls = [one for one in report.asked if one.fall.kind in _FALLS]
    real = {
        f"{kind}, ending there": [(one.realised_usd, one.given[0].band) for one in falls if one.fall.kind == kind]
        for kind in ("flush", "plain fall")
    }
    made = {
        name: [(one.forced_usd, way.band) for one in report.slid for way in one.given if way.name == name]
        for name in ("cascade", "true positions, cascade")
    }
    with mpl.rc_context({"svg.hashsalt": "runout", "svg.fonttype": "none", "font.size": 8}):
        figure = Figure(figsize=(9.6, 4.4), layout="constrained")
        panels = (("Real falls: reported, given the low", real), ("Synthetic slides: closed by force", made))
        for axes, (title, groups) in zip(figure.subplots(1, 2), panels, strict=True):
            for (name, points), colour in zip(groups.items(), _COLOURS, strict=False):
                came = [max(one, 1e4) / 1e6 for one, _ in points]
                said = np.maximum([[b.low, b.value, b.high] for _, b in points] or np.zeros((0, 3)), 1e5) / 1e6
                reach = np.abs(said[:, [0, 2]] - said[:, [1]]).T
                axes.errorbar(
                    came, said[:, 1], yerr=reach, fmt="o", markersize=4, elinewidth=0.7, color=colour, label=name
                )
            limits = (1.0, 30_000.0) if groups is made else (0.5, 500.0)
            axes.plot(limits, limits, color="#777777", linewidth=0.8)
            axes.set(xscale="log", yscale="log", xlim=limits, ylim=limits)
            axes.set_xlabel("came, $ million")
            axes.set_ylabel("said, $ million, with its 90% band")
            axes.set_title(title, fontsize=9)
            axes.legend(frameon=False, loc="upper left")
        figure.savefig(path, metadata={"Date": None})
