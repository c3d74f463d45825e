from hypothesis import example, given
from hypothesis import strategies as st

from cdc.sql.crosswalk import my_entries, my_record, source_key

TEXTS = st.lists(st.text(alphabet=st.sampled_from("a,\\ b'é"), max_size=6), min_size=1, max_size=3)


@given(TEXTS, TEXTS)
@example(["a,b"], ["a", "b"])
@example(["a\\"], ["a "])
@example(["a\\,b"], ["a\\", "b"])
@example(["", ""], [","])
@example(["x ", "y ,z"], ["x ,y ", "z"])
@example(["\\s"], [" "])
def test_no_two_keys_run_together_and_none_ends_in_a_blank(one, other):
    assert (source_key(one) == source_key(other)) == (one == other)
    assert not source_key(one).endswith(" ")


def test_plain_values_are_themselves():
    assert source_key(["4711"]) == "4711"
    assert source_key(["10", "3"]) == "10,3"


def test_values_are_quoted():
    assert "'o''brien', 'x\\\\y'" in my_entries("e", "n", ["o'brien", "x\\y"])
    assert "(database(), 'e''', 'n', '1', '2', utc_timestamp(6)), (database(), 'e''', 'n', '3', '4', utc_timestamp(6))" in my_record(
        "e'", "n", {"1": "2", "3": "4"}
    )
