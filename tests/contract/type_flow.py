"""One pipeline between two fresh databases, run inside the test: what load, stream, fetch and query read is mapped and applied.

What a server holds is read from its own text output alone, by the queries and functions here: they share no code with the daemon.
"""

import json
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pymysql

from cdc.app.build import engine
from cdc.mapping.compile import compile_plan
from cdc.mapping.files.problem import failed
from cdc.mapping.query.query import Query, Question, Takes
from cdc.mapping.spec.mapping import table_name
from cdc.mapping.spec.read import read_mapping
from cdc.model.change import Change, Op
from cdc.model.errors import BadRow, Incomplete
from cdc.model.types import Zones
from cdc.model.write import Batch, Write
from cdc.pipeline.translate import translator
from demo.servers import PostgreSQL
from tests.contract.whole import whole

PG_TEXT = "encode(convert_to({}::text, 'UTF8'), 'hex')"
MY_TEXT = "lower(hex(convert({} using utf8mb4)))"
PLAIN = ("{}::text", "cast({} as char)")
SHOWN = {
    "plain": PLAIN,
    "number": PLAIN,
    "moment": PLAIN,
    "json": PLAIN,
    "text": (PG_TEXT, MY_TEXT),
    "bytes": ("encode({}, 'hex')", "lower(hex({}))"),
    "truth": ("{}::int::text", "cast({} + 0 as char)"),
    "float": ("{}::float8::text", "{} * 1e0"),  # MySQL cuts digits off in a cast
    "bits": ("{}::text", "lpad(bin({} + 0), 5, '0')"),
    "identity": (
        "replace({}::text, '-', '')",
        "lower(replace(case when length({0}) = 16 then hex({0}) else cast({0} as char) end, '-', ''))",
    ),
    "address": ("abbrev({})", "cast({} as char)"),
    "uuid": ("{}::text", "lower(cast({} as char))"),
    "shape": ("{}::text", "concat(st_srid({0}), st_astext({0}))"),
}
"""Kind of comparison → what PostgreSQL, and what MySQL and MariaDB are asked for."""


def _moment(text):
    """Digits of the second as far as they are not zero; MySQL's zero offset, PostgreSQL's, and none are one."""
    clock, point, fraction = text.removesuffix("+00").partition(".")
    digits, era = fraction.removesuffix(" BC").rstrip("0"), " BC" if text.removesuffix("+00").endswith(" BC") else ""
    return f"{clock.removesuffix(' BC')}{'.' if point and digits else ''}{digits}{era}"


def _number(text):
    return str(Decimal(text).normalize()) if Decimal(text) else "0"


def _json(text):
    """Objects by key; a key that comes twice stays twice. Numbers by value."""
    return json.loads(text, parse_float=_number, parse_int=_number, object_pairs_hook=lambda pairs: sorted(map(repr, pairs)))


BEYOND_MYSQL = {"'123456789012345678901234567890'", "'0.10000000000000000000000001'", '\'{"a": 1,  "a": 2}\'', "'1e400'"}
"""Documents that MySQL's json would change: a number rounded, a key lost."""
YOUNG = {"uuid", "inet4", "inet6", "vector"}
MEANT = {"number": _number, "moment": _moment, "json": _json, "float": lambda text: float(text) + 0.0}
"""How a text is read, so that spellings of one value are the same. MariaDB has no negative zero."""


class Side:
    """One server's database, and what it holds."""

    def __init__(self, server, database, endpoint, role):
        self.name = database(server)
        self.postgresql = isinstance(server, PostgreSQL)
        self.endpoint = endpoint(server, self.name, role)
        self.engine = engine(self.endpoint)
        self.schema = "public" if self.postgresql else self.name
        self.connection = server.connect(self.name) if self.postgresql else server.connect(self.name, charset="utf8mb4")
        if self.postgresql:
            self.run("set timezone = 'UTC'", "set datestyle = 'ISO'", "set extra_float_digits = 3", "set lc_monetary = 'C'")
        else:
            self.run("set time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES', lc_messages = 'en_US'")

    def run(self, *statements):
        with self.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement.encode() if self.postgresql else statement)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def shown(self, table, columns, where="true"):
        """Return the rows of a table by id: what each column holds. `columns`: name → kind of comparison."""
        wanted = ", ".join(SHOWN[kind][not self.postgresql].format(self.quoted(name)) for name, kind in columns.items())
        made = {}
        for key, *values in self.run(f"select id, {wanted} from {table} where {where} order by id"):
            texts = [value.decode() if isinstance(value, bytes) else value for value in values]
            made[key] = {
                name: None if text is None else MEANT.get(kind, str)(text)
                for (name, kind), text in zip(columns.items(), texts, strict=True)
            }
        return made

    def has(self, native):
        """Return whether the server knows a type: some are MariaDB's or MySQL's alone, some came with a later version."""
        if self.postgresql or (native.split("(")[0] not in YOUNG and "_0900_" not in native):
            return True
        try:
            self.run(f"create temporary table has_it (c {native})", "drop temporary table has_it")
        except (pymysql.err.ProgrammingError, pymysql.err.OperationalError):
            return False
        return True

    @property
    def mysql(self):
        """Whether it is MySQL itself."""
        return not self.postgresql and "MariaDB" not in self.run("select version()")[0][0]

    def quoted(self, name):
        return f'"{name}"' if self.postgresql else f"`{name}`"


