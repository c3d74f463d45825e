from dataclasses import replace

from cdc.model.reference import Lookup, Maker, Missing, Ref, Xref
from cdc.model.table import Column, ForeignKey, TableName
from cdc.model.types import Kind, Type
from cdc.model.write import Batch, Newest, Position
from cdc.target.plans import Plans
from cdc.target.reference import crosswalked, node, refers
from tests.plans import DEFINITION, TARGET

NUMBER = Column("number", Type(Kind.INT, "integer", 4))
OWN, LOOK = Xref("id", "customer", None, Maker.UUID), Lookup("note", DEFINITION, (NUMBER,), NUMBER, Missing.KEEP, None)


def test_a_plan_without_kept_columns_is_the_same_otherwise():
    plan = replace(TARGET, key=(2,), once=frozenset((0, 2)), later=frozenset((1,)), references=(OWN, LOOK))
    plans = Plans([plan])
    made = plans.without(plan, (1,))
    assert made is plans.without(plan, (1,))
    assert ([c.name for c in made.columns], made.key, made.once, made.later) == (["id", "note"], (1,), frozenset((0, 1)), frozenset())


def test_what_goes_by_the_time_keeps_its_columns_when_others_are_kept():
    plan = replace(TARGET, newest=Newest(2, frozenset({1, 2}), ties=True), references=(OWN, LOOK))
    assert Plans([plan]).without(plan, (1,)).newest == Newest(1, frozenset({1}), ties=True)


def test_the_key_is_filled_last():
    assert Plans([plan := replace(TARGET, references=(OWN, LOOK))]).facts[plan].spots == (2, 0)


def test_tables_that_a_cascade_may_change_are_known():
    child = replace(DEFINITION, foreign_keys=(ForeignKey("f", ("id",), TableName("a", "b"), ("id",), cascades=True),))
    shaken = replace(TARGET, references=(replace(LOOK, table=child),))
    still = replace(TARGET, references=(LOOK,))
    plans = Plans([shaken, still])
    assert (plans.facts[shaken].shaken, plans.facts[still].shaken) == (True, False)


def test_what_plans_need_is_asked_once():
    assert (refers([TARGET]), crosswalked([TARGET])) == (False, False)
    assert (refers([replace(TARGET, references=(LOOK,))]), crosswalked([replace(TARGET, references=(LOOK,))])) == (True, False)
    assert crosswalked([TARGET, replace(TARGET, references=(OWN,))])


def test_the_last_of_the_path_is_where_the_batch_was_read():
    assert node(Batch(None, Position("1"), (), origin=("shop", "erp"))) == "erp"
    assert node(Batch(None, Position("1"), ())) == ""


def test_refs_are_equal_by_what_they_refer_to_and_show_the_same_everywhere():
    assert Ref(OWN, ("1",)) == Ref(OWN, ("1",)) != Ref(replace(OWN), ("1",))
    assert repr(Ref(OWN, ("1",))) == "Ref('id', ('1',))"
