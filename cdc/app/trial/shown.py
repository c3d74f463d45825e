"""Explained rows to tables on a terminal. Values are shown to who asked, and never logged."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cdc.app.trial.explain import Cell, Explained, would
from cdc.app.trial.forecast import Forecast, example
from cdc.app.trial.look import Look
from cdc.app.trial.tried import Verdict
from cdc.mapping.files.problem import printable
from cdc.model.change import ABSENT

_LONGEST = 80
"""Characters of a value that a table shows."""
_STYLES = {Verdict.INSERT: "green", Verdict.ADOPT: "cyan", Verdict.UPDATE: "yellow", Verdict.DELETE: "red", Verdict.FAILS: "bold red"}


def console(*, color: bool) -> Console:
    return Console(no_color=not color, width=None if sys.stdout.isatty() else 160, highlight=False)


def heading(look: Look) -> Text:
    spec = look.spec
    return Text(f"{look.line.name}: {spec.name}: {look.root.name} → {look.plan.target.table.name}", "bold")


def shown(given: Any) -> Text:
    """Return a value as a cell: NULL apart from the text, blanks at its ends to be seen, control characters made harmless."""
    if given is None:
        return Text("NULL", "dim")
    if given is ABSENT:
        return Text("(kept)", "dim")
    text = printable(str(given))
    text = text if text == text.strip() != "" else f"'{text}'"
    return Text(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def equations(given: Mapping[str, Any]) -> Text:
    """Return `name = value, …`."""
    parts = [Text.assemble((f"{printable(name)} = ", "dim"), shown(text)) for name, text in given.items()]
    return Text(", ").join(parts)


def row(to: Console, look: Look, explained: Explained, *, whole: bool) -> None:
    """Show one row; `whole` with the expressions."""
    trial = explained.trial
    to.print(Text.assemble(equations(explained.key), " → ", (would(explained, look), _STYLES.get(trial.verdict, ""))), soft_wrap=True)
    if explained.condition is not None and (whole or trial.verdict in (Verdict.FILTERED, Verdict.DELETE, Verdict.FAILS)):
        to.print(_condition(explained.condition), soft_wrap=True)
    if whole or trial.verdict not in (Verdict.FILTERED, Verdict.DELETE):
        to.print(_table(explained, whole=whole))
    to.print()


def _condition(cell: Cell) -> Text:
    result = Text(f"fails: {cell.error}", "red") if cell.error else Text({"t": "true", "f": "false"}.get(cell.result, "NULL"))
    return Text.assemble("  where ", cell.sql, "  (", equations(cell.inputs), ") is ", result)


def _table(explained: Explained, *, whole: bool) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=True)
    for name in ("COLUMN", "SOURCE", *(("EXPRESSION",) if whole else ()), "MAPPED", "TARGET NOW"):
        table.add_column(name, overflow="fold")
    for cell in explained.cells:
        table.add_row(*_cells(cell, there=explained.trial.now is not None, whole=whole))
    return table


def _cells(cell: Cell, *, there: bool, whole: bool) -> Sequence[Text]:
    result = Text(cell.error, "red") if cell.error else shown(cell.result)
    if cell.differs:
        result.stylize("yellow")
    now = shown(cell.now) if there else Text("-", "dim")
    mark = Text("* ", "bold") if cell.key else Text("≠ " if cell.differs else "  ", "yellow")
    expression = (Text(printable(" ".join(cell.sql.split()))),) if whole else ()
    return (Text.assemble(mark, printable(cell.column)), equations(cell.inputs), *expression, result, now)


def forecast(to: Console, made: Forecast) -> None:
    """Show the counts of a forecast, and its examples below each."""
    for verdict in Verdict:
        if count := made.verdicts[verdict]:
            columns = ", ".join(f"{printable(name)} {changed:,}" for name, changed in made.columns.most_common())
            beside = f"   {columns}" if verdict is Verdict.UPDATE else ""
            to.print(Text.assemble("  ", (f"{verdict.value:<9}{count:>9,}", _STYLES.get(verdict, "")), (beside, "dim")), soft_wrap=True)
            for trial in made.shown[verdict]:
                to.print(_example(example(made.look, trial)), soft_wrap=True)
    to.print()


def _example(given: Mapping[str, Any]) -> Text:
    changes = [Text.assemble(printable(name), " ", shown(now), " → ", shown(then)) for name, (now, then) in given["changes"].items()]
    text = Text.assemble("    ", equations(given["key"]))
    if given["error"] or changes:
        text.append(": ")
    return text.append_text(Text(printable(given["error"]), "red") if given["error"] else Text(", ").join(changes))
