"""What a PostgreSQL target does beyond the contract: its types, constraints, triggers, locks, marker, privileges."""

import threading
import time
from collections import Counter
from dataclasses import replace

import psycopg
import pytest

from cdc.model.change import ABSENT, Op
from cdc.model.endpoint import Endpoint
from cdc.model.errors import BadRow, Exit, Fenced, Held, Misconfigured, Transient, key_text
from cdc.model.table import ForeignKey, TableName
from cdc.model.types import Kind
from cdc.sql import ledger
from cdc.sql.names import pg_name
from cdc.target.postgresql import PostgreSQLTarget, PostgreSQLTargetAdmin
from demo.servers import PASSWORD
from tests.contract.targets import batch, column, delete, plan, postgresql_harness, table, upsert

ID = column("id", Kind.INT)


@pytest.fixture
def harness(request):
    with postgresql_harness(request) as made:
        yield made


def made(harness, statement):
    """Run DDL in the test's schema and return the table `t` as the catalogue describes it."""
    harness.connection.execute(f"set search_path = {harness.schema}, public")
    harness.connection.execute(statement)
    name = TableName(harness.schema, "t")
    admin = harness.admin()
    definition = admin.definitions([name])[name]
    admin.close()
    return definition


def opened(harness, *plans):
    target = harness.target(*plans)
    target.checkpoint()
    return target


def wait_for(condition):
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def set_based_only(target):
    def refuse(*_):
        raise AssertionError("the set-based way should have done")

    target._singly = target._strictly = refuse
    return target


# the set-based way


def test_the_set_based_way_hands_unique_values_over(harness):
    # torture: G04
    t = made(harness, "create table t (id bigint primary key, code text unique)")
    mapped = plan(t)
    harness.insert(t, {"id": "1", "code": "x"}, {"id": "2", "code": "y"})
    target = set_based_only(opened(harness, mapped))
    target.apply(batch(upsert(mapped, "3", "x"), upsert(mapped, "4", "y"), upsert(mapped, "1", "z"), delete(mapped, "2")))
    assert {row["id"]: row["code"] for row in harness.rows(t)} == {"1": "z", "3": "x", "4": "y"}


def test_the_set_based_way_orders_parents_and_children(harness):
    # torture: G07
    parent = harness.create(table(harness, "parent", ID))
    key = ForeignKey("fk", ("up",), parent.name, ("id",), cascades=False)
    child = harness.create(table(harness, "child", ID, column("up", Kind.INT), foreign=[key]))
    parents, children = plan(parent), plan(child, rank=1)
    target = set_based_only(opened(harness, parents, children))
    target.apply(batch(*(upsert(children, str(i), str(i)) for i in range(200)), *(upsert(parents, str(i)) for i in range(200))))
    target.apply(batch(*(delete(parents, str(i)) for i in range(200)), *(delete(children, str(i)) for i in range(200))))
    assert harness.rows(parent) == harness.rows(child) == []


def test_a_row_that_a_cascade_would_take_is_written_before(harness):
    # torture: G07
    """A child that leaves its parent before that goes must not go with it, nor lose what no mapping names."""
    parent = harness.create(table(harness, "parent", ID))
    key = ForeignKey("fk", ("up",), parent.name, ("id",), cascades=True)
    child = harness.create(table(harness, "child", ID, column("up", Kind.INT), column("own"), foreign=[key]))
    parents, children = plan(parent), plan(child, "id", "up", rank=1)
    harness.insert(parent, {"id": "1"}, {"id": "2"})
    harness.insert(child, {"id": "7", "up": "1", "own": "kept"})
    set_based_only(opened(harness, parents, children)).apply(batch(upsert(children, "7", "2"), delete(parents, "1")))
    assert harness.rows(child) == [{"id": "7", "up": "2", "own": "kept"}]


def test_a_row_that_the_application_inserts_meanwhile_is_updated(harness):
    t = made(harness, "create table t (id bigint primary key, name text, own text)")
    mapped = plan(t, "id", "name")
    target = opened(harness, mapped)
    with harness.server.connect(harness.database) as application:
        application.execute("begin")
        application.execute(f"insert into {harness.schema}.t values (1, 'theirs', 'own')")
        thread = threading.Thread(target=target.apply, args=(batch(upsert(mapped, "1", "ours")),))
        thread.start()
        wait_for(lambda: harness.connection.execute("select 1 from pg_locks where not granted").fetchone())
        application.execute("commit")
        thread.join()
    assert harness.rows(t) == [{"id": "1", "name": "ours", "own": "own"}]


