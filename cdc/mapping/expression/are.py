"""A regular expression of PostgreSQL to a tree whose leaves are the engine's own spelling. What the two do not mean alike is refused.

https://www.postgresql.org/docs/15/functions-matching.html#FUNCTIONS-POSIX-REGEXP
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from cdc.mapping.expression.are_character import SHORT, Cursor, characters, escaped, literal
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.model.value import value

_LENGTH, _DEPTH, _BOUND = 2_000, 20, 255


@value
class Leaf:
    """What matches without groups: `text` is in the engine's spelling."""

    text: str


@value
class Group:
    """Brackets that capture, numbered from 1."""

    number: int
    inner: Tree


@value
class Branches:
    """One of several."""

    parts: tuple[Tree, ...]


@value
class Sequence:
    """One behind the other."""

    parts: tuple[Tree, ...]


@value
class Repeated:
    """So many times; `most` is None without a limit."""

    inner: Tree
    least: int
    most: int | None


Tree: TypeAlias = Leaf | Group | Branches | Sequence | Repeated


@value
class Flags:
    """How a pattern is read. `fold`: whatever the case of letters."""

    fold: bool = False
    dot_stops: bool = False
    """`.` and `[^…]` do not match a line's end."""
    lines: bool = False
    """`^` and `$` match at each line."""
    literal: bool = False


def flags_of(letters: str) -> Flags:
    """Read the flags of a function but `g`. The last of two that contradict each other counts."""
    flags = Flags()
    for letter in letters:
        if letter in "bexa":
            raise BadValue(f"the regular expression flag '{letter}' is not available; there are g, i, c, n, m, s, p, w, q")
        if letter not in _FLAGS:
            raise BadValue(f"invalid regular expression option: '{letter}'")
        flags = replace(flags, **_FLAGS[letter])
    return flags


_FLAGS: Mapping[str, Mapping[str, bool]] = {
    "i": {"fold": True}, "c": {"fold": False}, "q": {"literal": True}, "t": {},
    "n": {"dot_stops": True, "lines": True}, "m": {"dot_stops": True, "lines": True}, "s": {"dot_stops": False, "lines": False},
    "p": {"dot_stops": True, "lines": False}, "w": {"dot_stops": False, "lines": True},
}  # fmt: skip


def tree(pattern: str, flags: Flags) -> tuple[Tree, int]:
    """Return the tree and the number of its groups. Raises `BadValue`, which says what is not available where."""
    if len(pattern) > _LENGTH:
        raise BadValue(f"the regular expression has more than {_LENGTH:,} characters")
    if flags.literal:
        return Leaf("".join(literal(character, fold=flags.fold) for character in pattern)), 0
    reader = _Reader(pattern, flags)
    made = reader.branches(0)
    if reader.cursor.more():
        reader.cursor.refuse("a bracket is closed that was not opened")
    return made, reader.groups


def spelled(node: Tree) -> str:
    """The whole in the engine's spelling; nothing of it captures."""
    match node:
        case Leaf():
            return node.text
        case Group():
            return f"(?:{spelled(node.inner)})"
        case Branches():
            return f"(?:{'|'.join(map(spelled, node.parts))})"
        case Sequence():
            return "".join(map(spelled, node.parts))
        case Repeated():
            return f"(?:{spelled(node.inner)}){_times(node.least, node.most)}"


