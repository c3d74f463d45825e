"""`python -m bench.plot results.json picture.svg`: what `python -m bench --json` wrote, as ratios beside their targets and latencies; or what
`python -m bench.linear --json` wrote, as the cost of a row by size."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_OURS, _NATIVE, _TARGET = "#2a6f97", "#a9a9a9", "#c1121f"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.plot", description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("picture", type=Path)
    given = parser.parse_args()
    mpl.rcParams.update({"svg.hashsalt": "cdc", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    found = json.loads(given.results.read_text())
    figure = _lines(found["linear"]) if "linear" in found else _bars(found)
    figure.savefig(given.picture, metadata={"Date": None} if given.picture.suffix == ".svg" else None)


def _bars(found: dict[str, Any]) -> Figure:
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 0.45 * len(found["cases"]) + 1.8), width_ratios=(3, 2), layout="constrained")
    _ratios(left, found["cases"])
    _latencies(right, found["latency"])
    return figure


def _lines(found: dict[str, list[tuple[float, float, int, float]]]) -> Figure:
    """A picture for each series, both axes logarithmic: a row's cost, and what it would be if it grew as its size does, or not at all."""
    figure, places = plt.subplots(1, len(found), figsize=(3.2 * len(found), 2.8), layout="constrained", squeeze=False)
    for axes, (name, points) in zip(places[0], found.items(), strict=True):
        across = [x for x, *_ in points]
        axes.loglog(across, [cost for _, cost, *_ in points], color=_OURS, marker="o", markersize=3, label="measured")
        linear = [points[0][1] * unit / points[0][3] for *_, unit in points]
        axes.loglog(across, linear, color=_NATIVE, linestyle="--", label="linear")
        axes.set_ylim(min(cost for _, cost, *_ in points) / 4, max(linear) * 4)  # a fifth more is not to look like a mountain
        axes.set_xlabel(name)
    places[0][0].set_ylabel("CPU µs a row")
    places[0][0].legend(frameon=False)
    return figure


def _ratios(axes: Axes, cases: list[dict[str, Any]]) -> None:
    for at, case in enumerate(cases):
        least, middle, most = case["ratio"]
        axes.barh(at, middle, color=_OURS, height=0.6, xerr=[[middle - least], [most - middle]], ecolor="black", capsize=2)
        if case["target"]:
            axes.plot([case["target"]] * 2, [at - 0.4, at + 0.4], color=_TARGET, linewidth=2)
    axes.axvline(1, color="black", linewidth=0.6)
    axes.set_yticks(range(len(cases)), [case["case"] for case in cases])
    axes.invert_yaxis()
    axes.set_xlabel("rows a second, as a ratio to native replication (line at 1; targets in red)")


def _latencies(axes: Axes, latency: dict[str, dict[str, tuple[float, float]]]) -> None:
    for at, one in enumerate(latency.values()):
        for shift, whose, colour in ((-0.2, "ours", _OURS), (0.2, "native", _NATIVE)):
            middle, worst = one[whose]
            axes.barh(at + shift, middle, color=colour, height=0.35, label=whose if not at else None)
            axes.plot([middle, worst], [at + shift] * 2, color=colour)
            axes.plot([worst], [at + shift], marker="|", color=colour)
    axes.set_yticks(range(len(latency)), [name if name == "idle" else f"{name} rows/s" for name in latency])
    axes.invert_yaxis()
    axes.set_xlabel("ms from COMMIT to visible: p50 (bar), p99 (tick)")
    axes.legend(frameon=False)


if __name__ == "__main__":
    main()
