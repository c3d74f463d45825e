"""What a log leaves out of a row never overwrites anything: unchanged TOAST values and MariaDB's partial row images, all the way through."""

import random

import pytest

from tests.service import Service

MAPPING = """\
version: 1
mapping: doc
source: doc
target: doc
key: [id]
where: active
columns:
  id: id
  state: state
  note: note
  head: upper(left(note, 5))
"""
SOURCE = {
    True: "create table doc (id int primary key, state varchar(40) default 'new', note text, active boolean not null default true)",
    False: "create table doc (id int primary key, state varchar(40) default 'new', note mediumtext, active boolean not null default true)",
}
TARGET = {
    True: "create table doc (id int primary key, remark varchar(40) default 'ours', state varchar(40), note text, extra bytea, head varchar(5))",
    False: "create table doc (id int primary key, remark varchar(40) default 'ours', state varchar(40), note mediumtext, extra blob, head varchar(5))",
}
"""By whether it is PostgreSQL. `remark` and `extra` are named by no mapping."""
LOGS = {
    "toast": ("postgresql", "alter table doc replica identity default"),
    "toast-index": ("postgresql", "create unique index doc_again on doc (id); alter table doc replica identity using index doc_again"),
    "toast-full": ("postgresql", "alter table doc replica identity full"),
    "minimal": ("mariadb", "set session binlog_row_image = minimal"),
    "noblob": ("mariadb", "set session binlog_row_image = noblob"),
    "full": ("mariadb", "set session binlog_row_image = full"),
}
"""How the source's log is made to carry rows: the application's own session says so on MariaDB."""
WHOLE = {"toast-full", "full"}


class Docs(Service):
    """Documents with a large note, followed by a running process."""

    def __init__(self, folder, source, target, log, mapping=MAPPING):
        super().__init__(folder, {"erp": source, "crm": target}, {"docs": ("erp", "crm", mapping)})
        self.whole, self.id, self.ticks = log in WHOLE, 0, 0
        self.sql("erp", SOURCE[self.is_postgresql("erp")])
        if self.is_postgresql("erp"):
            self.sql("erp", "alter table doc alter note set storage external")
        self.sql("erp", LOGS[log][1], "insert into doc values (0, 'tick', null, true)")
        self.sql("crm", TARGET[self.is_postgresql("crm")])

    def erp(self, *statements):
        """Commit the statements in one transaction and wait until the target has them."""
        self.ticks += 1
        self.sql("erp", "begin", *statements, "commit", f"update doc set state = 'tick {self.ticks}' where id = 0")
        self.until(lambda: self.crm(0)[1] == f"tick {self.ticks}")

    def crm(self, number):
        """The target's row but for its key, or None."""
        found = self.sql("crm", f"select remark, state, note, head from doc where id = {number}")
        return found[0] if found else None

    def added(self, active=True):
        """Add a document and return its id and its note."""
        self.id += 1
        note = f"note {self.id} ä'\\ " * 2000
        quoted = note.replace("'", "''").replace("\\", "\\" if self.is_postgresql("erp") else "\\\\")
        self.erp(f"insert into doc values ({self.id}, 'new', '{quoted}', {active})")
        assert self.crm(self.id) == (("ours", "new", note, "NOTE ") if active else None)
        return self.id, note


@pytest.fixture(
    scope="module",
    params=[(log, target) for log in LOGS for target in ("postgresql", "mariadb") if (log, target) != ("toast-index", "mariadb")],
    ids="-to-".join,
)
def docs(request, tmp_path_factory):
    log, target = request.param
    made = Docs(tmp_path_factory.mktemp("docs"), *(request.getfixturevalue(engine) for engine in (LOGS[log][0], target)), log)
    made.start()
    made.until(lambda: made.crm(0) is not None)
    yield made
    made.stop()
    made.close()


def chunks(docs):
    """The values of PostgreSQL's target that stand out of line; a value that is written again gets another number."""
    (toast,) = docs.sql("crm", "select reltoastrelid::regclass::text from pg_class where oid = 'doc'::regclass")[0]
    return {chunk for (chunk,) in docs.sql("crm", f"select chunk_id from {toast}")}


def test_a_value_that_the_log_left_out_is_not_touched(docs):
    number, note = docs.added()
    before = chunks(docs) if docs.is_postgresql("crm") else set()
    docs.erp(f"update doc set state = 'seen' where id = {number}")
    assert docs.crm(number) == ("ours", "seen", note, "NOTE ")
    if docs.is_postgresql("crm") and not docs.whole:
        assert before <= chunks(docs)


def test_what_the_target_has_instead_stays_unless_the_log_says_otherwise(docs):
    number, note = docs.added()
    docs.sql("crm", f"update doc set note = 'by hand', head = 'HAND' where id = {number}")
    docs.erp(f"update doc set state = 'seen' where id = {number}")
    assert docs.crm(number) == (("ours", "seen", note, "NOTE ") if docs.whole else ("ours", "seen", "by hand", "HAND"))
    docs.erp(f"update doc set note = 'short' where id = {number}")
    assert docs.crm(number) == ("ours", "seen", "short", "SHORT")


