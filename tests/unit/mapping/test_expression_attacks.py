"""Expressions that try to get out: at Python, files, the clock, the process's memory or its time. Each is refused, or harmless and quick."""

import json
from time import perf_counter

import pytest

from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.generated import RUNTIME
from cdc.mapping.expression.salt import Salt
from cdc.mapping.expression.scope import Scope
from cdc.mapping.files.problem import failed
from cdc.model.table import Column
from tests.definitions import INT, TEXT, compiled, row_plan, shape, spec, table
from tests.expressions import COLUMNS, value

PYTHON = [
    "__import__('os').system('id')",
    "__import__('os')",
    "eval('1')",
    "exec('import os')",
    "compile('1', '', 'eval')",
    "open('/etc/passwd')",
    "getattr(s, '__class__')",
    "globals()",
    "locals()",
    "vars()",
    "breakpoint()",
    "input()",
    "print(s)",
    "type(s)",
    "s.__class__",
    "s.__class__.__mro__",
    "s.upper()",
    "old.__class__",
    "old.s.__class__",
    "().__class__.__bases__[0].__subclasses__()",
    "''.join(s)",
    "[x for x in s]",
    "{s}",
    "{0.__class__}",
    "lambda x: x",
    "s if b else x",
    "not_a_name",
    "r",
    "r[0]",
    "c0",
    "k0",
    "t1",
    "t1 := s",
    "ABSENT",
    "failed(s)",
    "missing(s)",
    "DATA_ERRORS",
    "map_row(r)",
    "map_partial(r)",
    "Decimal(s)",
    "BadValue(s)",
    "Salt('x')",
    "LIMIT",
    "UNFIT",
    "COUNTRIES",
    "__builtins__",
    '"__builtins__"',
    "None",
    "NotImplemented",
    "int(s)",
    "len(s)",
    "str(s)",
    "abs(s)",
    "hash_sha256.salt",
    "stable_uuid.__globals__",
    "date_in(s)",
    "numeric_out(n)",
    "identifier_of(s)",
    "f'{s}'",
    "b'\\x00'",
    "`id`",
    "s\n__import__('os')",
    "s'); import os; ('",
    "'a' + __import__('os').name",
]
SERVERS = [
    "pg_read_file('/etc/passwd')",
    "pg_ls_dir('/')",
    "lo_import('/etc/passwd')",
    "load_file('/etc/passwd')",
    "dblink('host=x', 'select 1')",
    "query_to_xml('select 1', true, true, '')",
    "xmlparse(document s)",
    "pg_sleep(60)",
    "sleep(60)",
    "benchmark(1000000000, md5(s))",
    "set_config('role', 'x', false)",
    "current_setting('data_directory')",
    "version()",
    "inet_server_addr()",
    "getenv('HOME')",
    "current_user",
    "user",
    "session_user",
    "nextval('s')",
    "txid_current()",
    "(select password from users)",
    "s union select 1",
    "s; drop table t",
    "s into outfile '/tmp/x'",
    "copy t to program 'id'",
    "@@version",
    "@x := 1",
    "$$a$$ || pg_sleep(1)",
    "/*!50000 sleep(1) */",
    "s -- , secret",
]
CLOCK_AND_CHANCE = [
    "now()",
    "now",
    "current_timestamp",
    "current_date",
    "localtime",
    "clock_timestamp()",
    "statement_timestamp()",
    "sysdate()",
    "random()",
    "rand()",
    "gen_random_uuid()",
    "uuid()",
    "'now'::timestamp",
    "'today'::date",
    "'tomorrow'::timestamptz",
    "cast(s as timestamp) + random()",
]


# torture: K03
@pytest.mark.parametrize("text", [*PYTHON, *SERVERS, *CLOCK_AND_CHANCE])
def test_there_is_no_way_out(text):
    begun = perf_counter()
    _, problems = check_value(text, Scope("t", COLUMNS))
    assert problems
    assert perf_counter() - begun < 2
    for problem in problems:
        assert problem.message
        assert 0 <= problem.offset <= len(text)


# torture: K01
@pytest.mark.parametrize(
    "name",
    [
        "__builtins__",
        "__class__",
        "__import__('os')",
        "');import os;('",
        "]; raise SystemExit  #",
        "\\",
        "\n",
        "'",
        '"',
        "{0}",
        "{}",
        "%s",
        "c0",
        "None",
        "r",
        "\u202e",
        "lambda",
    ],
)
def test_names_in_the_catalogue_never_become_code(name):
    """Columns, value maps and texts may be called anything."""
    source = table("customer", [Column("id", INT), Column(name, TEXT)], identity=("id", name))
    target = table("accounts", [Column("id", INT), Column("a", TEXT), Column("b", TEXT), Column(name, TEXT)])
    quoted = '"' + name.replace('"', '""') + '"'
    key = "'" + name.replace("'", "''") + "'"
    text = {
        "version": 1,
        "mapping": "m",
        "source": "customer",
        "target": "accounts",
        "key": ["id"],
        "columns": {"id": "id", "a": f"upper({quoted}) || {key}", "b": {"map": "names", "from": quoted}, name: f"old.{quoted}"},
        "maps": {"names": {name: name}},
    }
    plan = row_plan(json.dumps(text), source, target)
    mapped = plan.map_row(("1", name, "0", "before", "update", None))
    assert mapped == (("1",), ("1", f"{name}".upper() + name, name, "before"))


