"""What a metric is: one entry of the list that code, reference, dashboards and rules are held against."""

from __future__ import annotations

from typing import Literal

from cdc.model.value import value

P = ("pipeline",)
T = ("pipeline", "table")


@value
class Family:
    """One metric; its name gets the prefix `cdc_`, and `_total` where it counts."""

    name: str
    kind: Literal["counter", "gauge", "histogram", "info"]
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()