def test_null_is_not_left_out(docs):
    number, _ = docs.added()
    docs.erp(f"update doc set note = null where id = {number}")
    assert docs.crm(number) == ("ours", "new", None, None)
    docs.erp(f"update doc set note = repeat('z', 9000) where id = {number}")
    docs.erp(f"update doc set state = null where id = {number}")
    assert docs.crm(number) == ("ours", None, "z" * 9000, "ZZZZZ")


def test_a_row_that_enters_the_filter_arrives_whole(docs):
    number, note = docs.added(active=False)
    docs.erp(f"update doc set active = true where id = {number}")
    assert docs.crm(number) == ("ours", "new", note, "NOTE ")


def test_a_row_outside_the_filter_stays_out_and_one_that_leaves_it_goes(docs):
    number, note = docs.added(active=False)
    docs.erp(f"update doc set state = 'hidden' where id = {number}")
    assert docs.crm(number) is None
    docs.erp(f"update doc set active = true where id = {number}", f"update doc set state = 'shown' where id = {number}")
    assert docs.crm(number) == ("ours", "shown", note, "NOTE ")
    docs.erp(f"update doc set active = false where id = {number}")
    assert docs.crm(number) is None


def test_parts_of_a_row_outside_the_filter_do_not_add_up_to_a_row(docs):
    number, _ = docs.added(active=False)
    docs.erp(f"update doc set state = 'hidden' where id = {number}", f"update doc set note = null where id = {number}")
    assert docs.crm(number) is None
    docs.erp(f"update doc set active = true where id = {number}")
    assert docs.crm(number) == ("ours", "hidden", None, None)


def test_a_row_that_an_application_deleted_comes_back_whole(docs):
    number, note = docs.added()
    docs.sql("crm", f"delete from doc where id = {number}")
    docs.erp(f"update doc set state = 'back' where id = {number}")
    assert docs.crm(number) == ("ours", "back", note, "NOTE ")


def test_a_key_change_keeps_what_the_log_left_out(docs):
    number, note = docs.added()
    docs.sql("crm", f"update doc set remark = 'mine' where id = {number}")
    docs.erp(f"update doc set id = {1000 + number} where id = {number}")
    assert (docs.crm(number), docs.crm(1000 + number)) == (None, ("mine", "new", note, "NOTE "))


def test_a_key_change_of_a_row_that_the_target_lacks_arrives_whole(docs):
    number, note = docs.added()
    docs.sql("crm", f"delete from doc where id = {number}")
    docs.erp(f"update doc set id = {1000 + number} where id = {number}")
    assert (docs.crm(number), docs.crm(1000 + number)) == (None, ("ours", "new", note, "NOTE "))
    number, note = docs.added(active=False)
    docs.erp(f"update doc set id = {1000 + number}, active = true where id = {number}")
    assert (docs.crm(number), docs.crm(1000 + number)) == (None, ("ours", "new", note, "NOTE "))


def test_in_one_transaction_the_last_values_hold(docs):
    number, _ = docs.added()
    docs.erp(
        f"update doc set state = 'one' where id = {number}",
        f"update doc set note = repeat('y', 9000) where id = {number}",
        f"update doc set state = 'two' where id = {number}",
    )
    assert docs.crm(number) == ("ours", "two", "y" * 9000, "YYYYY")
    docs.erp(
        f"delete from doc where id = {number}",
        f"insert into doc (id, note) values ({number}, repeat('x', 9000))",
        f"update doc set state = 'three' where id = {number}",
        f"insert into doc (id) values ({5000 + number})",
    )
    assert docs.crm(number) == ("ours", "three", "x" * 9000, "XXXXX")
    assert docs.crm(5000 + number) == ("ours", "new", None, None)
    docs.erp(
        f"update doc set active = false where id = {number}", f"update doc set id = {1000 + number}, active = true where id = {number}"
    )
    assert (docs.crm(number), docs.crm(1000 + number)) == (None, ("ours", "three", "x" * 9000, "XXXXX"))


def all_rows(docs, name, query):
    return [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in docs.sql(name, query)]