def test_large_batches_are_copied(harness):
    t = made(harness, "create table t (id bigint primary key, name text)")
    mapped = plan(t)
    target = set_based_only(opened(harness, mapped))
    tables = "select count(*) from pg_class where relname like 'cdc_stage_%' and pg_table_is_visible(oid)"
    for rows, staged in ((100, 0), (101, 1), (150, 1)):
        target.apply(batch(*(upsert(mapped, str(i), f"{rows}") for i in range(rows))))
        assert target._connection.execute(tables.encode()).fetchone() == (staged,)


def test_plans_do_not_depend_on_the_size_that_a_table_once_had(harness):
    t = made(harness, "create table t (id bigint primary key, name text)")
    mapped = plan(t)
    harness.connection.execute("analyze t")
    target = opened(harness, mapped)
    for i in range(8):  # prepares the statements
        target.apply(batch(upsert(mapped, str(i), "x")))
        target.apply(batch(*(upsert(mapped, str(k), "x") for k in range(101))))
    harness.connection.execute("insert into t select n, 'x' from generate_series(1000, 60000) n")
    scans = f"select seq_scan from pg_stat_user_tables where relid = '{harness.schema}.t'::regclass"
    harness.connection.execute("select pg_stat_force_next_flush()")
    before = harness.connection.execute(scans).fetchone()
    target.apply(batch(upsert(mapped, "2000", "y")))
    target.apply(batch(*(upsert(mapped, str(k), "y") for k in range(2000, 3000)), delete(mapped, "5000")))
    target._connection.execute("select pg_stat_force_next_flush()")
    assert harness.connection.execute(scans).fetchone() == before


def test_many_columns(harness):
    names = [f"c{i}" for i in range(900)]
    t = made(harness, f"create table t (id bigint primary key, {', '.join(f'{name} text' for name in names)})")
    mapped = plan(t)
    target = set_based_only(opened(harness, mapped))
    for rows in (1, 101):
        target.apply(batch(*(upsert(mapped, str(i), *(f"{i} {rows}" for name in names)) for i in range(rows))))
        assert harness.rows(t)[0]["c899"] == f"0 {rows}"


# values


TYPES = {
    "bool": ("t", "f"),
    "smallint": ("-32768", "7"),
    "numeric": ("2.0", "2.00"),
    "numeric(14,2)": ("1.00", "NaN"),
    "real": ("0", "-0"),
    "double precision": ("0.1", "Infinity"),
    "char(5)": ("ab   ", "cd   "),
    "varchar(5)": ("a", "a "),
    "bytea": ("\\x00ff", "\\x"),
    "date": ("0044-03-15 BC", "infinity"),
    "time": ("24:00:00", "00:00:00"),
    "timestamp": ("2024-02-03 04:05:06.000007", "-infinity"),
    "timestamptz": ("2024-02-03 04:05:06+00", "0044-03-15 04:05:06+00 BC"),
    "timetz": ("12:00:00+00", "13:00:00+01"),
    "interval": ("1 mon", "30 days"),
    "interval second(0)": ("00:00:01", "-00:00:02"),
    "uuid": ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"),
    "json": ('{"a": 1,  "a": 2}', '{"a": 1, "a": 2}'),
    "jsonb": ('{"a": 1.0}', '{"a": 1.00}'),
    "xml": ("<a>1</a>", "<a> 1</a>"),
    "point": ("(1,2)", "(1,3)"),
    "box": ("(1,1),(0,0)", "(2,1),(1,0)"),
    "path": ("((0,0),(1,1))", "((0,0),(1,2))"),
    "bit(3)": ("101", "100"),
    "varbit": ("101", "10100"),
    "inet": ("10.0.0.1/8", "10.0.0.1/16"),
    "int4range": ("[1,5)", "empty"),
    "tsvector": ("'a' 'b'", "'a'"),
    "money": ("$1.00", "$2.00"),
    "mood": ("sad face", 'so "so"'),
    "positive": ("1", "2"),
    "pair": ('(1,"a ""b"", c")', "(1,a)"),
    "citext": ("abc", "ABC"),
    "int[]": ("{1,2,NULL}", "{}"),
    "int[][]": ("{{1,2},{3,4}}", "[0:1]={1,2}"),
    "text[]": ('{a,"b c","d\\"e","\\\\",NULL,"NULL",""}', '{"a,b"}'),
    "timestamptz[]": ('{"2024-02-03 04:05:06+00"}', "{}"),
    "mood[]": ('{"sad face"}', '{"so \\"so\\""}'),
    "jsonb[]": ('{"{\\"a\\": 1}"}', "{NULL}"),
}