# torture: K03
@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "s" + ")" * 5000,
        "not " * 5000 + "b",
        "-" * 5000 + "i4",
        "s" + " || s" * 100_000,
        "+".join(["i4"] * 20_000),
        "case " + "when b then 1 " * 5000 + "end",
        "coalesce(" * 2000 + "s" + ")" * 2000,
        "i4 in (" + ",".join(map(str, range(50_000))) + ")",
        "concat(" + ",".join(["s"] * 5000) + ")",
        "'" + "x" * 100_000 + "'",
        "s" * 100_000,
        "b" + " and b" * 50_000,
        "cast(" * 1000 + "s" + " as text)" * 1000,
        "(((((((((((((((((((((((((((((((((((((((",
        "'" * 9999,
        "\x00",
        "\ud800",
        "",
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_monsters_are_refused_at_once(text):
    begun = perf_counter()
    assert check_value(text, Scope("t", COLUMNS))[1]
    assert perf_counter() - begun < 5


# torture: K04
@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("repeat(s, 2000000000)", {"s": "x"}),
        ("repeat(repeat(s, 1000000), 1000000)", {"s": "x"}),
        ("lpad(s, 2000000000, 'x')", {"s": "x"}),
        ("replace(s, 'x', repeat('y', 1000000))", {"s": "x" * 1000}),
        ("n * n * n * n", {"n": "9" * 1000}),
        ("n / 3", {"n": "9" * 100_000}),
        ("cast(s as numeric)", {"s": "1e131072"}),
        ("cast(s as numeric)", {"s": "9" * 1_000_000}),
        ("cast(s as bigint)", {"s": "9" * 1_000_000}),
        ("round(n, 2000000000)", {"n": "1"}),
        ("s like x", {"s": "a" * 10_000, "x": "%a" * 1000 + "b"}),
        ("s ilike x", {"s": "a" * 10_000, "x": "%a" * 1000 + "b"}),
        ("nfc(s)", {"s": "a" + "\u0300\u0323" * 500_000}),
        ("strip_accents(s)", {"s": "a" + "\u0300\u0323" * 500_000}),
        ("clean_email(s)", {"s": "a@" * 500_000}),
        ("clean_phone(s, 'DE')", {"s": "+" * 1_000_000}),
        ("title_case(s)", {"s": "'a" * 500_000}),
        ("fit(s, 1000000)", {"s": "\U0001f1e6" * 1_000_001}),
        ("mask(s, 1, 1)", {"s": "x" * 1_000_000}),
        ("split_part(s, 'a', 2000000000)", {"s": "a" * 1_000_000}),
        ("cast(s as date)", {"s": "2024" * 100_000}),
        ("cast(s as timestamptz)", {"s": " " * 1_000_000}),
        ("cast(s as boolean)", {"s": " " * 1_000_000}),
        ("cast(s as uuid)", {"s": "{" * 1_000_000}),
    ],
)
def test_no_row_takes_the_memory_or_the_time(text, row):
    """A result or an error of the row, soon."""
    begun = perf_counter()
    try:
        value(text, **row)
    except Exception as error:  # noqa: BLE001 - which one is what other tests ask
        assert not isinstance(error, (MemoryError, RecursionError)), error
    assert perf_counter() - begun < 10


def test_generated_code_sees_the_runtime_and_its_own_constants_alone():
    """No module, nothing that opens, imports, evaluates or looks things up by name."""
    forbidden = {
        "eval",
        "exec",
        "compile",
        "open",
        "__import__",
        "getattr",
        "setattr",
        "globals",
        "locals",
        "vars",
        "input",
        "print",
        "type",
    }
    assert forbidden.isdisjoint(RUNTIME)
    assert not [name for name, found in RUNTIME.items() if type(found).__name__ == "module"]
    assert not [name for name in RUNTIME if name.startswith("_")]


def test_generated_code_has_no_builtins():
    made = row_plan(
        "version: 1\nmapping: m\nsource: customer\ntarget: accounts\nkey: [id]\ncolumns:\n  id: id\n  a: upper(name)\n",
        table("customer", [Column("id", INT), Column("name", TEXT)]),
        table("accounts", [Column("id", INT), Column("a", TEXT)]),
    )
    assert made.map_row.__globals__["__builtins__"] == {}


def test_an_error_shows_no_value_and_no_salt():
    source = table("customer", [Column("id", INT), Column("name", TEXT)])
    target = table("accounts", [Column("id", INT), Column("a", INT)])
    text = "version: 1\nmapping: m\nsource: customer\ntarget: accounts\nkey: [id]\ncolumns:\n  id: id\n  a: cast(hash_sha256(name) as integer)\n"
    one = spec(text)
    one.salt = Salt("CANARY-of-the-salt")
    plan, problems = compiled([one], source, target)
    assert not failed(problems)
    (made,) = plan.bind(shape(source))
    with pytest.raises(Exception, match="column 'a'") as raised:
        made.map_row(("1", "CANARY-of-the-row"))
    shown = repr(raised.value) + str(raised.value) + raised.value.hint
    assert "CANARY" not in shown
