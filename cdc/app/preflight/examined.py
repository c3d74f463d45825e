"""Both servers asked what keeps a pipeline from running, and its plan compiled against their catalogues. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import field, replace
from difflib import get_close_matches
from typing import Protocol, TypeVar

from cdc.app.build import Line
from cdc.app.outcome import ORDER, hint
from cdc.app.preflight.footing import Footings, looked
from cdc.app.preflight.look_ups import look_ups
from cdc.app.preflight.match_index import unindexed
from cdc.app.preflight.present import PresentSource
from cdc.app.preflight.questions import answers, scan_findings
from cdc.app.service.config import default_schema
from cdc.app.state import repair
from cdc.app.state.control import DAEMON, Control
from cdc.app.state.footing import stored
from cdc.mapping.compile import compile_plan
from cdc.mapping.files.problem import Level, Problem, ordered, printable, render
from cdc.mapping.plan import Plan
from cdc.mapping.query.prepare import Answers, wanted_tables
from cdc.mapping.reference import looks_in, uses_crosswalk
from cdc.mapping.spec.mapping import table_name
from cdc.model.change import Position
from cdc.model.errors import CdcError, Denied, Exit, Finding, Gap, Misconfigured, Unfollowed, Unreachable
from cdc.model.table import Definition, TableName
from cdc.model.value import value
from cdc.model.write import Checkpoint, Phase
from cdc.source.base import SourceAdmin
from cdc.sql.ledger import CROSSWALK, SCHEMA
from cdc.target.base import TargetAdmin

_ERRORS: Mapping[Exit, type[CdcError]] = {Exit.CONFIG: Misconfigured, Exit.DENIED: Denied, Exit.GAP: Gap, Exit.UNREACHABLE: Unreachable}


SETUP = "setup"
"""Code of the finding that what `setup` makes is not there yet; the first run makes it, so it is none."""
_CROSSWALK = TableName(SCHEMA, CROSSWALK)
_NO_CROSSWALK = Finding(SETUP, f"the table {_CROSSWALK} is missing, which a mapping uses", "Run `cdc setup`.", Exit.CONFIG)
MENDED = "publication-"
"""How codes begin of what `setup` mends."""


SAID = {"replica-identity": "no-identity", "no-key": "no-identity"}
"""What the source says with the statement that mends it → what the compiler says of it."""


class _Admin(Protocol):
    def definitions(self, names: Sequence[TableName]) -> Mapping[TableName, Definition]: ...
    def hidden(self, names: Sequence[TableName]) -> Mapping[TableName, Finding]: ...
    def tables(self) -> Sequence[TableName]: ...
    def findings(self, tables: Sequence[Definition]) -> Sequence[Finding]: ...
    def close(self) -> None: ...


_AnAdmin = TypeVar("_AnAdmin", bound=_Admin)


@value
class Side:
    """What one of a pipeline's servers said."""

    database: str
    definitions: Mapping[TableName, Definition]
    """The mappings' tables; and where one does not exist, those that have nearly its name."""
    findings: Sequence[Finding]
    error: CdcError | None
    """Why it said nothing."""
    hidden: Collection[TableName] = ()
    """Tables that it does not show our account."""
    checkpoint: Checkpoint | None = None
    """What a target remembers of the pipeline; None: it was never loaded, or we may not ask."""
    answers: Answers = field(default_factory=dict)
    """What a source made of the mappings' queries."""
    footings: Footings = field(default_factory=dict)
    """What a source's tables stand on; of a target, what they stood on when somebody last looked."""
    repaired: Collection[str] = ()
    """The mappings that somebody wants repaired, by what a target remembers."""
    held: bool = False
    """Somebody runs the pipeline now, so that a target's checkpoint moves on while the source is asked."""


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
            _error(finding)(f"{side.database}: {finding.message}", finding.hint)
            for side in (self.source, self.target)
            for finding in _refusing(side)
            if not (before_setup and (finding.code == SETUP or finding.code.startswith(MENDED)))
        ]
        found += [
            Misconfigured(f"{problem.file}:{problem.line}:{problem.column}: {problem.message}", problem.help)
            for problem in ordered(self.problems)
            if problem.level is Level.ERROR
        ]
        return sorted(found, key=lambda error: ORDER.index(error.exit))


