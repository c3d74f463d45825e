"""What a column's long form says besides its value: when it is written, what it is held to, and what becomes of a value that fails."""

from dataclasses import replace

import pytest

from cdc.mapping.compile import check_expressions
from cdc.mapping.files.problem import Level
from cdc.mapping.spec.rules import check, check_set
from cdc.model.change import ABSENT
from cdc.model.errors import BadRow, Halted, Misconfigured
from cdc.model.table import Column
from tests.definitions import BIGINT, BOOL, INT, TEXT, UUID, char, compiled, numeric, row_plan, spec, table, varchar

CUSTOMER = table(
    "customer",
    [
        Column("id", INT, nullable=False),
        Column("name", TEXT),
        Column("code", char(8)),
        Column("country", TEXT),
        Column("cents", BIGINT),
        Column("factor", INT),
        Column("active", BOOL),
    ],
)
ACCOUNTS = table(
    "accounts",
    [
        Column("id", INT, nullable=False),
        Column("name", varchar(10)),
        Column("note", TEXT),
        Column("code", varchar(4)),
        Column("country", varchar(2)),
        Column("amount", numeric(6, 2)),
        Column("ratio", INT),
        Column("made", TEXT, nullable=False),
        Column("seen", TEXT, nullable=False, default=True),
    ],
)
HEAD = "version: 1\nmapping: customers\nsource: customer\ntarget: accounts\nkey: [id]\ncolumns:\n  id: id\n"


def problems(columns, *others):
    specs = [spec(HEAD + columns), *others]
    return [problem for problem in compiled(specs, CUSTOMER, ACCOUNTS)[1] if problem.level in (Level.ERROR, Level.WARNING)]


def only(columns):
    (problem,) = [problem for problem in problems(f"  made: {{value: name, write: insert}}\n{columns}") if problem.level is Level.ERROR]
    return problem


def mapped(columns, **given):
    """The image that a row gives, by column."""
    plan = row_plan(f"{HEAD}  made: \"''\"\n{columns}", CUSTOMER, ACCOUNTS)
    row = tuple({"id": "7", **given}.get(column.name) for column in CUSTOMER.columns)
    _, image = plan.map_row(row)
    return {column.name: text for column, text in zip(plan.target.columns, image, strict=True) if column.name not in ("id", "made")}


class TestWrite:
    def test_the_plan_knows_what_is_written_when(self):
        text = "  made: {value: name, write: insert}\n  seen: {value: name, write: update}\n  note: {value: name, write: always}\n"
        plan, _ = compiled([spec(HEAD + text)], CUSTOMER, ACCOUNTS)
        assert not problems(text)
        (target,) = plan.targets
        assert [target.columns[at].name for at in target.once] == ["made"]
        assert [target.columns[at].name for at in target.later] == ["seen"]

    def test_a_new_row_needs_what_only_an_update_would_set(self):
        (problem,) = problems("  made: {value: name, write: update}\n")
        assert (problem.code, problem.line, problem.column) == ("column-required", 8, 23)
        assert "`write: update` leaves it out of new rows" in problem.message

    def test_the_key_is_written_always(self):
        read = spec(HEAD.replace("id: id", "id: {value: id, write: insert}"))
        assert not read.options["id"].check
        assert [problem.code for problem in check(read)] == ["key-not-written"]


