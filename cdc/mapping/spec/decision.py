"""Decision tables, written out or in a CSV file, to rules whose cells are SQL conditions and values with their places."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from cdc.mapping.files.csv import Beside, Cell
from cdc.mapping.files.document import Document, Path
from cdc.mapping.files.problem import Problem, did_you_mean, one_of
from cdc.mapping.files.shape import Scalar
from cdc.mapping.files.table import DecisionFile
from cdc.mapping.spec.mapping import Condition, Decision, Result, Rule, Sql
from cdc.mapping.spec.maps import opened
from cdc.model.value import value

ANY = "any"
"""A cell that every value fits."""
THIS = '"\x01"'
"""The value that a cell is about, in the cell's SQL: a name that no file can hold."""
_SQL = re.compile(
    r"<|>|=|!=|(not\s+)?in\s*\(|(not\s+)?between\s.+\sand\s|is\s+(not\s+)?(null|true|false|distinct\s+from)\b|(not\s+)?i?like\s*'",
    re.IGNORECASE,
)
"""How a cell begins that is the rest of a comparison. Any other is a text to be equal to."""
_RULES = 500


@value
class _Written:
    """A cell of the file with its value: what YAML has read, or the text of a CSV file."""

    given: Scalar | Sequence[Scalar]
    cell: Cell


def decision(document: Document, name: str, given: DecisionFile, beside: Beside) -> tuple[Decision | None, list[Problem]]:
    """Return the table; None when it can't be made out."""
    path: Path = ("decisions", name)
    whens, inputs = _inputs(document, path, given)
    width = len(inputs) + len(given.then)
    if given.file:
        rows, problems = _of_file(document, path, given, whens, beside)
    else:
        rows, problems = _of_rules(document, path, given, width)
    if not rows and not problems and not _attempted(document, name):
        problems = [
            document.at_key(path).problem(
                "no-rules", f"the decision '{name}' has no rules", "write `rules:` with a list for each, or `file:`"
            )
        ]
    if given.file and given.rules:
        problems.append(
            document.at_key((*path, "file")).problem("two-values", f"the decision '{name}' has both `rules` and `file`", "keep one of them")
        )
    if len(rows) > _RULES:
        problems = [rows[_RULES][0].cell.place.problem("too-large", f"more than {_RULES} rules", "a value map may do the same")]
    otherwise, wrong = _otherwise(document, path, given)
    if problems or wrong:
        return None, problems + wrong
    rules = [_rule(row, len(inputs)) for row in rows]
    return Decision(name, whens, inputs, tuple(given.then), rules, otherwise, given.match == "all", path), []


def _attempted(document: Document, name: str) -> bool:
    """Whether rules are written that could not be read: that is reported."""
    decisions = document.data.get("decisions")
    written = decisions.get(name) if isinstance(decisions, dict) else None
    return isinstance(written, dict) and bool(written.get("rules"))


def _inputs(document: Document, path: Path, given: DecisionFile) -> tuple[tuple[str, ...], tuple[Sql, ...]]:
    keys: Sequence[str | int] = list(given.when) if isinstance(given.when, Mapping) else range(len(given.when))
    found = tuple(Sql(document.scalar((*path, "when", key)) or "", (*path, "when", key)) for key in keys)
    names = tuple(key if isinstance(key, str) else sql.text.strip() for key, sql in zip(keys, found, strict=True))
    return names, found


def _of_rules(document: Document, path: Path, given: DecisionFile, width: int) -> tuple[list[list[_Written]], list[Problem]]:
    rows: list[list[_Written]] = []
    problems: list[Problem] = []
    for at, rule in enumerate(given.rules):
        here = (*path, "rules", at)
        if len(rule) != width:
            message = f"a rule has {width} cells here: {one_of(_columns(given))}; this one has {len(rule)}".replace(" or ", " and ")
            problems.append(document.at(here).problem("bad-row", message, f"write `{ANY}` where nothing is asked"))
            continue
        rows.append([_Written(cell, _cell(document, (*here, place))) for place, cell in enumerate(rule)])
    return rows, problems


