"""The columns of a mapping to those of the other direction: what follows from how they are made, and what the file says of the way back."""

from __future__ import annotations

from collections.abc import Iterator

from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.node import Constant
from cdc.mapping.expression.reads import column_alone, names, written
from cdc.mapping.expression.scope import Scope
from cdc.mapping.files.document import Data, Path
from cdc.mapping.files.draft import Draft
from cdc.mapping.files.problem import Problem
from cdc.mapping.spec.inverse import collision, inverted
from cdc.mapping.spec.mapping import Given, Mapped, MappingSpec, Moment, Sql, expressions
from cdc.mapping.spec.two_way import section
from cdc.model.change import ABSENT

_FORWARD_ONLY = "write `reverse: {source_column: …}` for the way back, or `owner: source`: the column goes one way then"

_COME_BACK = {"target": "the target owns", "newest": "who changed a row last owns"}
"""Owners for whose sake a column must come back."""


class Columns:
    """The columns of one mapping on their way round, written to a draft."""

    def __init__(self, spec: MappingSpec, draft: Draft) -> None:
        self.of: dict[str, list[str]] = {}
        """Target column → the source columns that it gives; those that `reverse` gives stand under no name."""
        self.made: dict[str, str] = {}
        """Source column → what gives it, for people."""
        self.newest: list[str] = []
        """Source columns that go by the clock."""
        self._spec, self._document, self._draft = spec, spec.document, draft
        self._inverted: dict[str, str] = {}

    def turn(self) -> Iterator[Problem]:
        """Write all of them; yield what is wrong, and what goes one way."""
        for name, given in self._spec.columns.items():
            raw = section(section(self._document.data.get("columns")).get(name))
            if "reverse" in raw:
                yield from self._said(name, given, raw["reverse"])
            elif raw.get("owner") != "source":
                yield from self._following(name, given, str(raw.get("owner", "")))
        for column in section(section(self._document.data.get("reverse")).get("columns")):
            yield from self._copied("", column, ("reverse", "columns", column))

    def _said(self, name: str, given: Given, forms: object) -> Iterator[Problem]:
        path: Path = ("columns", name, "reverse")
        if isinstance(forms, dict):
            for column in forms:
                yield from self._copied(name, column, (*path, column))
            return
        scope = Scope(self._spec.source, None, self._spec.salt)
        read = list(dict.fromkeys(read for sql in expressions(given) for read in names(check_value(sql.text, scope)[0])))
        if len(read) == 1:
            yield from self._copied(name, read[0], path)
            return
        message = f"column '{name}' is made of {' and '.join(read) or 'no source column'}: `reverse` must say which column it gives"
        yield self._document.at_key(path).problem("reverse-unclear", message, "write `reverse: {source_column: expression}`")

    def _copied(self, name: str, column: str, path: Path) -> Iterator[Problem]:
        """Take the file's own words for a source column."""
        twice = self._twice(name, column, path)
        if twice is None:
            self._draft.copy(path, ("columns", column))
            if self._document.scalar((*path, "write")) in (None, Moment.ALWAYS.value):
                self._by_time(name, column)
        else:
            yield twice

    def _by_time(self, name: str, column: str) -> None:
        """What goes by the clock one way does so on the way back."""
        if name in self._spec.options and self._spec.options[name].newest:
            self._draft.add(("columns", column, "owner"), "newest", self._draft.at(("columns", name, "owner")))
            self.newest.append(column)

    def _following(self, name: str, given: Given, owner: str) -> Iterator[Problem]:
        if isinstance(given, Mapped):
            yield from self._translated(name, given)
        elif isinstance(given, Sql) and (column := column_alone(given.text)):
            twice = self._twice(name, column, given.path)
            if twice is None:
                at = (*given.path, "value") if self._document.scalar(given.path) is None else given.path
                self._draft.write(("columns", column), written(name), self._draft.at(at), self._draft.at_key(self._path(name)))
                self._by_time(name, column)
            else:
                yield twice
        elif owner in _COME_BACK:
            message = f"{_COME_BACK[owner]} column '{name}', and what it is made of does not turn round by itself"
            yield self._spec.place(name).problem("not-reversible", message, "write `reverse: {source_column: expression}` for the way back")
        elif not (name in self._spec.key or name in self._spec.soft_delete or _constant(given)):
            message = f"column '{name}' goes one way: what it is made of does not turn round by itself"
            advice = "write `reverse: {source_column: expression}` for the way back, or `owner: source` if there is none"
            yield self._spec.place(name).note("one-way", message, advice)

    def _translated(self, name: str, given: Mapped) -> Iterator[Problem]:
        """A value map turns round where each value comes from one text."""
        column = column_alone(given.sources[0].text) if len(given.sources) == 1 else None
        if column is None:
            why, place = "what it translates is not one column alone", self._document.at((*given.path, "from"))
        elif given.default is not ABSENT:
            why, place = "every text that it lacks becomes its default", self._document.at_key((*given.path, "default"))
        elif found := collision(given.entries):
            why, place = found
        else:
            yield from self._inverse(name, column, given)
            return
        yield place.problem("not-one-to-one", f"column '{name}': the value map '{given.map}' does not turn round: {why}", _FORWARD_ONLY)

    def _inverse(self, name: str, column: str, given: Mapped) -> Iterator[Problem]:
        twice = self._twice(name, column, (*given.path, "from"))
        if twice is not None:
            yield twice
            return
        if given.map not in self._inverted:
            back = f"{given.map}_reversed"
            while back in section(self._document.data.get("maps")):
                back += "_"
            self._inverted[given.map] = back
            inverted(self._draft, self._document, given, back)
        path, target = (*given.path, "map"), self._draft.at_key(self._path(name))
        made: Data = {"map": self._inverted[given.map], "from": written(name)}
        self._draft.write(("columns", column), made, self._draft.at((*given.path, "from")), target)
        self._draft.point(("columns", column, "map"), self._draft.at(path))
        self._by_time(name, column)

    def _twice(self, name: str, column: str, path: Path) -> Problem | None:
        """Note what gives a source column; a second one is a problem. `name` is the target column that it comes from."""
        giver = f"column '{name}'" if name else "`reverse`"
        if column in self.made:
            message = f"on the way back, {giver} gives the source column '{column}', and {self.made[column]} does, too"
            return self._document.at(path).problem("reversed-twice", message, "write `owner: source` for one of them")
        self.made[column] = giver
        self.of.setdefault(name, []).append(column)
        return None

    def _path(self, name: str) -> Path:
        """Where the file names a target column."""
        path = self._spec.columns[name].path
        return path if isinstance(path[-1], int) else path[:2]


def _constant(given: Given) -> bool:
    return isinstance(given, Sql) and isinstance(check_value(given.text, Scope("", None))[0], Constant)