class TestSeveralMappings:
    def other(self, columns, name="details"):
        return spec(HEAD.replace("customers", name) + columns, f"mappings/{name}.yaml")

    def test_a_mapping_that_can_make_no_rows_is_told_apart(self):
        (problem,) = problems("  made: name\n", self.other("  note: name\n"))
        assert (problem.level, problem.code, problem.file) == (Level.WARNING, "makes-no-rows", "mappings/details.yaml")
        assert "only mapping 'customers' gives column 'made' the value that it must have" in problem.message

    def test_rows_of_its_own_need_all_values(self):
        """Keys in different namespaces never name one row, so that nobody else fills it."""
        keys = [
            text.replace("id: id", f"id: {{value: \"stable_uuid('{name}', id)\"}}")
            for name, text in (("a", HEAD), ("b", HEAD.replace("customers", "details")))
        ]
        target = table("accounts", [Column("id", UUID, nullable=False), *ACCOUNTS.columns[1:]])
        found = compiled([spec(keys[0] + "  made: \"''\"\n"), spec(keys[1] + "  note: name\n", "b.yaml")], CUSTOMER, target)[1]
        assert [(problem.code, problem.file) for problem in found if problem.level is Level.ERROR] == [("column-required", "b.yaml")]

    def test_a_value_for_new_rows_mends_it_and_takes_nothing_from_the_owner(self):
        both = spec(HEAD + "  made: name\n"), self.other("  note: name\n  made: {value: \"''\", write: insert}\n")
        for specs in (both, both[::-1]):
            assert list(check_set(specs, "public")) == []
            assert not [problem for problem in compiled(specs, CUSTOMER, ACCOUNTS)[1] if problem.level is not Level.NOTE]

    @pytest.mark.parametrize("write", ["insert", "update", "always"])
    def test_two_that_write_alike_are_one_too_many(self, write):
        both = [self.other(f"  made: {{value: name, write: {write}}}\n", name) for name in ("one", "two")]
        assert [problem.code for problem in check_set(both, "public")] == ["column-written-twice"]

    def test_a_third_is_measured_against_the_owner(self):
        seed, owner, third = (
            self.other(f"  made: {{value: name, write: {w}}}\n", n) for n, w in (("a", "insert"), ("b", "always"), ("c", "update"))
        )
        (problem,) = check_set([seed, owner, third], "public")
        assert (problem.code, problem.file) == ("column-written-twice", "mappings/c.yaml")
        assert "mapping 'b'" in problem.message


class TestFailures:
    """A value that can't be made, or does not fit the column."""

    def test_null_takes_its_place(self):
        text = (
            "  name: {value: name, on_fail: null}\n  amount: {value: cents, on_fail: null}\n  ratio: {value: 10 / factor, on_fail: null}\n"
        )
        assert mapped(text, name="a" * 11, cents="10000", factor="0") == {"name": None, "amount": None, "ratio": None}
        assert mapped(text, name="a" * 10, cents="9999", factor="3") == {"name": "a" * 10, "amount": "9999", "ratio": "3"}
        assert mapped(text) == {"name": None, "amount": None, "ratio": None}

    def test_it_is_cut(self):
        text = "  name: {value: name, on_fail: truncate}\n  code: {value: code, on_fail: truncate}\n"
        assert mapped(text, name="äöüß" * 4, code="ab      ") == {"name": "äöüßäöüßäö", "code": "ab"}
        assert mapped(text, code="abcdef  ") == {"name": None, "code": "abcd"}

    def test_cutting_mends_no_other_error(self):
        with pytest.raises(BadRow, match="mapping customers: column 'name': division by zero"):
            mapped('  name: {value: "name || (1 / factor)", on_fail: truncate}\n', name="a", factor="0")

    def test_it_halts(self):
        with pytest.raises(Halted, match="mapping customers: column 'ratio': division by zero") as caught:
            mapped("  ratio: {value: 1 / factor, on_fail: halt}\n", factor="0")
        assert "on_fail" in caught.value.hint

    def test_without_the_option_it_is_the_rows_error(self):
        with pytest.raises(BadRow, match="column 'name': text is longer than the 10 characters"):
            mapped("  name: {value: name, on_fail: park}\n", name="a" * 11)

    def test_a_value_map_without_an_entry(self):
        columns = "  note: {map: m, from: name, on_fail: null}\nmaps: {m: {a: b}}\n"
        assert mapped(columns, name="x") == {"note": None}
        assert mapped(columns, name="a") == {"note": "b"}

    def test_null_needs_room_for_it(self):
        problem = only("  seen: {value: name, on_fail: null}\n")
        assert (problem.code, problem.line, problem.column) == ("not-nullable", 9, 32)

    @pytest.mark.parametrize(
        ("columns", "said"),
        [
            ("  amount: {value: cents, on_fail: truncate}\n", "only texts can be cut, this is numeric(6,2)"),
            ("  name: {value: cents, on_fail: truncate}\n", "only texts can be cut, this is bigint"),
            ("  note: {value: name, on_fail: truncate}\n", "text has no limit"),
            ("  note: {value: name, check: note <> 'x', on_fail: truncate}\n", "cutting mends nothing but a length"),
            ("  note: {value: name, check: length(country) < 3, on_fail: truncate}\n  country: country\n", "nothing but a length"),
        ],
    )
    def test_what_can_not_be_cut(self, columns, said):
        problem = only(columns)
        assert problem.code == "bad-truncate"
        assert said in problem.message