@pytest.fixture
def typed(harness):
    """One table with a column of each type, and what is to be in it first and second."""
    harness.connection.execute("create extension if not exists citext schema public")
    columns = ", ".join(f"c{i} {name}" for i, name in enumerate(TYPES))
    t = made(
        harness,
        """create type mood as enum ('sad face', 'so "so"', 'a,b');
           create domain positive as int check (value > 0); create type pair as (a int, b text);"""
        f"create table t (id bigint primary key, {columns})",
    )
    return t, [value[0] for value in TYPES.values()], [value[1] for value in TYPES.values()]


@pytest.mark.parametrize("rows", [1, 101])
def test_every_type_arrives_and_every_change_of_text_is_seen(harness, typed, rows):
    t, first, second = typed
    mapped = plan(t)
    target = set_based_only(opened(harness, mapped))
    for values in (first, second, [None] * len(first), first):
        writes = [upsert(mapped, str(i), *values) for i in range(rows)]
        assert sum(target.apply(batch(*writes)).rows.values()) == rows
        shown = {"t": "true", "f": "false", "ab   ": "ab", "cd   ": "cd"}  # a cast to text is not the output that the log has
        assert list(harness.rows(t)[0].values())[1:] == [shown.get(value, value) for value in values]
        assert target.apply(batch(*writes)).unchanged == {"t": rows}


@pytest.mark.parametrize("place", range(len(TYPES)), ids=list(TYPES))
def test_a_change_of_one_column_is_seen_in_a_partial_image(harness, typed, place):
    t, first, second = typed
    mapped = plan(t)
    target = set_based_only(opened(harness, mapped))
    target.apply(batch(upsert(mapped, "1", *first)))
    image = [ABSENT] * len(first)
    image[place] = second[place]
    assert target.apply(batch(upsert(mapped, "1", *image))).rows == {("t", Op.UPDATE): 1}
    assert target.apply(batch(upsert(mapped, "1", *image))).unchanged == {"t": 1}


UNINDEXED, ONE_KEY = {"json", "xml", "point", "path", "box"}, {"numeric", "real", "interval", "jsonb", "citext"}
"""Of the latter the two values are one to an index."""


@pytest.mark.parametrize("type_", [name for name in TYPES if name not in UNINDEXED])
def test_every_type_that_has_an_index_can_be_a_key(harness, typed, type_):
    t, first, second = typed
    place = list(TYPES).index(type_)
    harness.connection.execute(f"create unique index on t (c{place})")
    mapped = plan(t, f"c{place}", "id", key=[f"c{place}"])
    target = set_based_only(opened(harness, mapped))
    other = {"interval": "1 day"}.get(type_, "1") if type_ in ONE_KEY else second[place]
    target.apply(batch(upsert(mapped, first[place], "1"), upsert(mapped, other, "2")))
    assert target.apply(batch(upsert(mapped, first[place], "3"))).rows == {("t", Op.UPDATE): 1}
    assert target.apply(batch(delete(mapped, first[place]))).rows == {("t", Op.DELETE): 1}
    assert [row["id"] for row in harness.rows(t)] == ["2"]


def test_a_key_that_changes_its_case_only(harness):
    """torture: G01"""
    harness.connection.execute("create extension if not exists citext schema public")
    t = made(harness, "create table t (mail public.citext primary key, own text)")
    mapped = plan(t, "mail", key=["mail"])
    harness.insert(t, {"mail": "a@x", "own": "kept"})
    opened(harness, mapped).apply(batch(upsert(mapped, "A@x", moved=("a@x",))))
    assert harness.rows(t) == [{"mail": "A@x", "own": "kept"}]


REFUSED = {
    "NUL": ("text", "a\0secret"),
    "surrogate": ("text", "a\ud800secret"),
    "too long": ("varchar(5)", "secret"),
    "too long padded": ("char(5)", "secret"),
    "too long bits": ("bit(3)", "1010"),
    "too short bits": ("bit(3)", "10"),
    "not a number": ("int", "secret"),
    "quotes": ("int", 'a"secret"b'),
    "out of range": ("smallint", "77777"),
    "too many digits": ("numeric(4,2)", "777.77"),
    "not a label": ("mood", "secret"),
    "not a date": ("date", "2024-02-31"),
    "not JSON": ("json", "{secret"),
    "not in the domain": ("positive", "-77777"),
    "element": ("int[]", "{1,secret}"),
    "not null": ("int not null", None),
    "check": ("int check (c <> 77777)", "77777"),
}


