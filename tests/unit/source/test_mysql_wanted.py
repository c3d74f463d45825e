"""Where the log's tables go by their names: swaps of online schema changes, tables that leave, come back, or are replaced."""

import pytest

from cdc.model.errors import Drifted, Unfollowed
from cdc.model.table import TableName
from cdc.source.mysql.wanted import Wanted


def t(name):
    return TableName("shop", name)


def pairs(*texts):
    return [tuple(map(t, text.split(">"))) for text in texts]


def wanted(*names, there=True, folds=False):
    return Wanted(map(t, names or ("t",)), folds=folds, exists=lambda _: there)


@pytest.mark.parametrize(
    "swap",
    [
        ("t>_t_del", "_t_gho>t"),
        ("t>_t_old", "_t_new>t"),
        ("t>__t_old", "__t_new>t"),
        ("t>_t_20250101120000_del", "_t_gho>t"),
    ],
)
def test_an_online_schema_change_swaps_in_a_table_with_the_same_rows(swap):
    """torture: F05"""
    given = wanted()
    assert not given.rename(pairs(*swap))
    assert (given.get(t("t")), given.get(t(swap[0].partition(">")[2]))) == (t("t"), None)


def test_any_other_swap_has_rows_that_no_event_told_of():
    given = wanted()
    assert given.rename(pairs("t>t_backup", "stage>t")) == [t("t")]
    assert (given.get(t("t")), given.get(t("t_backup")), given.get(t("stage"))) == (t("t"), None, None)


def test_two_wanted_tables_that_change_names_are_both_others():
    given = wanted("a", "b")
    assert sorted(given.rename(pairs("a>x", "b>a", "x>b"))) == [t("a"), t("b")]
    assert [given.get(t(name)) for name in "abx"] == [t("a"), t("b"), None]


def test_a_table_that_leaves_for_good_stops():
    with pytest.raises(Drifted, match=r"shop\.t was renamed to shop\.u"):
        wanted(there=False).rename(pairs("t>u"))


def test_a_table_that_has_come_back_since_is_followed_on_its_way():
    given = wanted()
    assert not given.rename(pairs("t>u"))
    assert (given.get(t("u")), given.get(t("t"))) == (t("t"), None)
    assert not given.rename(pairs("u>t"))
    assert (given.get(t("u")), given.get(t("t"))) == (None, t("t"))


def test_a_new_table_under_the_name_of_one_that_left_is_another():
    given = wanted()
    given.rename(pairs("t>u"))
    assert given.create(t("t")) == (t("t"),)
    assert (given.get(t("u")), given.get(t("t"))) == (None, t("t"))
    assert not given.create(t("t"))
    assert not given.create(t("other"))


def test_a_table_that_comes_under_a_wanted_name_had_no_row_before():
    given = wanted()
    assert not given.rename(pairs("x>t"))
    given.passes(t("y"))
    with pytest.raises(Unfollowed, match=r"called shop\.y until now"):
        given.rename(pairs("y>t"))


def test_letter_case_may_make_no_difference():
    given = wanted("T", folds=True)
    assert not given.rename([(TableName("SHOP", "t"), t("u")), (t("U"), t("t"))])
    assert given.get(t("t")) == t("T")
    assert wanted("T").get(t("t")) is None