def _error(finding: Finding) -> type[CdcError]:
    """Where partitions' changes come under their own names, none is lost."""
    lost = finding.code.startswith(MENDED) and finding.code != "publication-root"
    return Unfollowed if lost else _ERRORS.get(finding.exit, CdcError)


def examine(line: Line) -> Examined:
    """Ask both servers, each whether or not the other answers, and compile the plan when both did."""
    schemas = default_schema(line.source), default_schema(line.target)
    read = [tuple(wanted_tables(spec, schemas[0])) for spec in line.specs]
    targets = [table_name(spec.target, schemas[1]) for spec in line.specs]
    target = _target(line, list(dict.fromkeys(targets)))
    source = _source(line, list(dict.fromkeys(name for names in read for name in names)), target)
    if source.error is not None or target.error is not None:
        return Examined(line, source, target, None, ())
    needed = ({other, *(name for name, _ in looks_in(spec, schemas[1]))} for spec, other in zip(line.specs, targets, strict=True))
    ends = zip(line.specs, read, needed, strict=True)
    shown = [spec for spec, ours, others in ends if not set(ours) & set(source.hidden) and others.isdisjoint(target.hidden)]
    plan, problems = compile_plan(shown, source.definitions, target.definitions, *schemas, source.answers, PresentSource(line))
    said = {SAID.get(finding.code) for finding in source.findings}
    whole = len(shown) == len(line.specs)
    return Examined(line, source, target, plan if whole else None, [problem for problem in problems if problem.code not in said])


def _target(line: Line, names: Sequence[TableName]) -> Side:
    def ask(admin: TargetAdmin) -> Side:
        side = _asked(line.target.name, admin, [*names, *([_CROSSWALK] if crosswalk else [])])
        read, unreadable = look_ups(line, admin)
        found = [_unprefixed(line.target.name, finding) for finding in unreadable.values()]
        hidden = {*side.hidden, *unreadable}
        found += unindexed(line.specs, admin, side.definitions, default_schema(line.target))
        side = replace(side, definitions={**read, **side.definitions}, findings=[*side.findings, *found], hidden=hidden)
        if any(_refusing(side)):
            return side  # we may not be allowed to read the checkpoint
        held, checkpoint = admin.holder() is not None, admin.checkpoint()
        loaded = checkpoint if checkpoint and checkpoint.position else None
        added = [_NO_CROSSWALK] if loaded and crosswalk and _CROSSWALK not in side.definitions else []
        streams = loaded is not None and loaded.phase is Phase.STREAMING and not admin.setup()
        footings = stored(admin, line.name) if streams else {}
        repaired = repair.wanted(Control(admin, line.name, DAEMON)) if streams else ()
        return replace(side, checkpoint=loaded, held=held, footings=footings, repaired=repaired, findings=[*side.findings, *added])

    crosswalk = any(map(uses_crosswalk, line.specs))
    return _side(line.target.name, line.target_admin, ask)


def _source(line: Line, names: Sequence[TableName], target: Side) -> Side:
    def ask(admin: SourceAdmin) -> Side:
        side = _queried(line, _asked(line.source.name, admin, names), admin)
        side = replace(side, findings=[*side.findings, *_heartbeats(line)])
        after = target.checkpoint.position if target.checkpoint else None
        if after is None:
            return replace(side, findings=[_still_made(finding) for finding in side.findings])
        if target.held or any(_refusing(side)):
            return side
        if broken := list(_broken(side, admin, after)):
            return replace(side, findings=[*side.findings, *broken])
        with closing(line.probe()) as probe:
            now, moved = looked(line, probe, names, target.footings, target.repaired)
        return replace(side, footings=now, findings=[*side.findings, *moved])

    return _side(line.source.name, line.source_admin, ask)


