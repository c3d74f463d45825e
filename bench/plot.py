"""`python -m bench.plot results.json docs/performance.svg`: ratios beside their targets, and latencies, from what `python -m bench --json` wrote."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

_OURS, _NATIVE, _TARGET = "#2a6f97", "#a9a9a9", "#c1121f"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.plot", description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("picture", type=Path)
    given = parser.parse_args()
    mpl.rcParams.update({"svg.hashsalt": "cdc", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    found = json.loads(given.results.read_text())
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 0.45 * len(found["cases"]) + 1.8), width_ratios=(3, 2), layout="constrained")
    _ratios(left, found["cases"])
    _latencies(right, found["latency"])
    figure.savefig(given.picture, metadata={"Date": None} if given.picture.suffix == ".svg" else None)


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