class TestCheck:
    def test_a_value_that_fails_is_the_rows_error(self):
        columns = '  note: {value: name, check: "length(note) <= 3"}\n'
        assert mapped(columns, name="abc") == {"note": "abc"}
        with pytest.raises(BadRow, match="mapping customers: column 'note': its check is not true"):
            mapped(columns, name="abcd")

    def test_null_passes_as_in_a_check_constraint(self):
        assert mapped('  note: {value: name, check: "length(note) <= 3"}\n') == {"note": None}

    def test_it_sees_what_is_written_not_what_was_read(self):
        columns = "  note: {value: upper(name), check: note = 'ABC' and amount < 5}\n  amount: cents / 100\n"
        assert mapped(columns, name="abc", cents="499") == {"note": "ABC", "amount": "4"}
        with pytest.raises(BadRow, match="column 'note'"):
            mapped(columns, name="abc", cents="500")

    def test_null_takes_the_place_of_what_fails(self):
        columns = "  country: {value: country, check: \"country in ('DE', 'AT')\", on_fail: null}\n"
        assert [mapped(columns, country=country)["country"] for country in ("DE", "CH", "long")] == ["DE", None, None]

    @pytest.mark.parametrize("check", ["length(note) <= 3", "length(note) < 4", "3 >= char_length(note)", "4 > length(note)"])
    def test_a_text_is_cut_to_the_length_that_the_check_allows(self, check):
        assert mapped(f'  note: {{value: name, check: "{check}", on_fail: truncate}}\n', name="abcdef") == {"note": "abc"}

    def test_it_halts(self):
        with pytest.raises(Halted, match="mapping customers: column 'note': its check is not true"):
            mapped("  note: {value: name, check: note <> 'x', on_fail: halt}\n", name="x")

    def test_a_check_sees_what_the_ones_above_it_have_mended(self):
        columns = "  country: {value: country, check: country = 'DE', on_fail: null}\n  note: {value: name, check: country is not null, on_fail: null}\n"
        assert mapped(columns, country="CH", name="a") == {"country": None, "note": None}
        assert mapped(columns, country="DE", name="a") == {"country": "DE", "note": "a"}

    def test_a_check_that_fails_itself_is_the_rows_error(self):
        with pytest.raises(BadRow, match="column 'ratio': division by zero"):
            mapped("  ratio: {value: factor, check: 1 / ratio > 0, on_fail: null}\n", factor="0")

    def test_the_key_may_be_checked(self):
        plan = row_plan(HEAD.replace("id: id", "id: {value: id, check: id > 5}") + "  made: \"''\"\n", CUSTOMER, ACCOUNTS)
        assert plan.map_row(("7", *[None] * 6)) == (("7",), ("7", ""))
        with pytest.raises(BadRow, match="column 'id': its check"):
            plan.map_row(("5", *[None] * 6))

    def test_what_is_absent_is_not_checked(self):
        columns = '  note: {value: name, check: "length(note) <= 3", on_fail: null}\n  amount: cents / 100\n'
        assert mapped(columns, name=ABSENT, cents="100") == {"note": ABSENT, "amount": "1"}
        assert mapped(columns, name="abcd", cents=ABSENT) == {"note": None, "amount": ABSENT}
        upper = '  note: {value: upper(name), check: "length(note) <= 3", on_fail: null}\n'
        assert mapped(upper, name=ABSENT) == {"note": ABSENT}

    def test_a_check_that_needs_what_is_absent_stops(self):
        with pytest.raises(Misconfigured, match="a column that the check of column 'note' needs"):
            mapped("  note: {value: name, check: country is not null}\n  country: country\n", name="a", country=ABSENT)

    def test_only_the_mapping_s_own_columns_are_seen(self):
        problem = only("  note: {value: name, check: cents > 0}\n")
        assert (problem.code, problem.line, problem.column) == ("unknown-column", 9, 30)
        assert problem.message == "column 'cents' does not exist in the columns of mapping 'customers'"

    def test_types_are_the_target_s(self):
        problem = only("  amount: {value: cents, check: length(amount) > 0}\n")
        assert problem.code == "no-function"

    def test_the_change_is_not_seen(self):
        assert problems("  made: name\n  note: {value: name, check: op() = 'insert'}\n")

    def test_checks_are_read_without_a_server(self):
        (problem,) = check_expressions(spec(HEAD + "  note: {value: name, check: lenght(note) < 3}\n"))
        assert (problem.code, problem.line, problem.column) == ("unknown-function", 8, 30)