def test_what_no_mapping_names_is_the_same_bytes_before_and_after(docs):
    chance = random.Random(11)
    base = 20_000
    docs.erp(*(f"insert into doc values ({base + n}, 'new', repeat('{chr(97 + n)}', 9000), {n % 4 > 0})" for n in range(20)))
    bytes_of = "decode(md5(id::text), 'hex')" if docs.is_postgresql("crm") else "unhex(sha2(id, 256))"
    docs.sql(
        "crm",
        f"insert into doc (id, remark, state, note, head) values ({base + 500}, null, 'theirs', repeat('t', 9000), 'T')",
        f"insert into doc (id, state) values ({base + 501}, 'theirs')",
        f"update doc set remark = concat('r', id), extra = {bytes_of} where id > {base}",
        "create table aside as select * from doc",
    )
    theirs = f"select * from doc where id >= {base + 500} order by id"
    named_by_none = f"select id, remark, extra from doc where id > {base} and id < {base + 500} order by id"
    before = {name: all_rows(docs, "crm", query) for name, query in (("theirs", theirs), ("columns", named_by_none))}
    for _ in range(30):
        number = base + chance.randrange(20)
        docs.sql("erp", chance.choice((
            f"update doc set state = 's{chance.random()}' where id = {number}",
            f"update doc set note = repeat('{chr(97 + chance.randrange(26))}', 9000) where id = {number}",
            f"update doc set note = null where id = {number}",
            f"update doc set state = state where id = {number}",
        )))  # fmt: skip
    ours = all_rows(docs, "erp", "select id, state, note from doc order by id")
    docs.erp()
    assert all_rows(docs, "crm", theirs) == before["theirs"]
    assert all_rows(docs, "crm", named_by_none) == before["columns"]
    after = {row[0]: row[1:] for row in docs.sql("crm", f"select id, state, note from doc where id >= {base} and id < {base + 500}")}
    assert after == {row[0]: row[1:] for row in ours if row[0] >= base and row[0] % 4}
    assert all_rows(docs, "erp", "select id, state, note from doc where id > 0 order by id") == [row for row in ours if row[0]]
    docs.sql("crm", "drop table aside", f"delete from doc where id >= {base + 500}")


@pytest.fixture
def once(request, tmp_path):
    """A service of one document table that is run by hand."""
    made = []

    def make(log, mapping=MAPPING):
        source, target = LOGS[log][0], {"postgresql": "mariadb", "mariadb": "postgresql"}[LOGS[log][0]]
        made.append(Docs(tmp_path, request.getfixturevalue(source), request.getfixturevalue(target), log, mapping))
        return made[-1]

    yield make
    for given in made:
        given.close()


SOFT = MAPPING + """  remark: "'here'"\ndeletes: soft\nsoft_delete: {remark: gone}\n"""
IGNORE = MAPPING + "deletes: ignore\n"
PARTIAL = [log for log in LOGS if log not in WHOLE | {"toast-index"}]


@pytest.mark.parametrize(("mapping", "left"), [(SOFT, "gone"), (IGNORE, "ours")], ids=["soft", "ignore"])
@pytest.mark.parametrize("log", PARTIAL)
def test_a_row_that_comes_back_to_a_target_that_kept_it_is_not_what_it_was(once, log, mapping, left):
    given = once(log, mapping)
    given.sql("erp", "insert into doc values (1, 'new', repeat('a', 9000), true), (2, 'new', repeat('b', 9000), true)")
    given.once()
    given.sql("erp", "update doc set active = false where id > 0")
    given.once()
    assert [given.crm(number)[:2] for number in (1, 2)] == [(left, "new")] * 2
    given.sql("erp", "update doc set note = repeat('c', 9000) where id = 1", "update doc set state = 'hidden' where id = 2")
    given.once()
    assert given.crm(1)[:3] == (left, "new", "a" * 9000)
    given.sql("erp", "update doc set note = repeat('d', 9000) where id = 2", "update doc set active = true where id > 0")
    given.once()
    here = "here" if left == "gone" else "ours"
    assert (given.crm(1), given.crm(2)) == ((here, "new", "c" * 9000, "CCCCC"), (here, "hidden", "d" * 9000, "DDDDD"))


@pytest.mark.parametrize("log", PARTIAL)
def test_a_row_that_takes_the_key_of_one_that_is_kept_takes_nothing_else_of_it(once, log):
    given = once(log, SOFT)
    given.sql("erp", "insert into doc values (1, 'one', repeat('a', 9000), true), (2, 'two', repeat('b', 9000), true)")
    given.once()
    given.sql("erp", "delete from doc where id = 1", "update doc set id = 1 where id = 2")
    given.once()
    assert (given.crm(1), given.crm(2)) == (("here", "two", "b" * 9000, "BBBBB"), ("gone", "two", "b" * 9000, "BBBBB"))


@pytest.mark.parametrize("log", ["toast", "minimal"])
def test_a_filter_that_needs_what_the_log_left_out_stops(once, log):
    """Nothing of the row is missing but what `where` asks for: whether the row belongs to the target can't be told."""
    given = once(log, "version: 1\nmapping: doc\nsource: doc\ntarget: doc\nkey: [id]\nwhere: note like 'KEEP%'\nsame: [id, state]\n")
    given.sql("erp", "insert into doc values (1, 'new', concat('KEEP', repeat('canary', 2000)), true)")
    given.once()
    given.sql("erp", "update doc set state = 'seen' where id = 1")
    done = given.command("run", "--once")
    assert done.returncode == 78, done.stderr
    assert "`where` needs" in done.stderr
    assert "canary" not in done.stderr
    assert given.crm(1) == ("ours", "new", None, None)


def test_a_server_that_logs_rows_in_part_by_its_own_setting_is_refused(once):
    given = once("full")
    given.once()
    given.sql("erp", "set global binlog_row_image = minimal")
    try:
        done = given.command("run", "--once")
    finally:
        given.sql("erp", "set global binlog_row_image = full")
    assert done.returncode == 78
    assert "set global binlog_row_image = FULL" in done.stderr
    given.once()