@pytest.mark.parametrize("rows", [1, 101])
@pytest.mark.parametrize("case", REFUSED)
def test_a_value_that_does_not_fit_is_refused_and_not_shown(harness, case, rows):
    type_, value = REFUSED[case]
    t = made(harness, f"create type mood as enum ('x'); create domain positive as int check (value > 0); create table t (id bigint primary key, c {type_})")  # fmt: skip
    mapped = plan(t, mapping="mapped")
    target = opened(harness, mapped)
    harness.connection.execute("alter table t add column filler text")
    writes = [upsert(mapped, str(i), None if "not null" not in type_ else "1") for i in range(rows)]
    with pytest.raises(BadRow) as caught:
        target.apply(batch(*writes, upsert(mapped, "500", value)))
    text = str(caught.value)
    assert text.startswith(f"mapping mapped: {t.name} (key {key_text(('500',))}): ")
    assert value is None or value not in text.partition("): ")[2]
    assert "secret" not in text and caught.value.hint
    assert harness.rows(t) == []
    assert target.apply(batch(*writes)).rows == {("mapped", Op.INSERT): rows}


# constraints


def test_a_deferred_constraint_fails_before_commit_and_names_the_row(harness):
    # torture: G07
    t = made(harness, "create table t (id bigint primary key, up bigint constraint up_fk references t deferrable initially deferred)")
    mapped = plan(t)
    target = opened(harness, mapped)
    target.apply(batch(upsert(mapped, "1", "2"), upsert(mapped, "2", "1")))
    with pytest.raises(BadRow, match="up_fk") as caught:
        target.apply(batch(upsert(mapped, "3", "1"), upsert(mapped, "4", "99"), upsert(mapped, "5", "4")))
    assert key_text(("4",)) in str(caught.value)
    assert [row["id"] for row in harness.rows(t)] == ["1", "2"]


def test_a_circle_of_deferred_references_goes_in_one_by_one_too(harness):
    # torture: G07
    t = made(
        harness,
        "create table t (id bigint primary key, up bigint references t deferrable initially deferred, code text unique)",
    )
    mapped = plan(t)
    harness.insert(t, {"id": "8", "up": None, "code": "x"}, {"id": "9", "up": None, "code": "y"})
    writes = [upsert(mapped, "8", None, "tmp"), upsert(mapped, "9", None, "x"), upsert(mapped, "8", None, "y")]
    opened(harness, mapped).apply(batch(upsert(mapped, "1", "2", "a"), *writes, upsert(mapped, "2", "1", "b")))
    assert {row["id"]: row["code"] for row in harness.rows(t)} == {"1": "a", "2": "b", "8": "y", "9": "x"}


def test_deferrable_unique_values_swap_in_one_statement(harness):
    # torture: G03
    t = made(harness, "create table t (id bigint primary key, code text unique deferrable)")
    mapped = plan(t)
    harness.insert(t, {"id": "1", "code": "x"}, {"id": "2", "code": "y"})
    set_based_only(opened(harness, mapped)).apply(batch(upsert(mapped, "1", "y"), upsert(mapped, "2", "x")))
    assert [row["code"] for row in harness.rows(t)] == ["y", "x"]


def test_a_unique_index_over_some_rows_is_no_conflict_of_the_others(harness):
    # torture: G14
    t = made(harness, "create table t (id bigint primary key, code text, open boolean)")
    harness.connection.execute("create unique index one_open on t (code) where open")
    mapped = plan(t)
    target = set_based_only(opened(harness, mapped))
    target.apply(
        batch(upsert(mapped, "1", "x", "f"), upsert(mapped, "2", "x", "f"), upsert(mapped, "3", "x", "t"), upsert(mapped, "4", None, "t"))
    )
    target.apply(batch(upsert(mapped, "3", "x", "f"), upsert(mapped, "5", "x", "t"), upsert(mapped, "6", None, "t")))
    assert [row["id"] for row in harness.rows(t) if row["open"] == "true"] == ["4", "5", "6"]
    target.close()
    with pytest.raises(BadRow, match="one_open"):
        opened(harness, mapped).apply(batch(upsert(mapped, "1", "x", "t")))


