"""Explained rows to tables on a terminal. Values are shown to who asked, and never logged."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cdc.app.trial.explain import Cell, Explained, would
from cdc.app.trial.forecast import Forecast, example
from cdc.app.trial.leftover import Leftover
from cdc.app.trial.look import Look
from cdc.app.trial.told import Account, Effect, Told, images, key_of_change
from cdc.app.trial.tried import Verdict
from cdc.mapping.files.problem import printable
from cdc.model.change import ABSENT, Op

_ANY = 10_000
"""A width that holds any table."""
_LONGEST = 80
"""Characters of a value that a table shows."""
_STYLES = {Verdict.INSERT: "green", Verdict.ADOPT: "cyan", Verdict.UPDATE: "yellow", Verdict.DELETE: "red", Verdict.FAILS: "bold red"}


def console(*, color: bool) -> Console:
    return Console(no_color=not color, width=None if sys.stdout.isatty() else 160, highlight=False)


def heading(look: Look) -> Text:
    spec = look.spec
    return Text(f"{look.line.name}: {spec.name}: {look.root.name} → {look.plan.target.table.name}", "bold")


def shown(given: Any, absent: str = "(kept)") -> Text:
    """Return a value as a cell: NULL apart from the text, blanks at its ends to be seen, control characters made harmless."""
    if given is None:
        return Text("NULL", "dim")
    if given is ABSENT:
        return Text(absent, "dim")
    if isinstance(given, Enum):
        return Text(f"({given.value})", "dim")
    text = printable(str(given))
    text = text if text == text.strip() != "" else f"'{text}'"
    return Text(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def equations(given: Mapping[str, Any]) -> Text:
    """Return `name = value, …`."""
    parts = [Text.assemble((f"{printable(name)} = ", "dim"), shown(text, "(not in the log)")) for name, text in given.items()]
    return Text(", ").join(parts)


def row(to: Console, look: Look, explained: Explained, *, whole: bool) -> None:
    """Show one row; `whole` with the expressions."""
    trial = explained.trial
    to.print(Text.assemble(equations(explained.key), " → ", (would(explained, look), _STYLES.get(trial.verdict, ""))), soft_wrap=True)
    if explained.condition is not None and (whole or trial.verdict in (Verdict.FILTERED, Verdict.DELETE, Verdict.FAILS)):
        to.print(_condition(explained.condition), soft_wrap=True)
    if whole or trial.verdict not in (Verdict.FILTERED, Verdict.DELETE):
        table = _table(explained, whole=whole)
        if to.measure(table, options=to.options.update(width=_ANY)).maximum <= to.width:
            to.print(table)
        else:
            to.print(_listed(explained, whole=whole), soft_wrap=True)
    to.print()


def account(to: Console, given: Account) -> None:
    """Show where the changes come from, and each with what its mapping makes of it."""
    when = "" if given.committed_at is None else f", committed {datetime.fromtimestamp(given.committed_at, UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
    to.print(Text(f"{given.pipeline}: the transaction that ends at {given.position}{when}"), soft_wrap=True)
    if (waits := given.parked) is not None:
        why = waits.entry.cause.message if waits.entry.cause else f"waits behind {waits.behind}"
        to.print(Text(f"parked {waits.key.id}: {printable(why)}", "red"), soft_wrap=True)
    if given.echo:
        to.print(Text("skipped: the pipeline's own target wrote it (an echo). What follows would become of it otherwise.", "yellow"))
    to.print()
    for told in given.told:
        _told(to, told)
    if given.more:
        to.print(Text(f"and {given.more:,} more: --limit shows more of them", "dim"))


def _told(to: Console, told: Told) -> None:
    change, effect = told.change, told.effect
    what = change.op.value if effect.value == change.op.value else f"{change.op.value}: {effect.value}"
    to.print(heading(told.look))
    to.print(Text.assemble((f"{what}  ", "bold"), f"{change.table.name}  ", equations(key_of_change(told))), soft_wrap=True)
    for line in _changed(told):
        to.print(line, soft_wrap=True)
    if effect is Effect.MOVES:
        to.print(Text("  the row under the key before is written under the new one, or given up"))
    for explained in told.rows:
        row(to, told.look, explained, whole=True)
    if not told.rows:
        to.print()


def _changed(told: Told) -> Sequence[Text]:
    """Return the columns that differ, before and after; of an insert or a delete the table below shows the row."""
    old, new = images(told)
    if new is None or told.change.op is Op.INSERT:
        return ()
    if old is None:
        return (Text("  the log does not carry the row before: only its key is known, which is as it was", "dim"),)
    differing = [name for name in new if name not in old or old[name] != new[name]]
    before = {name: old.get(name, ABSENT) for name in differing}
    lines = [("  before  ", before), ("  after   ", {name: new[name] for name in differing})]
    return [Text.assemble((label, "dim"), equations(part)) for label, part in lines] if differing else (Text("  no column differs", "dim"),)


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


def _listed(explained: Explained, *, whole: bool) -> Text:
    """Return what the table has, each column on lines of its own, where the table is wider than the terminal: its cells would be cut to pieces."""
    lines = []
    for cell in explained.cells:
        column, source, *expression, result, now = _cells(cell, there=explained.trial.now is not None, whole=whole)
        lines.append(Text.assemble(" ", column, " = ", result, *(("; now ", now) if explained.trial.now is not None else ())))
        said = {*cell.inputs, result.plain}
        lines += [Text.assemble("     ", part) for part in (*(each for each in expression if each.plain not in said), source) if part.plain]
    return Text("\n").join(lines)


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


def leftover(to: Console, given: Leftover) -> None:
    """Show the rows that only the target has."""
    table = printable(str(given.table))
    if given.unknown:
        to.print(Text(f"{table}: rows that only the target has are not looked for: {given.unknown}", "dim"), soft_wrap=True)
        return
    if not given.count:
        return
    of = "" if given.whole else f" of its first {given.compared:,}"
    maybe = ", those of rows that fail perhaps among them" if given.doubtful else ""
    said = Text(f"{table}: {given.count:,} row{'' if given.count == 1 else 's'}{of} that no row of the source makes{maybe}")
    to.print(said.append(": they stay; `cdc resync` can delete them"), soft_wrap=True)
    for key in given.shown:
        to.print(Text("    ").append_text(equations(key)), soft_wrap=True)
    to.print()


def _example(given: Mapping[str, Any]) -> Text:
    changes = [Text.assemble(printable(name), " ", shown(now), " → ", shown(then)) for name, (now, then) in given["changes"].items()]
    text = Text.assemble("    ", equations(given["key"]))
    if given["error"] or changes:
        text.append(": ")
    return text.append_text(Text(printable(given["error"]), "red") if given["error"] else Text(", ").join(changes))
