"""A report's notes, folded for reading: of each kind in a file the first, and where the others stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from cdc.app.files import count
from cdc.mapping.files.problem import Level, Problem

_LINES = 8
"""Line numbers that are told."""


def folded(problems: Sequence[Problem]) -> list[Problem]:
    """Return the problems with one note of each kind and file; errors and warnings stay as they are."""
    others: dict[tuple[str, str], list[Problem]] = defaultdict(list)
    kept: list[Problem] = []
    for problem in problems:
        alike = others[problem.file, problem.code]
        if problem.level is Level.NOTE:
            alike.append(problem)
        if problem.level is not Level.NOTE or len(alike) == 1:
            kept.append(problem)
    return [_with(problem, others[problem.file, problem.code][1:]) if problem.level is Level.NOTE else problem for problem in kept]


def _with(first: Problem, others: Sequence[Problem]) -> Problem:
    if not others:
        return first
    lines = [str(line) for line in dict.fromkeys(problem.line for problem in others)]
    where = f"{'line' if len(lines) == 1 else 'lines'} {', '.join(lines[:_LINES])}{', …' if len(lines) > _LINES else ''}"
    more = f"{count(len(others), 'more note')} of this kind ({where}): `--notes` shows {'it' if len(others) == 1 else 'them'}"
    return replace(first, help="; ".join(filter(None, (first.help, more))))
