"""Value maps, written out or in a CSV file, to entries that know where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from cdc.mapping.files.csv import Beside, Cell, Row, read_csv
from cdc.mapping.files.document import Document, Path
from cdc.mapping.files.mapping import ColumnFile
from cdc.mapping.files.problem import Problem, did_you_mean, one_of
from cdc.mapping.files.shape import Scalar
from cdc.mapping.files.table import MapFile
from cdc.mapping.spec.mapping import Entry

Given: TypeAlias = "Mapping[str, Scalar] | Sequence[Sequence[Scalar]] | MapFile"
_HEADERS = frozenset({("from", "to"), ("source", "target"), ("key", "value")})


def value_map(
    document: Document, name: str, given: Given, users: Mapping[str, ColumnFile], beside: Beside
) -> tuple[Sequence[Entry], list[Problem]]:
    """Return the entries of a map and what is wrong with them; `users` are the columns that it translates."""
    path: Path = ("maps", name)
    if isinstance(given, MapFile):
        rows, problems = opened(document, (*path, "file"), given.file, given.separator, beside)
        if problems:
            return (), problems
        entries, problems = _of_file(document, path, given, users, rows)
    elif isinstance(given, Mapping):
        entries, problems = [Entry((text,), scalar, document.at((*path, text))) for text, scalar in given.items()], []
    else:
        entries, problems = _of_rows(document, path, given)
    return entries, problems + list(_twice(entries))


def opened(document: Document, path: Path, file: str, separator: str, beside: Beside) -> tuple[list[Row], list[Problem]]:
    """Read the CSV file that is named at `path`."""
    name, content, why = beside(file)
    if content is None:
        return [], [document.at(path).problem("unreadable", f"{name} can't be read: {why}", "the path is relative to this file's folder")]
    return read_csv(name, content, separator)


def _of_rows(document: Document, path: Path, given: Sequence[Sequence[Scalar]]) -> tuple[list[Entry], list[Problem]]:
    entries: list[Entry] = []
    for at, row in enumerate(given):
        here = (*path, at)
        if len(row) < 2 or len(row) != len(given[0]):
            message = (
                "a row has at least a text and a value" if len(row) < 2 else f"{len(row)} cells, where the first row has {len(given[0])}"
            )
            return [], [document.at(here).problem("bad-row", message, "write `- [text, …, value]`")]
        texts = tuple(None if cell is None else document.scalar((*here, place)) for place, cell in enumerate(row[:-1]))
        entries.append(Entry(texts, row[-1], document.at((*here, len(row) - 1))))
    return entries, []


def _of_file(
    document: Document, path: Path, given: MapFile, users: Mapping[str, ColumnFile], rows: Sequence[Row]
) -> tuple[list[Entry], list[Problem]]:
    header, width = rows[0], len(rows[0])
    if width < 2:
        return [], [
            header[0].place.problem(
                "csv-syntax", "one column alone translates nothing", "is it another `separator`? There are comma, semicolon, tab and bar"
            )
        ]
    places: Sequence[int | None] = range(width)
    if given.sources is not None or given.to:
        named = [*(given.sources if isinstance(given.sources, list) else [given.sources or ""]), given.to]
        if "" in named:
            missing = "to" if given.sources is not None else "from"
            return [], [document.at_key(path).problem("missing-key", f"'{missing}' is missing", "name the columns of both, or of none")]
        names = [cell.text or "" for cell in header]
        places = [names.index(name) if name in names else None for name in named]
        if None in places:
            lacking = named[places.index(None)]
            advice = did_you_mean(lacking, names) or f"its columns are {one_of(names)}"
            return [], [header[0].place.problem("unknown-column", f"the first line names no column '{lacking}'", advice)]
        rows = rows[1:]
    elif _is_header(header, users):
        rows = rows[1:]
    return [_entry([row[at] for at in places if at is not None]) for row in rows], []


def _entry(cells: Sequence[Cell]) -> Entry:
    return Entry(tuple(cell.text for cell in cells[:-1]), cells[-1].text, cells[-1].place)


def _is_header(row: Row, users: Mapping[str, ColumnFile]) -> bool:
    """The first line names what stands below: the columns on either side, or just from and to."""
    words = tuple((cell.text or "").casefold() for cell in row)
    if words in _HEADERS:
        return True
    for target, column in users.items():
        sources = column.source if isinstance(column.source, list) else [column.source]
        read = [{word.casefold() for word in re.findall(r"\w+", source)} for source in sources]
        if words[-1] == target.casefold() or (len(read) == len(words) - 1 and all(map(lambda word, known: word in known, words, read))):
            return True
    return False


def _twice(entries: Sequence[Entry]) -> Iterator[Problem]:
    first: dict[tuple[str | None, ...], Entry] = {}
    for entry in entries:
        known = first.setdefault(entry.texts, entry)
        if known is not entry:
            said = ", ".join("NULL" if text is None else f"'{text}'" for text in entry.texts)
            yield entry.place.problem("duplicate-key", f"{said} has two values; the first is on line {known.place.line}")