@pytest.mark.parametrize("rows", [1, 101])
@pytest.mark.parametrize(
    "identity",
    [
        "bigint generated always as identity",
        "bigint generated by default as identity",
        "bigserial",
        "bigint default nextval('apart(s)')",
        "numeric default nextval('apart(s)')",
    ],
)
def test_identity_takes_the_value_that_the_mapping_names_and_the_application_goes_on_behind_it(harness, identity, rows):
    """torture: G12"""
    identity = identity.replace("apart(s)", f'{harness.schema}."apart s"')
    t = made(harness, f'create sequence {harness.schema}."apart s"; create table t (id {identity} primary key, code text unique not null)')
    named, counted = plan(t), plan(t, "code", key=["code"], mapping="counted")
    target = set_based_only(opened(harness, named, counted))
    target.apply(batch(upsert(counted, "a"), upsert(counted, "b")))
    target.apply(batch(upsert(counted, "a"), upsert(counted, "c"), upsert(counted, "b")))
    assert {row["code"]: row["id"] for row in harness.rows(t)} == {"a": "1", "b": "2", "c": "3"}
    target.apply(batch(*(upsert(named, str(1000 + i), f"n{i}") for i in range(rows))))
    harness.connection.execute("insert into t (code) values ('theirs')")
    target.apply(batch(upsert(named, "500", "lower"), upsert(named, "1000", "changed")))
    harness.connection.execute("insert into t (code) values ('theirs too')")
    found = {row["code"]: row["id"] for row in harness.rows(t)}
    assert (found["theirs"], found["theirs too"], found["changed"]) == (str(1000 + rows), str(1001 + rows), "1000")


def test_a_key_change_advances_the_sequence(harness):
    t = made(harness, "create table t (id bigint generated by default as identity primary key, code text)")
    mapped = plan(t)
    target = opened(harness, mapped)
    target.apply(batch(upsert(mapped, "1", "a"), upsert(mapped, "5", "a", moved=("1",))))
    harness.connection.execute("insert into t (code) values ('theirs')")
    assert [row["id"] for row in harness.rows(t)] == ["5", "6"]


def test_a_partitioned_target(harness):
    t = made(
        harness,
        """create table t (id bigint, region text, name text, primary key (id, region)) partition by list (region);
           create table t_eu partition of t for values in ('eu'); create table t_us partition of t for values in ('us')""",
    )
    mapped = plan(t, key=("id", "region"))
    target = opened(harness, mapped)
    target.apply(batch(upsert(mapped, "1", "eu", "a"), upsert(mapped, "1", "us", "b")))
    target.apply(batch(upsert(mapped, "2", "us", "A", moved=("1", "eu")), delete(mapped, "1", "us")))
    assert harness.connection.execute("select tableoid::regclass::text, id, name from t").fetchall() == [("t_us", 2, "A")]
    with pytest.raises(BadRow):
        target.apply(batch(upsert(mapped, "3", "nowhere", "x")))


# triggers


def test_a_trigger_that_raises_makes_a_bad_row_without_its_text(harness):
    t = made(harness, "create table t (id bigint primary key, name text)")
    made(
        harness,
        """create function no() returns trigger language plpgsql as $$begin raise exception 'no % please', new.name; end$$;
           create trigger no before insert on t for each row when (new.name = 'secret') execute function no()""",
    )
    mapped = plan(t)
    with pytest.raises(BadRow, match="trigger") as caught:
        opened(harness, mapped).apply(batch(upsert(mapped, "1", "x"), upsert(mapped, "2", "secret")))
    assert key_text(("2",)) in str(caught.value) and "secret" not in str(caught.value)


def test_a_trigger_that_leaves_a_row_out_counts_as_unchanged(harness):
    t = made(
        harness,
        """create table t (id bigint primary key, name text);
           create function skip() returns trigger language plpgsql as $$begin return null; end$$;
           create trigger skip before insert or delete on t for each row execute function skip()""",
    )
    mapped = plan(t)
    applied = opened(harness, mapped).apply(batch(upsert(mapped, "1", "x"), delete(mapped, "2")))
    assert (applied.rows, applied.unchanged) == ({}, {"t": 2})


def test_triggers_find_their_tables_by_the_roles_own_search_path_and_insert_ones_do_not_fire_for_updates(harness):
    t = made(
        harness,
        """create table t (id bigint primary key, nr bigint generated by default as identity, name text);
           create table log (op text);
           create function log() returns trigger language plpgsql as $$begin insert into log values (tg_op); return new; end$$;
           create trigger log before insert on t for each row execute function log()""",
    )
    mapped = plan(t, "id", "name")
    target = PostgreSQLTarget(
        replace(harness.endpoint(), options={"options": f"-csearch_path={harness.schema}"}), harness.pipeline, [mapped]
    )
    target.checkpoint()
    for name in "abc":
        target.apply(batch(upsert(mapped, "1", name)))
    assert harness.connection.execute("select count(*) from log").fetchone() == (1,)
    target.apply(batch(upsert(mapped, "2", "x")))
    target.close()
    assert [row["nr"] for row in harness.rows(t)] == ["1", "2"]


