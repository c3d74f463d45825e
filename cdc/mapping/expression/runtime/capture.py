"""Where the groups of a regular expression matched, within a match of the whole: PostgreSQL's own search, bounded.

The engine finds the whole match in linear time, but splits it among groups by other rules. PostgreSQL (src/backend/regex/regexec.c, cdissect)
takes what stands before a group as long as it can be, then the group, then the rest; of alternatives the first one that fits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from cdc.mapping.expression.are import Branches, Group, Leaf, Repeated, Sequence, Tree, spelled
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.model.value import value

Compile: TypeAlias = Callable[[str], Any]
_BUDGET = 50_000_000
"""Bytes that the splitting of one match may look at, in the worst case."""


class Search:
    """One match being split: the text, what was found, what may still be spent."""

    def __init__(self, data: bytes, groups: int) -> None:
        self.data = data
        self.spans: list[tuple[int, int] | None] = [None] * (groups + 1)
        self._left = _BUDGET

    def longest(self, engine: Any, begin: int, limit: int) -> int:
        """Where the longest match from `begin` ends, -1 when there is none."""
        self._spend(limit - begin)
        found = engine.match(self.data, begin, limit)
        return -1 if found is None else int(found.end())

    def exact(self, engine: Any, begin: int, end: int) -> bool:
        self._spend(end - begin)
        return engine.fullmatch(self.data, begin, end) is not None

    def _spend(self, size: int) -> None:
        self._left -= size + 20
        if self._left < 0:
            raise BadValue("the text is too long for the groups of this regular expression")


@value
class Plain:
    """Captures nothing; the match is the caller's to check."""

    engine: Any

    def split(self, _search: Search, _begin: int, _end: int) -> bool:
        return True


@value
class Capture:
    engine: Any
    number: int
    inner: Part

    def split(self, search: Search, begin: int, end: int) -> bool:
        search.spans[self.number] = (begin, end)
        return self.inner.split(search, begin, end)


@value
class Either:
    engine: Any
    parts: tuple[Part, ...]

    def split(self, search: Search, begin: int, end: int) -> bool:
        return any(search.exact(part.engine, begin, end) and part.split(search, begin, end) for part in self.parts)


@value
class Pair:
    """The left side gets all that leaves the right one a match."""

    engine: Any
    left: Part
    right: Part

    def split(self, search: Search, begin: int, end: int) -> bool:
        middle = search.longest(self.left.engine, begin, end)
        while middle >= begin:
            if search.exact(self.right.engine, middle, end) and self._both(search, begin, middle, end):
                return True
            middle = search.longest(self.left.engine, begin, middle - 1) if middle > begin else -1
        return False

    def _both(self, search: Search, begin: int, middle: int, end: int) -> bool:
        return self.left.split(search, begin, middle) and self.right.split(search, middle, end)


@value
class Optional:
    """None, one or several times: each time as long as it can be. The groups keep what the last time gave them."""

    engine: Any
    inner: Part
    most: int | None
    groups: frozenset[int]

    def split(self, search: Search, begin: int, end: int) -> bool:
        if begin == end:
            return True
        ends = [begin]
        limit = end
        most = end - begin if self.most is None else min(end - begin, self.most)
        while True:
            at = search.longest(self.inner.engine, ends[-1], limit) if len(ends) <= most else -1
            if at > ends[-1]:
                ends.append(at)
                if at == end:
                    return all(self._once(search, ends[k], ends[k + 1]) for k in range(len(ends) - 1))
                limit = end
                continue
            limit = _shorten(ends)
            if limit < 0:
                return False

    def _once(self, search: Search, begin: int, end: int) -> bool:
        for number in self.groups:
            search.spans[number] = None
        return self.inner.split(search, begin, end)


def _groups(node: Tree) -> frozenset[int]:
    """The numbers of the groups inside."""
    match node:
        case Group():
            return _groups(node.inner) | {node.number}
        case Repeated():
            return _groups(node.inner)
        case Branches() | Sequence():
            return frozenset().union(*map(_groups, node.parts))
    return frozenset()


def _shorten(ends: list[int]) -> int:
    """Drop the last end that can be moved to the left; return how far the next one may reach, -1 when none can."""
    while len(ends) > 1:
        last = ends.pop()
        if last - 1 > ends[-1]:
            return last - 1
    return -1


Part: TypeAlias = Plain | Capture | Either | Pair | Optional


def part_of(node: Tree, compile_: Compile) -> Part:
    """Compile a tree and all that has groups in it, in the order in which PostgreSQL splits."""
    engine = compile_(spelled(node))
    if isinstance(node, Repeated) and compile_(spelled(node.inner)).fullmatch(b""):
        raise BadValue("regular expression: a group that may be empty can't be repeated")
    match node:
        case Leaf():
            return Plain(engine)
        case Group():
            return Capture(engine, node.number, part_of(node.inner, compile_))
        case Branches():
            return Either(engine, tuple(part_of(part, compile_) for part in node.parts))
        case Repeated() if node.least == 0:
            return Optional(engine, part_of(node.inner, compile_), node.most, _groups(node.inner))
        case Repeated():
            return part_of(_last_apart(node), compile_)
    return _sequence(node, engine, compile_)


def _last_apart(node: Repeated) -> Tree:
    """Only the last time counts for the groups: `x{2,4}` is `x{1,3}`, seen from outside, and `x`."""
    if node.least == node.most == 1:
        return node.inner
    before = Repeated(node.inner, node.least - 1, None if node.most is None else node.most - 1)
    return Sequence((Leaf(spelled(before)), node.inner))


def _sequence(node: Sequence, engine: Any, compile_: Compile) -> Part:
    """What has no groups goes together up to what has; then comes the rest."""
    parts = node.parts
    plain = next((at for at, part in enumerate(parts) if not isinstance(part, Leaf)), len(parts))
    if plain == len(parts):
        return Plain(engine)
    if plain:
        left: Tree = Leaf("".join(map(spelled, parts[:plain])))
        return Pair(engine, part_of(left, compile_), part_of(_rest(parts[plain:]), compile_))
    if len(parts) == 1:
        return part_of(parts[0], compile_)
    return Pair(engine, part_of(parts[0], compile_), part_of(_rest(parts[1:]), compile_))


def _rest(parts: tuple[Tree, ...]) -> Tree:
    return parts[0] if len(parts) == 1 else Sequence(parts)