def _heartbeats(line: Line) -> Sequence[Finding]:
    if not line.protection.heartbeat:
        return ()
    with closing(line.probe()) as probe:
        return probe.findings()


def _queried(line: Line, side: Side, admin: SourceAdmin) -> Side:
    """Put the mappings' queries to the server, and see what they would read."""
    schema = default_schema(line.source)
    specs = [spec for spec in line.specs if spec.query and all(name in side.definitions for name in wanted_tables(spec, schema))]
    if not specs:
        return side
    given = answers(specs, side.definitions, schema, admin)
    found = scan_findings(specs, side.definitions, schema, admin, given)
    return replace(side, answers=given, findings=[*side.findings, *found])


def _broken(side: Side, admin: SourceAdmin, after: Position) -> Iterator[Finding]:
    """Find out whether the log can be followed from the checkpoint."""
    try:
        admin.prove(after)
    except Gap as error:
        yield _unprefixed(side.database, Finding(error.name, str(error), error.hint, error.exit))
    except Misconfigured as error:
        yield _unprefixed(side.database, Finding(SETUP, str(error), error.hint, error.exit))


def _still_made(finding: Finding) -> Finding:
    """The first run sets up, and so mends it."""
    return replace(finding, exit=Exit.OK) if finding.code.startswith(MENDED) else finding


def _refusing(side: Side) -> Iterator[Finding]:
    return (finding for finding in side.findings if finding.exit is not Exit.OK)


def _side(database: str, connect: Callable[[], _AnAdmin], ask: Callable[[_AnAdmin], Side]) -> Side:
    try:
        with closing(connect()) as admin:
            return ask(admin)
    except CdcError as error:
        return Side(database, {}, (), error)


def _asked(database: str, admin: _Admin, names: Sequence[TableName]) -> Side:
    hidden = admin.hidden(names)
    definitions = admin.definitions([name for name in names if name not in hidden])
    found = [*hidden.values(), *admin.findings(list(definitions.values()))]
    lacking = [name for name in names if name not in hidden and name not in definitions]
    near = admin.definitions(_near(lacking, admin.tables())) if lacking else {}
    findings = [_unprefixed(database, finding) for finding in found if finding.code != SETUP]
    return Side(database, {**near, **definitions}, findings, None, hidden.keys())


def _near(names: Sequence[TableName], known: Sequence[TableName]) -> list[TableName]:
    """Return the tables that somebody who wrote one of these names may have meant."""
    folded = {str(name).casefold(): name for name in known}
    return [folded[text] for name in names for text in get_close_matches(str(name).casefold(), folded, 3, cutoff=0.6)]


def _unprefixed(database: str, finding: Finding) -> Finding:
    """The database stands beside each message already."""
    return Finding(finding.code, finding.message.removeprefix(f"{database}: "), finding.hint, finding.exit)


def report(examined: Examined) -> str:
    """Return all that was found, as people read it; notes keep nobody from anything, and `check` shows them."""
    return render(problem for problem in examined.problems if problem.level is not Level.NOTE) + on_servers(examined)


def on_servers(examined: Examined) -> str:
    """Return what was found on the servers."""
    return "".join(_finding(examined.line.name, where, found) for where, found in examined.findings())


def _finding(pipeline: str, where: str, finding: Finding) -> str:
    level = "warning" if finding.exit is Exit.OK else "error"
    text = f"{pipeline}: {where}: {level}[{finding.code}]: {finding.message}\n"
    helps = "".join(f"      = help: {printable(line)}\n" for line in finding.hint.splitlines())
    return printable(text.rstrip("\n")) + "\n" + helps