def test_an_applications_table_is_not_taken_for_ours_of_the_same_name(harness):
    """The servers' role is named `cdc`, as our schema is: by default its own schema comes first."""
    t = made(harness, "create table t (id bigint primary key, name text)")
    harness.connection.execute("create table if not exists public.checkpoint (what text)")
    made(
        harness,
        """create function log() returns trigger language plpgsql as $$begin insert into checkpoint values (new.name); return new; end$$;
           create trigger log before insert on t for each row execute function log()""",
    )
    mapped = plan(t)
    name = f"{harness.schema} of the application"
    opened(harness, mapped).apply(batch(upsert(mapped, "1", name)))
    assert harness.connection.execute("select count(*) from public.checkpoint where what = %s", [name]).fetchone() == (1,)


# torture: K18
def test_functions_that_have_the_names_of_the_servers_are_not_run(harness):
    names = (
        "clock_timestamp()",
        "now()",
        "pg_try_advisory_lock(bigint)",
        "pg_logical_emit_message(boolean, text, text)",
        "unnest(anyarray)",
    )
    bodies = "; ".join(
        f"create function {harness.schema}.{name} returns {kind} language plpgsql as $$begin raise 'shadowed'; end$$"
        for name, kind in zip(names, ("timestamptz", "timestamptz", "boolean", "pg_lsn", "setof anyelement"), strict=True)
    )
    mapped = plan(made(harness, f"create table t (id bigint primary key, name varchar(20)); {bodies}"))
    path = replace(harness.endpoint(), options={"options": f"-csearch_path={harness.schema}"})
    target = PostgreSQLTarget(path, harness.pipeline, [mapped])
    target.checkpoint()
    for name in "ab":
        target.apply(batch(*(upsert(mapped, str(key), name) for key in range(200))))
        target.apply(batch(upsert(mapped, "0", name)))
    target.close()
    assert harness.connection.execute(f"select count(*) from {harness.schema}.t where name = 'b'").fetchone() == (200,)


# torture: K18
def test_a_schema_in_which_everybody_may_make_operators_is_told(harness):
    admin = harness.admin()
    harness.connection.execute("grant create on schema public to public")
    try:
        (found,) = [finding for finding in admin.findings([]) if finding.code == "search-path"]
    finally:
        harness.connection.execute("revoke create on schema public from public")
    assert (found.exit, found.hint) == (Exit.OK, "revoke create on schema public from public;")
    assert "search-path" not in {finding.code for finding in admin.findings([])}
    admin.close()


# the checkpoint, its lock and its marker


def test_the_holder_is_named_until_it_dies(harness, monkeypatch):
    monkeypatch.setattr("cdc.target.postgresql.fence._PATIENCE", 0.3)
    admin = harness.admin()
    assert admin.holder() is None
    first = opened(harness)
    name = admin.holder()
    assert f"server process {first._connection.info.backend_pid}" in name and "127.0.0.1" in name and ":" in name
    with pytest.raises(Held, match=f"server process {first._connection.info.backend_pid}"):
        opened(harness)
    harness.sever(first)
    opened(harness)
    admin.close()


def test_the_next_waits_for_a_session_that_is_ending(harness):
    first = opened(harness)
    threading.Timer(0.5, first.close).start()
    started = time.monotonic()
    opened(harness)
    assert time.monotonic() - started > 0.3


def test_without_our_table_the_hint_is_setup(harness):
    name = f"{harness.database}_bare"
    harness.server.create(name)
    endpoint = replace(harness.endpoint(), database=name)
    target = PostgreSQLTarget(endpoint, harness.pipeline, [])
    with pytest.raises(Misconfigured) as caught:
        target.checkpoint()
    target.close()
    assert "cdc setup" in caught.value.hint


def test_a_commit_that_can_not_be_settled_because_another_went_on_is_fenced(harness):
    stale = opened(harness)
    harness.release(stale)
    opened(harness).apply(batch(upto="theirs"))
    with pytest.raises(Fenced):
        stale._fence.settle(psycopg.OperationalError("lost"))


