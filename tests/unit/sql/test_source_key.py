from hypothesis import given
from hypothesis import strategies as st

from cdc.sql.crosswalk import source_key, source_texts


@given(st.lists(st.text(alphabet="a, \\s'", max_size=5), min_size=1, max_size=4))
def test_a_source_key_is_read_back_as_it_was(texts):
    assert source_texts(source_key(texts)) == tuple(texts)
