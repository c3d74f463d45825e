"""The composition root: the one place that turns `postgresql` into classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import field
from typing import TypeAlias

from cdc.app.service.config import Pipeline
from cdc.app.service.protection import Protection
from cdc.mapping.spec.mapping import MappingSpec
from cdc.model.endpoint import Endpoint
from cdc.model.table import TableName
from cdc.model.value import value
from cdc.model.write import TargetPlan
from cdc.source.base import Source, SourceAdmin
from cdc.source.excerpt import Excerpt, TransactionAt
from cdc.source.probe import Probe
from cdc.source.reader import Reader
from cdc.target.base import Target, TargetAdmin


@value
class Engine:
    """What one kind of server is made of."""

    source: Callable[[Endpoint, str, Sequence[TableName], str, frozenset[TableName]], Source]
    source_admin: Callable[[Endpoint, str], SourceAdmin]
    target: Callable[[Endpoint, str, Sequence[TargetPlan]], Target]
    target_admin: Callable[[Endpoint, str], TargetAdmin]
    reader: Callable[[Endpoint], Reader]
    statements: Callable[[Endpoint, TargetPlan], Mapping[str, str]]
    """What writes a plan's rows, by what it does, for people."""
    probe: Callable[[Endpoint, str], Probe]
    transaction_at: TransactionAt
    certificate: Callable[[Endpoint], float | None]
    """When the server's certificate ends."""


def _postgresql() -> Engine:
    from cdc.server.postgresql import certificate
    from cdc.source.postgresql.admin import PostgreSQLSourceAdmin
    from cdc.source.postgresql.excerpt import transaction_at
    from cdc.source.postgresql.probe import PostgreSQLProbe
    from cdc.source.postgresql.reader import PostgreSQLReader
    from cdc.source.postgresql.source import PostgreSQLSource
    from cdc.target.postgresql.admin import PostgreSQLTargetAdmin
    from cdc.target.postgresql.statements import statements
    from cdc.target.postgresql.target import PostgreSQLTarget

    return Engine(
        PostgreSQLSource, PostgreSQLSourceAdmin, PostgreSQLTarget, PostgreSQLTargetAdmin, PostgreSQLReader, statements, PostgreSQLProbe,
        transaction_at, certificate,
    )  # fmt: skip


def _mysql() -> Engine:
    from cdc.server.mysql import certificate
    from cdc.source.mysql.admin import MySQLSourceAdmin
    from cdc.source.mysql.excerpt import transaction_at
    from cdc.source.mysql.probe import MySQLProbe
    from cdc.source.mysql.reader import MySQLReader
    from cdc.source.mysql.source import MySQLSource
    from cdc.target.mysql.admin import MySQLTargetAdmin
    from cdc.target.mysql.statements import statements
    from cdc.target.mysql.target import MySQLTarget

    source_admin = lambda endpoint, _: MySQLSourceAdmin(endpoint)  # noqa: E731
    return Engine(
        MySQLSource, source_admin, MySQLTarget, MySQLTargetAdmin, MySQLReader, statements, MySQLProbe, transaction_at, certificate,
    )  # fmt: skip


_ENGINES: Mapping[str, Callable[[], Engine]] = {"postgresql": _postgresql, "mysql": _mysql}
Admins: TypeAlias = tuple[SourceAdmin, TargetAdmin]


@value
class Line:
    """One pipeline with its two servers, nothing of it open yet."""

    name: str
    source: Endpoint
    target: Endpoint
    specs: Sequence[MappingSpec]
    rows: int
    """Writes of a batch."""
    source_engine: Engine
    target_engine: Engine
    protection: Protection = field(default_factory=Protection)
    part: int = 20_000
    """Writes of a transaction that are held at a time."""

    def open_source(self, tables: Sequence[TableName], told: frozenset[TableName] = frozenset()) -> Source:
        """`told`: the tables whose rows are told even of our own transactions."""
        return self.source_engine.source(self.source, self.name, tables, self.target.name, told)

    def open_target(self, plans: Sequence[TargetPlan]) -> Target:
        return self.target_engine.target(self.target, self.name, plans)

    def probe(self) -> Probe:
        return self.source_engine.probe(self.source, self.name)

    def transaction_at(self, tables: Sequence[TableName], where: str, *, behind: bool = False) -> Excerpt | None:
        """Return what the transaction at a place in the source's log changes in these tables. Nothing is disturbed by that."""
        return self.source_engine.transaction_at(self.source, self.name, tables, where, behind=behind)

    def source_certificate(self) -> float | None:
        """Return when the source's certificate ends, as Unix time; None without TLS."""
        return self.source_engine.certificate(self.source)

    def target_certificate(self) -> float | None:
        return self.target_engine.certificate(self.target)

    def source_admin(self) -> SourceAdmin:
        return self.source_engine.source_admin(self.source, self.name)

    def target_admin(self) -> TargetAdmin:
        return self.target_engine.target_admin(self.target, self.name)

    @contextmanager
    def readers(self) -> Iterator[tuple[Reader, Reader]]:
        """What looks at the rows of source and target."""
        with closing(self.source_engine.reader(self.source)) as source, closing(self.target_engine.reader(self.target)) as target:
            yield source, target

    def statements(self, plan: TargetPlan) -> Mapping[str, str]:
        """What writes a mapping's rows, by what it does."""
        return self.target_engine.statements(self.target, plan)

    @contextmanager
    def admins(self) -> Iterator[Admins]:
        """Ordinary connections to both servers."""
        with closing(self.source_admin()) as source, closing(self.target_admin()) as target:
            yield source, target


def engine(endpoint: Endpoint) -> Engine:
    """Return the classes for a database's kind of server."""
    return _ENGINES[endpoint.engine]()


def line(pipeline: Pipeline) -> Line:
    """Give a configured pipeline the classes of its engines."""
    source, target = _ENGINES[pipeline.source.engine](), _ENGINES[pipeline.target.engine]()
    given = (pipeline.name, pipeline.source, pipeline.target, pipeline.specs, pipeline.batch_rows)
    return Line(*given, source, target, pipeline.protection, pipeline.part_rows)