def test_every_transaction_is_marked_in_the_log(harness):
    """A reader of the other direction sees the path right after the transaction's begin, and a batch that failed leaves none."""
    t = made(harness, "create table t (id bigint primary key, code text unique)")
    slot = harness.schema
    harness.connection.execute("select pg_create_logical_replication_slot(%s, 'pgoutput')", [slot])
    harness.connection.execute(f"create publication {slot} for table t")
    mapped = plan(t)
    target = opened(harness, mapped)
    target.apply(batch(upsert(mapped, "1", "x"), origin=("erp", "hub")))
    target.apply(
        batch(
            *(upsert(mapped, str(i), f"c{i}") for i in range(200)),
            upsert(mapped, "7", "c199"),
            upsert(mapped, "199", "y"),
            origin=("one", "by", "one"),
        )
    )
    with pytest.raises(BadRow):
        target.apply(batch(upsert(mapped, "500", "y"), origin=("failed",)))
    options = f"'proto_version', '1', 'publication_names', '{slot}', 'messages', 'true'"
    query = f"select data from pg_logical_slot_get_binary_changes('{slot}', null, null, {options})"
    frames = [bytes(data) for (data,) in harness.connection.execute(query)]
    harness.connection.execute("select pg_drop_replication_slot(%s)", [slot])
    kinds = b"".join(frame[:1] for frame in frames)
    assert kinds.replace(b"R", b"").startswith(b"BMIC" + b"BM")
    paths = [frame.split(b"cdc\0")[1][4:] for frame in frames if frame[:1] == b"M"]
    assert paths == [b"erp,hub", b"one,by,one"]
    assert kinds.count(b"B") == 2


def test_a_lock_that_the_application_keeps_is_transient(harness):
    t = made(harness, "create table t (id bigint primary key, name text)")
    mapped = plan(t)
    harness.insert(t, {"id": "1", "name": "a"})
    target = opened(harness, mapped)
    target._connection.execute("set lock_timeout = '200ms'")
    with harness.server.connect(harness.database) as application:
        application.execute("begin")
        application.execute(f"update {harness.schema}.t set name = 'b'")
        with pytest.raises(Transient):
            target.apply(batch(upsert(mapped, "1", "c")))
        application.execute("rollback")
    target.apply(batch(upsert(mapped, "1", "c")))
    assert harness.rows(t) == [{"id": "1", "name": "c"}]


def test_a_table_that_is_gone_stops_with_its_name(harness):
    t = made(harness, "create table t (id bigint primary key, name text)")
    mapped = plan(t)
    target = opened(harness, mapped)
    harness.connection.execute("alter table t drop column name")
    with pytest.raises(Misconfigured, match="name"):
        target.apply(batch(upsert(mapped, "1", "c")))


# the one-time work


@pytest.fixture
def role(harness):
    """A role without any privilege, and an endpoint for it."""
    name = f'r{harness.schema} "odd"'
    harness.connection.execute(f"create role {pg_name(name)} login password '{PASSWORD}'")
    yield Endpoint("crm", "postgresql", "127.0.0.1", harness.server.port, name, PASSWORD, harness.database, {})
    harness.connection.execute(f"drop owned by {pg_name(name)}; drop role {pg_name(name)}")


def test_a_role_is_told_the_grants_that_it_lacks_and_they_are_enough(harness, role):
    t = made(harness, 'create table "t" (id bigint primary key, name text)')
    harness.connection.execute(f"revoke temporary on database {harness.database} from public")
    admin, mapped = PostgreSQLTargetAdmin(role, harness.pipeline), plan(t)
    denied = [finding for finding in admin.findings([t]) if finding.exit is Exit.DENIED]
    assert len(denied) == 5
    for finding in denied:
        assert "odd" in finding.message
        harness.connection.execute(finding.hint)
    assert [finding for finding in admin.findings([t]) if finding.exit is Exit.DENIED] == []
    admin.close()
    target = PostgreSQLTarget(role, harness.pipeline, [mapped])
    target.checkpoint()
    target.apply(batch(*(upsert(mapped, str(i), "x") for i in range(101)), delete(mapped, "500")))
    target.close()


def test_row_security_is_found(harness, role):
    t = made(harness, "create table t (id bigint primary key); alter table t enable row level security")
    with_policy = PostgreSQLTargetAdmin(role, harness.pipeline)
    assert "row-security" in [finding.code for finding in with_policy.findings([t])]
    with_policy.close()
    superuser = harness.admin()
    assert "row-security" not in [finding.code for finding in superuser.findings([t])]
    superuser.close()


