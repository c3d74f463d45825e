"""PyMySQL's errors → ours: the class that decides what happens, and a text without values."""

import pymysql
import pytest

from cdc.model.errors import BadRow, CdcError, Denied, Misconfigured, Transient, Unreachable
from cdc.server.mysql import classify


@pytest.mark.parametrize(
    ("number", "expected"),
    [(2013, Unreachable), (1213, Transient), (1290, Transient), (1142, Denied), (1146, Misconfigured), (1176, Misconfigured), (1062, BadRow),
     (1267, BadRow), (3854, BadRow), (1105, CdcError)],
)  # fmt: skip
def test_the_number_says_who_must_act(number, expected):
    assert type(classify(pymysql.err.OperationalError(number, "text"), "crm")) is expected


def test_an_error_without_a_number_is_a_lost_connection():
    assert type(classify(pymysql.err.InterfaceError(0, ""), "crm")) is Unreachable
    assert type(classify(pymysql.err.InterfaceError(), "crm")) is Unreachable


@pytest.mark.parametrize(
    ("number", "message", "shown"),
    [
        (1062, "Duplicate entry 'secret' for key 'code'", "Duplicate entry for key 'code'"),
        (1062, "Duplicate entry 'secret' for key 'x' for key 'code'", "Duplicate entry for key 'code'"),
        (
            1366,
            r"Incorrect string value: 'secret' for column `d`.`t`.`c` at row 1",
            "Incorrect string value: for column `d`.`t`.`c` at row 1",
        ),
        (1292, "Truncated incorrect DOUBLE value: 'secret'", "Truncated incorrect DOUBLE value:"),
        (1064, "You have an error in your SQL syntax near 'secret'' at line 1", "You have an error in your SQL syntax near"),
        (1690, "BIGINT value is out of range in '(secret + 1)'", "BIGINT value is out of range in"),
        (3854, "Cannot convert string 'secret' from utf8mb4 to utf8mb3", "Cannot convert string"),
        (1526, "Table has no partition for value 4711", "the table has no partition for a value of the row"),
        (1644, "the trigger's own secret", "a trigger or routine refuses the row; the text is its own"),
        (1265, "Data truncated for column 'c' at row 1", "Data truncated for column 'c' at row 1"),
        (1452, "a foreign key constraint fails (`d`.`t`, CONSTRAINT `f`)", "a foreign key constraint fails (`d`.`t`, CONSTRAINT `f`)"),
    ],
)
def test_the_text_names_things_and_shows_no_value(number, message, shown):
    assert str(classify(pymysql.err.DataError(number, message), "crm")) == f"crm: {shown} (error {number})"