def _times(least: int, most: int | None) -> str:
    return {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((least, most)) or f"{{{least},{'' if most is None else most}}}"


_UNAVAILABLE: Mapping[str, str] = {
    "(?=": "look-ahead", "(?!": "look-ahead", "(?<": "look-behind", "(?#": "a comment", "(?": "an option inside of the pattern",
}  # fmt: skip


class _Reader:
    """Reads one pattern from left to right."""

    def __init__(self, pattern: str, flags: Flags) -> None:
        self.cursor = Cursor(pattern)
        self.groups = 0
        self._flags = flags
        if pattern.startswith("***"):
            self.cursor.refuse("a director (***) is not available")

    def branches(self, depth: int) -> Tree:
        if depth > _DEPTH:
            self.cursor.refuse(f"brackets are nested more than {_DEPTH} levels deep")
        parts = [self._branch(depth)]
        while self.cursor.take("|"):
            parts.append(self._branch(depth))
        return parts[0] if len(parts) == 1 else Branches(tuple(parts))

    def _branch(self, depth: int) -> Tree:
        parts: list[Tree] = []
        while self.cursor.more() and self.cursor.peek() not in "|)":
            start = self.cursor.at
            atom, quantifiable = self._atom(depth)
            parts.append(self._quantified(atom, start, quantifiable=quantifiable))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _atom(self, depth: int) -> tuple[Tree, bool]:
        """One atom, and whether it may be repeated."""
        flags, character = self._flags, self.cursor.peek()
        if character == "(":
            return self._brackets(depth), True
        if character == "[":
            return Leaf(characters(self.cursor, fold=flags.fold, line=flags.dot_stops)), True
        if character == "\\":
            return self._escape()
        start = self.cursor.at
        self.cursor.at += 1
        if character in "*+?" or (character == "{" and self.cursor.digit()):
            self.cursor.refuse("there is nothing to repeat", start)
        if character in "^$":
            return Leaf(f"(?m:{character})" if flags.lines else {"^": r"\A", "$": r"\z"}[character]), False
        if character == ".":
            return Leaf(r"[^\n]" if flags.dot_stops else "(?s:.)"), True
        return Leaf(literal(character, fold=flags.fold)), True

    def _brackets(self, depth: int) -> Tree:
        start = self.cursor.at
        if self.cursor.peek(2) == "(?" and self.cursor.peek(3) != "(?:":
            self.cursor.refuse(f"{_UNAVAILABLE.get(self.cursor.peek(3), _UNAVAILABLE['(?'])} is not available")
        captures = not self.cursor.take("(?:")
        if captures:
            self.cursor.at += 1
            self.groups += 1
        number = self.groups
        inner = self.branches(depth + 1)
        if not self.cursor.take(")"):
            self.cursor.refuse("the bracket is not closed", start)
        return Group(number, inner) if captures else _grouped(inner)

    def _quantified(self, atom: Tree, start: int, *, quantifiable: bool) -> Tree:
        at = self.cursor.at
        bounds = self._bounds()
        if bounds is None:
            return atom
        if not quantifiable:
            self.cursor.refuse("a place can't be repeated", at)
        if self.cursor.take("?"):
            self.cursor.refuse("non-greedy repetition is not available", self.cursor.at - 1)
        if self._bounds() is not None:
            self.cursor.refuse("a repetition can't be repeated", at)
        if bounds[1] == 0:
            self.cursor.refuse("repetition of nothing ({0}) is not available", start)
        return _repeated(atom, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        """Read a repetition: how often at least and at most; None when there is none."""
        for sign, bounds in _SIGNS.items():
            if self.cursor.take(sign):
                return bounds
        start = self.cursor.at
        if not self.cursor.take("{"):
            return None
        if not self.cursor.digit():
            self.cursor.at = start
            return None
        least = self.cursor.number()
        most = (self.cursor.number() if self.cursor.digit() else None) if self.cursor.take(",") else least
        if not self.cursor.take("}"):
            self.cursor.refuse("the repetition is not closed", start)
        if least > _BOUND or (most is not None and (most > _BOUND or most < least)):
            self.cursor.refuse(f"repetition counts go from 0 to {_BOUND}, the smaller one first", start)
        return least, most

    def _escape(self) -> tuple[Tree, bool]:
        character = self.cursor.peek(2)[1:]
        if character in ("A", "Z"):
            self.cursor.at += 2
            return Leaf({"A": r"\A", "Z": r"\z"}[character]), False
        if character.lower() in SHORT:
            self.cursor.at += 2
            return Leaf(f"[{'^' if character.isupper() else ''}{SHORT[character.lower()]}]"), True
        return Leaf(literal(escaped(self.cursor), fold=self._flags.fold)), True


_SIGNS: Mapping[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


def _captures(node: Tree) -> bool:
    match node:
        case Group():
            return True
        case Branches() | Sequence():
            return any(map(_captures, node.parts))
        case Repeated():
            return _captures(node.inner)
    return False


def _grouped(node: Tree) -> Tree:
    """`(?:…)`."""
    return node if _captures(node) else Leaf(f"(?:{spelled(node)})")


def _repeated(atom: Tree, least: int, most: int | None) -> Tree:
    return Repeated(atom, least, most) if _captures(atom) else Leaf(f"(?:{spelled(atom)}){_times(least, most)}")
