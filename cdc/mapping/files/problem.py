"""What is wrong with a file and where: one `Problem` per mistake, rendered with the source line, a caret and a suggestion."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from enum import Enum

from cdc.model.value import value

_SHOWN = 160
"""Characters of a source line that a report shows; a longer line is cut around the caret."""
_LONGEST = 500
"""Characters of a message; a file's own names may be long."""
_MOST = 200
"""Problems that a report shows."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


class Level(Enum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    """What may go wrong with some row, and need not."""


@value
class Problem:
    """One mistake. `line` and `column` count from 1, `width` is the caret's; `excerpt` is the whole source line."""

    file: str
    line: int
    column: int
    code: str
    message: str
    help: str = ""
    level: Level = Level.ERROR
    excerpt: str = ""
    width: int = 1


@value
class Place:
    """A stretch of one line of a file."""

    file: str
    line: int
    column: int
    excerpt: str = ""
    width: int = 1

    def problem(self, code: str, message: str, help: str = "", level: Level = Level.ERROR) -> Problem:  # noqa: A002 - the report's word
        return Problem(self.file, self.line, self.column, code, message, help, level, self.excerpt, self.width)

    def warning(self, code: str, message: str, help: str = "") -> Problem:  # noqa: A002 - the report's word
        return self.problem(code, message, help, Level.WARNING)

    def note(self, code: str, message: str, help: str = "") -> Problem:  # noqa: A002 - the report's word
        return self.problem(code, message, help, Level.NOTE)


def failed(problems: Iterable[Problem]) -> bool:
    """Whether any of them is an error."""
    return any(problem.level is Level.ERROR for problem in problems)


def ordered(problems: Iterable[Problem]) -> list[Problem]:
    """Sort by place, each mistake once."""
    unique = {(p.file, p.line, p.column, p.code, p.message): p for p in problems}
    return [unique[place] for place in sorted(unique)]


def render(problems: Iterable[Problem]) -> str:
    """Return the report of the problems, as people read it."""
    found = ordered(problems)
    more = f"and {len(found) - _MOST:,} more\n" if len(found) > _MOST else ""
    return "".join(_lines(problem) for problem in found[:_MOST]) + more


def to_json(problem: Problem) -> dict[str, str | int]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "width": problem.width,
        "level": problem.level.value,
        "code": problem.code,
        "message": problem.message,
        "help": problem.help,
    }


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the nearest known word, or nothing."""
    exact = list(known)
    folded = {name.casefold(): name for name in reversed(exact)}
    near = get_close_matches(word.casefold(), folded, 1, cutoff=0.6)
    return f"did you mean '{printable(folded[near[0]])}'?" if near else ""


def one_of(words: Sequence[str]) -> str:
    """Return "a, b or c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def printable(text: str) -> str:
    """Return the text fit for a terminal: no control characters, none that change the direction of writing."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _lines(problem: Problem) -> str:
    message = problem.message if len(problem.message) <= _LONGEST else f"{problem.message[:_LONGEST]}…"
    report = [printable(f"{problem.file}:{problem.line}:{problem.column}: {problem.level.value}[{problem.code}]: {message}")]
    margin = " " * max(5, len(str(problem.line)))
    if problem.excerpt.strip():
        text, caret = _excerpt(problem)
        report += [f"{problem.line:>5} | {text}".rstrip(), f"{margin} | {caret}"]
    if problem.help:
        report.append(f"{margin} = help: {printable(problem.help)}")
    return "".join(line + "\n" for line in report)


def _excerpt(problem: Problem) -> tuple[str, str]:
    """The source line and the line with the caret below it."""
    line, start = problem.excerpt, problem.column - 1
    if len(line) > _SHOWN:
        cut = min(max(0, start - _SHOWN // 2), len(line) - _SHOWN)
        end = "…" if cut + _SHOWN < len(line) else ""
        line, start = ("…" if cut else line[0]) + line[cut + 1 : cut + _SHOWN] + end, start - cut
    line = printable(line)
    blank = "".join("\t" if c == "\t" else " " * _cells(c) for c in line[:start])
    return line, blank + "^" * max(1, sum(map(_cells, line[start : start + problem.width])))


def _cells(character: str) -> int:
    """How many columns of a terminal the character takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
