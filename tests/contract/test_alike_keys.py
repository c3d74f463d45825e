"""Keys that the source tells apart and the target's server holds equal: two rows never become one, and neither is taken for the other."""

import pytest

from tests.contract.test_types_roundtrip import pair

LEVEL_1 = "create collation alike (provider = icu, locale = 'und-u-ks-level1', deterministic = false)"
EXACT = {"pg": "varchar(30)", "my": "varchar(30) character set utf8mb4 collate utf8mb4_bin"}
FOLDED = {"pg": "citext", "my": "varchar(30) character set utf8mb4 collate utf8mb4_general_ci"}
ALIKE = {
    "pg": [("citext", "a", "A"), ('varchar(30) collate "alike"', "Ete", "été"), ('text collate "alike"', "ß", "ss")],
    "my": [
        ("varchar(30) character set utf8mb4 collate utf8mb4_unicode_ci", "aé", "AE"),
        ("varchar(30) character set utf8mb4 collate utf8mb4_unicode_ci", "ß", "SS"),
        ("varchar(30) character set latin1 collate latin1_swedish_ci", "été", "Ete"),
        ("char(30) character set utf8mb4 collate utf8mb4_general_ci", "a", "A"),
        ("varchar(30) character set utf8mb4 collate utf8mb4_0900_ai_ci", "é", "E"),
        (FOLDED["my"], "b", "b "),
    ],
}
PAIRS = ["pg-pg", "pg-my", "my-pg", "my-my"]


def mapping(at, rules=""):
    return f"version: 1\nmapping: m{at}\nsource: t{at}\ntarget: t{at}\nkey: [code]\n{rules}same: [code, name]\n"


def tables(flow, natives, also=""):
    """The tables t0, t1, … with keys of these types, (source, target)."""
    for side in (flow.source, flow.target):
        if side.postgresql:
            side.run(LEVEL_1)
    for at, (source, target) in enumerate(natives):
        flow.source.run(f"create table t{at} (code {source} not null primary key, name varchar(30))")
        flow.target.run(f"create table t{at} (code {target} not null primary key, name varchar(30){also})")


@pytest.mark.parametrize("name", PAIRS)
def test_two_rows_of_the_source_never_become_one(name, request, database, endpoint):
    """By the load and in one batch, the second is refused, and what happens to it later leaves the first alone.

    torture: E11, G05
    """
    source, target = name.split("-")
    cases = [case for case in ALIKE[target] if source == "pg" or case[2] != "b "]  # the source holds these equal itself
    with pair(request, database, endpoint, name) as flow:
        cases = [case for case in cases if flow.target.has(case[0])]
        tables(flow, [(EXACT[source], native) for native, *_ in cases])
        flow.follow(*map(mapping, range(len(cases))))

        def run(statement):
            flow.refused.clear()
            for at, (_, one, other) in enumerate(cases):
                flow.source.run(statement.format(t=f"t{at}", one=f"{at}{one}", other=f"{at}{other}"))

        def kept(place):
            return [flow.target.run(f"select code, name from t{at} order by name") for at in range(len(cases))] == [
                [(f"{at}{texts[place]}", ["first", "second"][place])] for at, (_, *texts) in enumerate(cases)
            ]

        run("insert into {t} values ('{one}', 'first'), ('{other}', 'second')")
        flow.stream()
        others = {f"{at}{other}" for at, (*_, other) in enumerate(cases)}
        assert kept(0)
        assert set(flow.refused) == others
        assert all("uplicate" in str(error) and "there already" in error.hint for error in flow.refused.values())
        run("update {t} set name = 'changed' where code = '{other}'")
        flow.stream()
        assert kept(0)
        assert set(flow.refused) == others
        run("delete from {t} where code = '{other}'")
        flow.stream()
        assert kept(0)
        run("insert into {t} values ('{other}', 'second')")
        flow.load()
        assert kept(0)
        assert set(flow.refused) == others
        run("delete from {t} where code = '{one}'")
        flow.stream()
        flow.load()
        assert kept(1)


@pytest.mark.parametrize("name", PAIRS)
def test_one_row_whose_case_changes_stays_one(name, request, database, endpoint):
    """A key change is that; a row that is deleted and made anew in another spelling follows the one that is gone.

    torture: G01
    """
    soft = "deletes: soft\nsoft_delete: {gone: 1}\ncolumns: {gone: 0}\n"
    source, target = name.split("-")
    with pair(request, database, endpoint, name) as flow:
        tables(flow, [(EXACT[source], FOLDED[target])] * 3, also=", own varchar(9) default 'new', gone smallint default 0")
        flow.follow(mapping(0), mapping(1), mapping(2, soft))
        for at in range(3):
            flow.source.run(f"insert into t{at} values ('a', 'first')")
        flow.stream()
        for at in range(3):
            flow.target.run(f"update t{at} set own = 'app'")
        flow.source.run("update t0 set code = 'A', name = 'second' where code = 'a'")
        for at in (1, 2):
            flow.source.run(f"delete from t{at} where code = 'a'", f"insert into t{at} values ('A', 'second')")
        flow.stream()
        assert [flow.target.run(f"select code, name, own from t{at}") for at in (0, 1)] == [
            [("A", "second", own)] for own in ("app", "new")
        ]
        found = flow.target.run("select code, name, gone from t2")
        if flow.target.postgresql:  # the marked row has the key still
            assert (found, set(flow.refused)) == ([("a", "first", 1)], {"A"})
        else:
            assert (found, flow.refused) == ([("A", "second", 0)], {})


@pytest.mark.parametrize(("name", "native"), [("pg-pg", "citext"), ("my-my", FOLDED["my"])])
def test_where_the_source_holds_them_equal_too_it_is_one_row(name, native, request, database, endpoint):
    """What an application wrote in another spelling is taken over; a row that comes back in one batch is not marked by its own delete.

    torture: E11
    """
    with pair(request, database, endpoint, name) as flow:
        tables(flow, [(native, native)] * 2, also=", gone smallint default 0")
        for at in (0, 1):
            flow.target.run(f"insert into t{at} (code, name) values ('KEY', 'there')")
        flow.follow(mapping(0), mapping(1, "deletes: soft\nsoft_delete: {gone: 1}\ncolumns: {gone: 0}\n"))
        for at in (0, 1):
            flow.source.run(f"insert into t{at} values ('key', 'first')")
        flow.stream()
        for at in (0, 1):
            flow.source.run(f"delete from t{at} where code = 'key'", f"insert into t{at} values ('Key', 'second')")
        flow.stream()
        assert flow.refused == {}
        assert [flow.target.run(f"select lower(code), name, gone from t{at}") for at in (0, 1)] == [[("key", "second", 0)]] * 2
