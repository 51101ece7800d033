"""Figures for Prometheus, served on loopback unless told otherwise."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from runout.collect.status import FeedStatus, report
from runout.errors import NotEnoughDataError

_GAUGES = {
    "age_seconds": "Seconds since the feed's last data.",
    "rate": "Data frames a minute over the last ten minutes.",
    "usual": "Data frames a minute, mean over about a day.",
    "lag_seconds": "Receive time minus event time.",
}
_COUNTERS = {
    "rows": "Rows stored.",
    "gaps": "Gaps.",
    "gap_seconds": "Seconds in gaps.",
    "reconnects": "Reconnects of the running process.",
    "quarantined": "Frames and rows refused.",
    "partial_bars": "Bars left out since trades are missing.",
}


class Figures(Collector):
    """Reads a collector's files at each scrape.

    Parameters
    ----------
    folder
        Folder of the collector.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        try:
            now = report(self._folder)
        except NotEnoughDataError:
            return
        yield from _of_feeds(now.feeds)
        yield GaugeMetricFamily("runout_collect_findings", "Findings of `runout status`.", len(now.findings))
        yield GaugeMetricFamily(
            "runout_collect_behind_seconds", "Rows behind what is received.", now.behind_seconds or 0
        )
        if now.collector is not None:
            log = now.collector
            yield GaugeMetricFamily("runout_collect_waiting_bytes", "Bytes in memory.", log.waiting_bytes)
            yield GaugeMetricFamily("runout_collect_memory_bytes", "Resident memory.", log.memory_bytes)
            yield GaugeMetricFamily("runout_collect_free_bytes", "Room on the disk.", log.free_bytes)
            yield CounterMetricFamily("runout_collect_records", "Records received.", log.appended)
            yield CounterMetricFamily("runout_collect_durable_records", "Records on the disk.", log.durable)
            yield CounterMetricFamily("runout_collect_dropped_records", "Records dropped.", log.dropped)


def _of_feeds(feeds: tuple[FeedStatus, ...]) -> Iterator[Metric]:
    for kind, names in ((GaugeMetricFamily, _GAUGES), (CounterMetricFamily, _COUNTERS)):
        for name, meaning in names.items():
            family = kind(f"runout_feed_{name}", meaning, labels=["feed"])
            for feed in feeds:
                value = getattr(feed, name)
                if value is not None:
                    family.add_metric([feed.feed], value)
            yield family


def serve_metrics(folder: Path, port: int, address: str = "127.0.0.1") -> None:
    """Serve the figures of a collector at ``http://address:port/metrics``."""
    registry = CollectorRegistry()
    registry.register(Figures(folder))
    start_http_server(port, addr=address, registry=registry)
