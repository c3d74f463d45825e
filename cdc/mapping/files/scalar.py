"""Where each character of a YAML scalar's value stands in the file: the way back through quotes, escapes, folding and indentation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_FOLD = r"(?P<fold>[ \t]*\n(?:[ \t]*\n)*[ \t]*)"
_FLOW = {
    "": re.compile(rf"{_FOLD}|(?s:.)"),
    "'": re.compile(rf"{_FOLD}|''|(?s:.)"),
    '"': re.compile(rf"{_FOLD}|\\(?P<joined>\n[ \t]*(?:\n[ \t]*)*)|\\x..|\\u.{{4}}|\\U.{{8}}|\\.|(?s:.)"),
}
_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s+(?:#[^\n]*\n)?)*)*")


def places(text: str, start: int, end: int, style: str, value: str) -> Sequence[int]:
    """Return the index in `text` of each character of `value`, and one more for its end.

    The scalar stands at `text[start:end]`; `style` is empty for a plain one, else its first character: `'`, `"`, `|` or `>`.
    """
    properties = _PROPERTIES.match(text, start, end)
    start = properties.end() if properties else start
    found = _block(text, start, style, value) if style in {"|", ">"} else _flow(text, start, end, style)
    if len(found) < len(value):  # can't be while the parser and this module agree; then the scalar's start is near enough
        return [start] * (len(value) + 1)
    found = found[: len(value)]
    return [*found, found[-1] + 1 if found else start]


def _flow(text: str, start: int, end: int, style: str) -> list[int]:
    quotes = len(style)
    found: list[int] = []
    for token in _FLOW[style].finditer(text, start + quotes, end - quotes):
        if token["fold"] is not None:
            breaks = _breaks(text, token.start(), token.end())
            found += breaks[1:] or breaks
        elif style == '"' and token["joined"] is not None:
            found += _breaks(text, token.start(), token.end())[1:]
        else:
            found.append(token.start())
    return found


def _breaks(text: str, start: int, end: int) -> list[int]:
    return [index for index in range(start, end) if text[index] == "\n"]


def _block(text: str, start: int, style: str, value: str) -> list[int]:
    """A block's indentation may be detected or given; the right one is the one that yields the value."""
    lines = list(_lines(text, text.find("\n", start) + 1))
    widest = next((len(line) - len(line.lstrip(" ")) for line in (text[a:b] for a, b in lines) if line.strip(" ")), 0)
    for indent in range(widest, -1, -1):
        found = list(_unindented(text, lines, indent, folded=style == ">"))
        if "".join(character for _, character in found).startswith(value):
            return [index for index, _ in found]
    return []


def _lines(text: str, start: int) -> Iterator[tuple[int, int]]:
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield start, end
        start = end + 1


def _unindented(text: str, lines: Sequence[tuple[int, int]], indent: int, *, folded: bool) -> Iterator[tuple[int, str]]:
    """Yield index and character of a block scalar with all its trailing line breaks kept.

    https://yaml.org/spec/1.2.2/#81-block-scalar-styles : a single line break between two lines that begin with no blank is folded.
    """
    last: int | None = None
    blank_before = False
    empty: list[int] = []
    for start, end in lines:
        if text[start : min(start + indent, end)].strip(" "):
            break
        if end - start <= indent:
            empty.append(end)
            continue
        blank = text[start + indent] in " \t"
        if last is not None and (not folded or blank_before or blank):
            yield last, "\n"
        elif last is not None and not empty:
            yield last, " "
        yield from ((index, "\n") for index in empty)
        yield from ((index, text[index]) for index in range(start + indent, end))
        last, blank_before, empty = end, blank, []
    if last is not None:
        yield last, "\n"
    yield from ((index, "\n") for index in empty)
