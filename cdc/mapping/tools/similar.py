"""Names and tables of two databases to pairs that probably mean the same, by a score that is the same in every run.

A name is split into words, words become singular and the common synonyms one word; a column's name loses the words of its table's. Two names score the share of words that they have in
common (twice the common words by all words), or nine tenths of how alike their letters are where that is more than three quarters. Two
tables score six parts for their names, four for the share of the smaller table's columns that find a partner. Pairs are taken from the
highest score down, each table and each column once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cache
from typing import TypeVar

from cdc.mapping.convert import UTC, Unfit, converter
from cdc.model.table import Column, Definition
from cdc.model.types import Kind
from cdc.model.value import value

COLUMN = 0.6
"""What a pair of columns scores at least."""
TABLE = 0.5
"""What a pair of tables scores at least."""
_LETTERS = 0.75
_SYNONYMS: Sequence[frozenset[str]] = tuple(
    frozenset(words.split())
    for words in (
        "account client company cust customer debtor firm organisation organization partner party", "article item material product", "supplier vendor", "employee staff user",
        "lead prospect", "case ticket", "bill invoice", "line position row", "no nr num number", "email mail", "order ord", "address addr adr", "contact person people", "deal opportunity", "country ctry", "currency curr ccy", "credit cr", "unit uom", "fon phone tel telephone",
        "street address1", "city town", "postal postalcode postcode zip zipcode plz", "first firstname forename given", "last lastname surname family",
        "changed chg modified updated upd write", "create created crt entered inserted", "qty quantity", "descr desc description", "note remark comment",
        "sum total amount amt", "key id", "vat tax", "mobile cell", "stage stat state status", "category class kind type", "cd code ref reference sku", "label name nm title", "discount rebate",
    )
)  # fmt: skip
_FILLERS = frozenset({"at", "on", "the", "is", "has", "tbl", "tab", "date", "dt", "ts", "sales", "billing", "hdr", "header", "master"})
"""Words that decide nothing where another word stands beside them."""

_Thing = TypeVar("_Thing")


@value
class Pair:
    """Two columns that probably mean the same."""

    source: Column
    target: Column
    score: float
    keys: bool = False
    """For that they are the tables' keys, whatever their names."""


@value
class Tables:
    """Two tables that probably mean the same, and their columns."""

    source: Definition
    target: Definition
    score: float
    pairs: tuple[Pair, ...]


@cache
def words(name: str) -> tuple[str, ...]:
    """Split a name into the words that are compared."""
    split = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower().replace("e_mail", "email")
    parts = [_singular(word) for word in re.split(r"[^a-z0-9]+", split) if word]
    if parts[1:] and parts[-1] == "item":
        parts[-1] = "line"  # an order's; alone it is an article
    found = [_one_word(word) for word in parts]
    return tuple(word for word in found if word not in _FILLERS) or tuple(found) or (name,)


def alike(one: str, other: str, within: tuple[str, str] = ("", "")) -> float:
    """Score two names from 0 to 1. `within`: the tables whose columns they are; `order_no` of orders says no more than `number`."""
    if one == other:
        return 1.0
    ours, theirs = _less(words(one), within[0]), _less(words(other), within[1])
    shared = 2 * len(set(ours) & set(theirs)) / (len(set(ours)) + len(set(theirs)))
    letters = SequenceMatcher(None, "_".join(ours), "_".join(theirs)).ratio()
    return min(0.99, max(shared, 0.9 * letters if letters > _LETTERS else 0.0))


def _less(found: tuple[str, ...], table: str) -> tuple[str, ...]:
    own = set(words(table)) if table else set()
    return tuple(word for word in found if word not in own) or found


def columns(source: Definition, target: Definition) -> tuple[Pair, ...]:
    """Pair the columns of two tables."""
    within = source.name.name, target.name.name
    scored = [
        Pair(ours, theirs, score)
        for ours in source.columns
        for theirs in target.columns
        if not theirs.generated and (score := alike(ours.name, theirs.name, within) * _fit(ours, theirs)) >= COLUMN
    ]
    scored += _keys(source, target, {pair.target.name for pair in scored})
    taken = _greedy(
        scored, lambda pair: (-pair.score, pair.target.name, pair.source.name), lambda pair: (pair.source.name, pair.target.name)
    )
    place = {column.name: at for at, column in enumerate(target.columns)}
    return tuple(sorted(taken, key=lambda pair: place[pair.target.name]))


def _keys(source: Definition, target: Definition, named: set[str]) -> Iterator[Pair]:
    """A primary key of one column that no name fits, a text such as an article's number, may mean the source's."""
    ours, theirs = (next((unique.columns for unique in table.uniques if unique.primary), ()) for table in (source, target))
    if len(ours) == len(theirs) == 1 and not named & set(theirs):
        one, other = source.column(ours[0]), target.column(theirs[0])
        if one and other and one.type.kind is other.type.kind is Kind.TEXT and not other.generated:
            yield Pair(one, other, COLUMN, keys=True)


def tables(sources: Iterable[Definition], targets: Sequence[Definition]) -> list[Tables]:
    """Pair the tables of two databases."""
    scored = []
    for source in sources:
        for target in targets:
            by_name = alike(source.name.name, target.name.name)
            pairs = columns(source, target) if by_name >= COLUMN / 2 else ()
            share = len(pairs) / max(1, min(len(source.columns), len(target.columns)))
            scored.append(Tables(source, target, 0.6 * by_name + 0.4 * share, pairs))
    fitting = [one for one in scored if one.score >= TABLE and one.pairs]
    return _greedy(fitting, lambda one: (-one.score, one.source.name, one.target.name), lambda one: (one.source.name, one.target.name))


def _fit(ours: Column, theirs: Column) -> float:
    """A type that can't become the other leaves a pair only where the names agree; then somebody has to write an expression."""
    if ours.type.kind is theirs.type.kind:
        return 1.0
    numbers = {ours.type.kind, theirs.type.kind} <= {Kind.INT, Kind.NUMERIC, Kind.FLOAT, Kind.BOOL}
    moments = {ours.type.kind, theirs.type.kind} <= {Kind.TIMESTAMP, Kind.INSTANT}
    return 0.95 if numbers or moments or not isinstance(converter(ours.type, theirs.type, UTC), Unfit) else 0.7


def _greedy(
    things: Iterable[_Thing], order: Callable[[_Thing], tuple[object, ...]], ends: Callable[[_Thing], tuple[object, object]]
) -> list[_Thing]:
    """Take from the best down what shares no end with what is taken already."""
    ours: set[object] = set()
    theirs: set[object] = set()
    taken = []
    for thing in sorted(things, key=order):
        one, other = ends(thing)
        if one not in ours and other not in theirs:
            taken.append(thing)
            ours.add(one)
            theirs.add(other)
    return taken


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


def _one_word(word: str) -> str:
    """The first of several (`name1`) is the thing itself."""
    return _CANONICAL.get(word) or _CANONICAL.get(word.removesuffix("1"), word)


_CANONICAL: Mapping[str, str] = {word: min(group) for group in _SYNONYMS for word in group}
