"""The same families for who embeds aiprobe in a program that has a prometheus-client registry already.

Built from the numbers, not from the rendered lines, so that a test can hold the two to the same samples.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector as Registrable
from prometheus_client.samples import Exemplar as ClientExemplar

from aiprobe.metrics import catalogue
from aiprobe.metrics.metric import Metric
from aiprobe.metrics.openmetrics import EXEMPLAR_LABEL, Exemplar
from aiprobe.metrics.recorder import Recorder
from aiprobe.metrics.series import Owner, Reading


class Collector(Registrable):
    """Offers what a recorder holds. Collect on the recorder's thread; a collection counts as a scrape."""

    def __init__(self, recorder: Recorder, *, process: bool = True) -> None:
        """Read from `recorder`; without `process` the families `process_*` are left to the registry's own."""
        self._recorder = recorder
        self._process = ProcessCollector(registry=None) if process else None

    def describe(self) -> Iterable[Family]:
        """Return every family without samples: a registry refuses a second one of the same name."""
        return [_family(metric) for metric in catalogue.METRICS]

    def collect(self) -> Iterator[Family]:
        """Return the families that have samples, in the order of the exposition."""
        recorder = self._recorder
        now = recorder.clock.monotonic()
        owners: list[Owner] = [recorder.exporter, *(series.owner for series in recorder.targets)]
        shown = [(owner, list(owner.births)) for owner in owners]
        rows = [series.owner.readings(faded=series.record.is_silent(now)) for series in recorder.targets]
        yield from _filled(catalogue.TARGET_METRICS, rows)
        yield from _filled(catalogue.EXPORTER_METRICS, [recorder.exporter.readings(faded=False)])
        if self._process is not None:
            yield from self._process.collect()
        recorder.announce(shown)


def _filled(metrics: Iterable[Metric], rows: list[list[list[Reading]]]) -> Iterator[Family]:
    for index, metric in enumerate(metrics):
        family = _family(metric)
        for row in rows:
            for reading in row[index]:
                family.add_sample(reading.name, reading.labels, reading.value, exemplar=_exemplar(reading.exemplar))
        if family.samples:
            yield family


def _family(metric: Metric) -> Family:
    return Family(metric.family, metric.help, metric.kind.value, metric.unit)


def _exemplar(exemplar: Exemplar | None) -> ClientExemplar | None:
    if exemplar is None:
        return None
    return ClientExemplar({EXEMPLAR_LABEL: exemplar.request_id}, exemplar.value, exemplar.timestamp_seconds)