class Flow:
    """A pipeline from one side to the other."""

    def __init__(self, source, target):
        self.source, self.target, self.pipeline = source, target, f"p_{uuid4().hex[:10]}"
        self._open = []
        self.refused = {}

    def known(self, cases):
        """Return the cases (source type, target type, …, values) whose types both servers know, with the values that MySQL's json can hold."""
        found = [case for case in cases if self.source.has(case[0]) and self.target.has(case[1])]
        if not self.target.mysql or self.source.mysql:
            return found
        return [
            (*case[:3], [one for one in case[3] if one not in BEYOND_MYSQL]) if case[1] == "json" and isinstance(case[3], list) else case
            for case in found
        ]

    def compiled(self, *mappings, zones=Zones()):  # noqa: B008 - frozen
        """Compile mapping files against both catalogues; return the plan and all problems."""
        specs = []
        for text in mappings:
            spec, problems = read_mapping("mappings/m.yaml", text)
            assert spec is not None, problems
            specs.append(replace(spec, zones=zones))
        names = [
            {table_name(getattr(spec, end), side.schema) for spec in specs}
            for end, side in (("source", self.source), ("target", self.target))
        ]
        with closing(self.source.engine.source_admin(self.source.endpoint, self.pipeline)) as source:
            given = source.definitions(sorted(names[0]))
        with closing(self.target.engine.target_admin(self.target.endpoint, self.pipeline)) as target:
            wanted = target.definitions(sorted(names[1]))
        return compile_plan(specs, given, wanted, self.source.schema, self.target.schema)

    def follow(self, *mappings, zones=Zones()):  # noqa: B008 - frozen
        """Make what a pipeline needs on both servers; the log is read from here on."""
        self.plan, problems = self.compiled(*mappings, zones=zones)
        assert not failed(problems), [problem.message for problem in problems]
        for admin, arguments in (
            (self.source.engine.source_admin(self.source.endpoint, self.pipeline), (self.plan.sources,)),
            (self.target.engine.target_admin(self.target.endpoint, self.pipeline), ()),
        ):
            with closing(admin):
                for statement in admin.setup(*arguments):
                    admin.execute(statement)
        self.applier = self.target.engine.target(self.target.endpoint, self.pipeline, self.plan.targets)
        self._open.append(self.applier)
        self.applier.checkpoint()
        with closing(self._reader()) as reader:
            self.after = reader.head()

    def _reader(self):
        return self.source.engine.source(self.source.endpoint, self.pipeline, self.plan.sources, "target")

    def snapshot(self):
        """Return all rows as the initial load reads them, as inserts."""
        with closing(self._reader()) as reader, reader.snapshot(self.plan.sources) as snapshot:
            found = [(table, rows) for name in self.plan.sources for table, rows in snapshot.rows(name, 1000)]
            self.after = snapshot.position
        return [Change(table, Op.INSERT, None, row) for table, rows in found for row in rows]

    def changes(self):
        """Return what was committed since the last time as it stands in the log."""
        with closing(self._reader()) as reader:
            until = reader.head()
            found = list(whole(reader.read(self.after, until)))
        self.after = until
        return [change for item in found for change in item.changes]

    def load(self):
        """Copy all tables as they are; return what was applied."""
        return self.apply(self.snapshot())

    def stream(self):
        """Apply what was committed since; return what was applied."""
        return self.apply(self.changes())

    def fetched(self, table):
        """Return the rows of a table's shape as they come when they are asked for by their keys."""
        with closing(self._reader()) as reader:
            keys = [(str(key),) for (key,) in self.source.run(f"select id from {table.name.name}")]
            return list(reader.fetch(table, keys, reader.head()))

    def asked(self, table):
        """Return the rows of a table as a mapping's query gives them."""
        names = ", ".join(self.source.quoted(column.name) for column in table.columns)
        text = f"select {names} from {self.source.quoted(table.name.name)} where id in (:keys)"
        with closing(self.source.engine.source_admin(self.source.endpoint, self.pipeline)) as admin:
            query = admin.prepare(Question(text, Takes.KEYS, table.columns[:1]))
        assert isinstance(query, Query), query
        with closing(self._reader()) as reader:
            keys = [(str(key),) for (key,) in self.source.run(f"select id from {table.name.name}")]
            return list(reader.query(query, keys, reader.head()))

    def apply(self, changes):
        """Map and apply; rows that are refused are kept in `refused`: id → the error."""
        writes = []
        for change in changes:
            for row_plan in self.plan.bind(change.table):
                try:
                    write = translator(row_plan, change.table)(change)
                except BadRow as error:
                    self.refused[(change.new or change.old)[0]] = error
                else:
                    writes += [write] if isinstance(write, Write) else []
        return self._together(writes)

    def _together(self, writes):
        counts = {"changed": 0, "unchanged": 0}
        try:
            done = [self.applier.apply(Batch(None, self.after, tuple(writes), transactions=1))]
        except (BadRow, Incomplete):
            done = [one for write in writes if (one := self._alone(write))]
        for applied in done:
            counts["changed"] += sum(applied.rows.values())
            counts["unchanged"] += sum(applied.unchanged.values())
        return counts

    def _alone(self, write):
        try:
            return self.applier.apply(Batch(None, self.after, (write,), transactions=1))
        except BadRow as error:
            self.refused[write.key[0]] = error
            return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in self._open:
            each.close()
        with closing(self.source.engine.source_admin(self.source.endpoint, self.pipeline)) as admin:
            for statement in admin.teardown():
                admin.execute(statement)
        self.source.connection.close()
        self.target.connection.close()