def _columns(given: DecisionFile) -> list[str]:
    return [*map(str, given.when), *given.then]


def _cell(document: Document, path: Path) -> Cell:
    spot, text = document.spot(path), document.scalar(path)
    return Cell(text, document.within(path, 0, len(text or "")), quoted=spot is None or bool(spot.style))


def _of_file(
    document: Document, path: Path, given: DecisionFile, whens: Sequence[str], beside: Beside
) -> tuple[list[list[_Written]], list[Problem]]:
    rows, problems = opened(document, (*path, "file"), given.file, given.separator, beside)
    if problems:
        return [], problems
    header = [cell.text or "" for cell in rows[0]]
    wanted = [*whens, *given.then]
    for name in wanted:
        if name not in header:
            advice = did_you_mean(name, header) or f"its columns are {one_of(header)}"
            problems.append(rows[0][0].place.problem("unknown-column", f"the first line names no column '{name}'", advice))
    for cell in rows[0]:
        if cell.text not in wanted and not (cell.text or "#").startswith("#"):
            advice = did_you_mean(cell.text or "", wanted) or f"a column of remarks begins with #: `#{cell.text}`"
            problems.append(cell.place.problem("unknown-column", f"'{cell.text}' is neither in `when` nor in `then`", advice))
    places = [header.index(name) for name in wanted if name in header]
    return [[_Written(row[at].text, row[at]) for at in places] for row in rows[1:]], problems


def _otherwise(document: Document, path: Path, given: DecisionFile) -> tuple[tuple[Result, ...] | None, list[Problem]]:
    if "otherwise" not in given.model_fields_set:
        return None, []
    here = (*path, "else")
    cells = given.otherwise if isinstance(given.otherwise, list) else [given.otherwise]
    if len(cells) != len(given.then):
        message = f"'else' has {len(cells)} of {len(given.then)} results: {one_of(given.then)}".replace(" or ", " and ")
        return None, [document.at(here).problem("bad-row", message, "write one value for each of `then`")]
    several = isinstance(given.otherwise, list)
    return tuple(_result(_Written(cell, _cell(document, (*here, at) if several else here))) for at, cell in enumerate(cells)), []


def _rule(row: Sequence[_Written], inputs: int) -> Rule:
    return Rule(tuple(map(_condition, row[:inputs])), tuple(map(_result, row[inputs:])), row[0].cell.place)


def _condition(written: _Written) -> Condition | None:
    """A cell → its condition; None where every value fits."""
    given, cell = written.given, written.cell
    if isinstance(given, (list, tuple)):
        texts = [_quoted(inner) for inner in given if inner is not None]
        parts = [*([f"{THIS} in ({', '.join(texts)})"] if texts else []), *([f"{THIS} is null"] if None in given else [])]
        return Condition(" or ".join(parts) or "false", None, cell)
    if cell.text is None or (cell.text.casefold() == ANY and not cell.quoted):
        return None
    if given is None:
        return Condition(f"{THIS} is null", None, cell)
    if _SQL.match(cell.text):
        return Condition(f"{THIS} {cell.text}", len(THIS) + 1, cell)
    return Condition(f"{THIS} = {_quoted(cell.text)}", None, cell)


def _quoted(given: Scalar) -> str:
    text = {True: "true", False: "false"}[given] if isinstance(given, bool) else str(given)
    return "'" + text.replace("'", "''") + "'"


def _result(written: _Written) -> Result:
    """A cell → a value, or an expression behind `=`."""
    text = written.cell.text
    if isinstance(written.given, str) and text is not None and text.startswith("="):
        return Result(None, text[1:], written.cell)
    given = written.given
    return Result(given if given is None or isinstance(given, (str, int, Decimal)) else None, None, written.cell)