def test_servers_that_forget_and_keys_that_do_not_hold_draw_warnings(harness):
    # torture: G08
    harness.connection.execute("create extension if not exists citext schema public")
    t = made(harness, "create table t (id bigint primary key deferrable, mail public.citext unique, plain text unique)")
    admin = harness.admin()
    found = {finding.code: finding for finding in admin.findings([t])}
    admin.close()
    assert set(found) == {"durability", "key-deferrable", "key-collation"}
    assert "fsync" in found["durability"].message and "t_pkey" in found["key-deferrable"].message
    assert "mail" in found["key-collation"].message and "plain" not in found["key-collation"].message
    assert {finding.exit for finding in found.values()} == {Exit.OK}


def test_sequences_that_the_role_may_not_use_are_found(harness, role):
    counted = f"d int default nextval('{harness.schema}.s')"
    table = f"create table t (a bigint generated always as identity primary key, b serial, c int default 1, {counted})"
    t = made(harness, f"create sequence {harness.schema}.s; {table}")
    admin = PostgreSQLTargetAdmin(role, harness.pipeline)

    def found():
        return [finding for finding in admin.findings([t]) if "sequence" in finding.message]

    harness.connection.execute(f"grant usage on schema {harness.schema} to {pg_name(role.user)}")
    assert Counter((finding.code, finding.exit) for finding in found()) == {("privilege", Exit.DENIED): 2, ("sequence", Exit.OK): 3}
    for finding in found():
        harness.connection.execute(finding.hint)
    assert found() == []
    admin.close()


def test_without_rights_on_a_sequence_rows_go_in_all_the_same(harness, role):
    t = made(harness, "create table t (id bigint generated always as identity primary key, name text)")
    who = pg_name(role.user)
    harness.connection.execute(f"grant usage on schema {harness.schema}, cdc to {who}; grant all on t, cdc.checkpoint to {who}")
    target, mapped = PostgreSQLTarget(role, harness.pipeline, [plan(t)]), plan(t)
    target.checkpoint()
    target.apply(batch(upsert(mapped, "7", "x")))
    target.close()
    assert harness.rows(t) == [{"id": "7", "name": "x"}]


def test_setup_and_teardown(harness):
    name = f"{harness.database}_setup"
    harness.server.create(name)
    endpoint = replace(harness.endpoint(), database=name)
    one, two = PostgreSQLTargetAdmin(endpoint, "it's one"), PostgreSQLTargetAdmin(endpoint, "two")
    assert one.checkpoint() is None and one.holder() is None and one.teardown() == []
    one.execute("create schema cdc")
    assert not [statement for statement in one.setup() if statement.startswith("create schema")]
    one.execute("drop schema cdc")
    assert one.setup()[0].startswith("create schema")
    for statement in one.setup():
        one.execute(statement)
    assert one.setup() == [] and one.checkpoint() is None
    for pipeline in ("it's one", "two"):
        target = PostgreSQLTarget(endpoint, pipeline, [])
        target.checkpoint()
        target.apply(batch(upto=pipeline))
        target.close()
    assert (one.checkpoint().position, two.checkpoint().position) == ("it's one", "two")
    for statement in one.teardown():
        one.execute(statement)
    assert one.checkpoint() is None and one.teardown() == [] and two.checkpoint().position == "two"
    one.execute("create table cdc.mine (a int)")
    assert two.teardown() == [f"drop table cdc.{name}" for name in ("audit_trail", "checkpoint", "parked")]
    one.execute("drop table cdc.mine")
    for statement in two.teardown():
        two.execute(statement)
    assert one.setup()[0].startswith("create schema")
    one.close()
    two.close()


def test_tables_of_the_first_layout_are_brought_up_however_often_that_is_broken_off(harness):
    """torture: A24."""
    name = f"{harness.database}_older"
    harness.server.create(name)
    endpoint = replace(harness.endpoint(), database=name)
    admin = PostgreSQLTargetAdmin(endpoint, "one")
    for statement in ledger.POSTGRESQL:
        admin.execute(statement)
    admin.execute("insert into cdc.checkpoint values ('one', 3, 2, 'streaming', 'x:9', '', 'h:1', 1.5, 7, now())")
    done = []
    while needed := admin.setup():
        done.append(needed[0])
        admin.execute(needed[0])
    assert (len(done), len(set(done)), admin.checkpoint().position) == (len(done), len(done), "x:9")
    target = PostgreSQLTarget(endpoint, "one", [])
    assert target.checkpoint().rows == 7
    target.close()
    admin.execute("comment on table cdc.checkpoint is 'cdc layout 99'")
    for asks in (admin.setup, admin.checkpoint):
        with pytest.raises(Misconfigured, match="of layout 99"):
            asks()
    admin.close()
