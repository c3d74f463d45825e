"""Both servers asked what keeps a pipeline from running, and its plan compiled against their catalogues. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Protocol

from cdc.app.build import Line
from cdc.app.config import default_schema
from cdc.app.outcome import ORDER, hint
from cdc.mapping.compile import compile_plan
from cdc.mapping.plan import Plan
from cdc.mapping.problem import Level, Problem, ordered, printable, render
from cdc.mapping.spec import table_name
from cdc.model.errors import CdcError, Denied, Exit, Finding, Gap, Misconfigured, Unreachable
from cdc.model.table import Definition, TableName
from cdc.model.value import value

_ERRORS: Mapping[Exit, type[CdcError]] = {Exit.CONFIG: Misconfigured, Exit.DENIED: Denied, Exit.GAP: Gap, Exit.UNREACHABLE: Unreachable}


SETUP = "setup"
"""Code of the finding that what `setup` makes is not there yet; the first run makes it, so it is none."""
MENDED = "publication-"
"""How codes begin of what `setup` mends."""


class _Admin(Protocol):
    def definitions(self, names: Sequence[TableName]) -> Mapping[TableName, Definition]: ...
    def findings(self, tables: Sequence[Definition]) -> Sequence[Finding]: ...
    def close(self) -> None: ...


@value
class Side:
    """What one of a pipeline's servers said."""

    database: str
    definitions: Mapping[TableName, Definition]
    findings: Sequence[Finding]
    error: CdcError | None
    """Why it said nothing."""


@value
class Examined:
    """What was found about a pipeline. Without a plan it can't run."""

    line: Line
    source: Side
    target: Side
    plan: Plan | None
    problems: Sequence[Problem]
    """What does not fit between mappings and tables."""

    def findings(self) -> Iterator[tuple[str, Finding]]:
        """Yield (database, finding); a server that said nothing is one, too."""
        for side in (self.source, self.target):
            for finding in side.findings:
                yield side.database, finding
            if side.error is not None:
                yield (
                    side.database,
                    _unprefixed(side.database, Finding(side.error.name, str(side.error), hint(side.error), side.error.exit)),
                )

    def refusals(self, *, before_setup: bool = False) -> list[CdcError]:
        """Return what keeps it from running, what must be mended first at the head; `before_setup`: less what that mends."""
        found = [side.error for side in (self.source, self.target) if side.error is not None]
        found += [
            _ERRORS.get(finding.exit, CdcError)(f"{side.database}: {finding.message}", finding.hint)
            for side in (self.source, self.target)
            for finding in side.findings
            if finding.exit is not Exit.OK and not (before_setup and finding.code.startswith(MENDED))
        ]
        found += [
            Misconfigured(f"{problem.file}:{problem.line}:{problem.column}: {problem.message}", problem.help)
            for problem in ordered(self.problems)
            if problem.level is Level.ERROR
        ]
        return sorted(found, key=lambda error: ORDER.index(error.exit))


def examine(line: Line) -> Examined:
    """Ask both servers, each whether or not the other answers, and compile the plan when both did."""
    source_schema, target_schema = default_schema(line.source), default_schema(line.target)
    source = _side(line.source.name, line.source_admin, [table_name(spec.source, source_schema) for spec in line.specs])
    target = _side(line.target.name, line.target_admin, [table_name(spec.target, target_schema) for spec in line.specs])
    if source.error is not None or target.error is not None:
        return Examined(line, source, target, None, ())
    plan, problems = compile_plan(line.specs, source.definitions, target.definitions, source_schema, target_schema)
    return Examined(line, source, target, plan, problems)


def _side(database: str, connect: Callable[[], _Admin], names: Iterable[TableName]) -> Side:
    try:
        with closing(connect()) as admin:
            definitions = admin.definitions(list(dict.fromkeys(names)))
            found = [_unprefixed(database, finding) for finding in admin.findings(list(definitions.values())) if finding.code != SETUP]
            return Side(database, definitions, found, None)
    except CdcError as error:
        return Side(database, {}, (), error)


def _unprefixed(database: str, finding: Finding) -> Finding:
    """The database stands beside each message already."""
    return Finding(finding.code, finding.message.removeprefix(f"{database}: "), finding.hint, finding.exit)


def report(examined: Examined) -> str:
    """Return all that was found, as people read it."""
    return render(examined.problems) + on_servers(examined)


def on_servers(examined: Examined) -> str:
    """Return what was found on the servers."""
    return "".join(_finding(examined.line.name, where, found) for where, found in examined.findings())


def _finding(pipeline: str, where: str, finding: Finding) -> str:
    level = "warning" if finding.exit is Exit.OK else "error"
    text = f"{pipeline}: {where}: {level}[{finding.code}]: {finding.message}\n"
    helps = "".join(f"      = help: {printable(line)}\n" for line in finding.hint.splitlines())
    return printable(text.rstrip("\n")) + "\n" + helps