class TestReplace:
    LATIN = table(
        "accounts",
        [
            Column("id", INT, nullable=False),
            Column("latin", replace(varchar(6), charset="latin1")),
            Column("three", replace(varchar(6), charset="utf8")),
            Column("made", replace(varchar(6), charset="latin1")),
            Column("whole", replace(varchar(6), charset="utf8mb4")),
            Column("odd", replace(varchar(6), charset="koi8r")),
            Column("amount", numeric(6, 2)),
            Column("anything", varchar(6)),
        ],
    )

    def plan(self, columns):
        return row_plan(HEAD + columns, CUSTOMER, self.LATIN)

    def errors(self, columns):
        found = compiled([spec(HEAD + columns)], CUSTOMER, self.LATIN)[1]
        return [(problem.code, problem.line, problem.message) for problem in found if problem.level is Level.ERROR]

    @pytest.mark.parametrize(
        ("given", "latin", "three"),
        [("Müller", "Müller", "Müller"), ("Żak €5", "?ak €5", "Żak €5"), ("a😀b", "a?b", "a?b"), ("中😀", "??", "中?"), (None, None, None)],
    )
    def test_each_character_that_the_column_lacks_becomes_a_question_mark(self, given, latin, three):
        plan = self.plan("  latin: {value: name, on_fail: replace}\n  three: {value: name, on_fail: replace}\n")
        assert plan.map_row(("1", given, None, None, None, None, None))[1] == ("1", latin, three)

    def test_what_is_wrong_otherwise_is_an_error_of_the_row(self):
        plan = self.plan("  latin: {value: name, check: \"latin <> '???'\", on_fail: replace}\n")
        assert plan.map_row(("1", "中ab", None, None, None, None, None))[1] == ("1", "?ab")
        for name, said in (("中" * 7, "longer than the 6 characters"), ("中中中", "its check is not true")):
            with pytest.raises(BadRow, match=said):
                plan.map_row(("1", name, None, None, None, None, None))

    def test_only_where_the_mapping_says_so(self):
        assert self.plan("  latin: name\n").map_row(("1", "中", None, None, None, None, None))[1] == ("1", "中")

    def test_a_value_map_s_texts_are_replaced_too(self):
        plan = self.plan("  latin: {map: m, from: name, on_fail: replace}\nmaps: {m: {a: 中}}\n")
        assert plan.map_row(("1", "a", None, None, None, None, None))[1] == ("1", "?")

    @pytest.mark.parametrize(
        ("columns", "said"),
        [
            ("  whole: {value: name, on_fail: replace}\n", "column 'whole' holds every character"),
            ("  anything: {value: name, on_fail: replace}\n", "column 'anything' holds every character"),
            ("  odd: {value: name, on_fail: replace}\n", "which characters koi8r has is not known here"),
            ("  amount: {value: cents, on_fail: replace}\n", "only characters of texts can be replaced, this is numeric(6,2)"),
        ],
    )
    def test_a_column_that_lacks_none_or_nobody_knows_which_is_refused(self, columns, said):
        ((code, line, message),) = self.errors(columns)
        assert (code, line, said in message) == ("bad-replace", 8, True)

    def test_a_note_tells_of_it_where_nothing_is_said(self):
        def notes(columns):
            found = compiled([spec(HEAD + columns)], CUSTOMER, self.LATIN)[1]
            return [(problem.message, problem.help) for problem in found if problem.code == "may-not-fit"]

        ((message, advice),) = notes("  latin: left(name, 6)\n")
        assert "a character may be missing in latin1" in message
        assert "`on_fail: replace`" in advice
        assert notes("  latin: {value: 'left(name, 6)', on_fail: replace}\n") == []
        ((message, _),) = notes("  latin: {value: name, on_fail: replace}\n")
        assert message == "column 'latin': a text may be longer than 6 characters"
