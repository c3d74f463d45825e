"""What `cdc verify` has found, as the text that Prometheus' node_exporter collects from a file: a command has no address to be scraped at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from cdc.app.monitor.family import Family
from cdc.app.monitor.family import T as _T
from cdc.model.errors import Misconfigured
from cdc.model.value import value

VERIFIED: Sequence[Family] = (
    Family("verify_rows_compared", "gauge", _T, "Rows of the source that the last `cdc verify` has compared. `table` is the mapping."),
    Family("verify_mismatched_rows", "gauge", (*_T, "kind"), "Rows that differed: missing, different, extra or failing."),
    Family("verify_last_success_timestamp_seconds", "gauge", _T, "When they were last compared to the end, whatever that has shown."),
)


@value
class Compared:
    """One mapping's result."""

    pipeline: str
    mapping: str
    rows: int
    kinds: Mapping[str, int]


def write(path: Path, results: Iterable[Compared], at: float) -> None:
    """Replace the file as a whole, so that a reader never sees a part of it. Raises `Misconfigured`."""
    text = exposition(results, at)
    try:
        with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8") as file:
            file.write(text)
        made = Path(file.name)
        try:
            made.chmod(0o644)  # the collector is another user, and names and numbers are no secret
            made.replace(path)
        finally:
            with suppress(FileNotFoundError):  # it has got its name
                made.unlink()
    except OSError as error:
        raise Misconfigured(
            f"{path} can't be written: {error.strerror}", "Name a file of the folder that node_exporter collects from."
        ) from error


def exposition(results: Iterable[Compared], at: float) -> str:
    """Return Prometheus' text format."""
    from prometheus_client import generate_latest
    from prometheus_client.core import CollectorRegistry, GaugeMetricFamily

    found = {family.name: GaugeMetricFamily(f"cdc_{family.name}", family.help, labels=family.labels) for family in VERIFIED}
    for one in results:
        labels = [one.pipeline, one.mapping]
        found["verify_rows_compared"].add_metric(labels, one.rows)
        found["verify_last_success_timestamp_seconds"].add_metric(labels, at)
        for kind, count in one.kinds.items():
            found["verify_mismatched_rows"].add_metric([*labels, kind], count)

    class Results:
        def collect(self) -> Iterator[GaugeMetricFamily]:
            yield from found.values()

    registry = CollectorRegistry()
    registry.register(Results())
    return generate_latest(registry).decode()
