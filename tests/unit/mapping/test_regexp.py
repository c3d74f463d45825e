"""Regular expressions: what is refused and where, and what the engine's own rules would get wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.mapping.expression.runtime.errors import BadValue
from cdc.mapping.expression.runtime.regexp import compiled, regexp_match, regexp_replace, regexp_split, similar_pattern
from tests.expressions import refusal, value


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"(a)\1", "character 4: a back reference is not available"),
        ("x(?=a)", "character 2: look-ahead is not available"),
        ("x(?!a)", "character 2: look-ahead is not available"),
        ("(?<=a)x", "character 1: look-behind is not available"),
        ("(?<!a)x", "character 1: look-behind is not available"),
        ("(?#a)x", "character 1: a comment is not available"),
        ("(?i)x", "character 1: an option inside of the pattern is not available"),
        ("***=x", "character 1: a director (***) is not available"),
        ("xa*?", "character 4: non-greedy repetition is not available"),
        ("a{1,2}?", "character 7: non-greedy repetition is not available"),
        (r"a\m", r"character 2: the word boundary \m is not available"),
        (r"a\y", r"character 2: the word boundary \y is not available"),
        (r"a\b", r"character 2: the backspace \b (and a word boundary is no part of it) is not available"),
        (r"\x41", r"character 1: the escape \x is not available"),
        (r"[\D]", r"character 2: the escape \D is not available"),
        ("[[.a.]]", "character 2: collating elements are not available"),
        ("[[=a=]]", "character 2: collating elements are not available"),
        ("[[:<:]]a", "character 1: this class of characters is not available"),
        ("[[:punct:]]", "character 1: this class of characters is not available"),
        ("(a*)*", "a group that may be empty can't be repeated"),
        ("(a){0}", "character 1: repetition of nothing ({0}) is not available"),
        ("a{0,0}", "character 1: repetition of nothing ({0}) is not available"),
        (r"\u12", "character 1: bad escape"),
        ("a++", "character 2: a repetition can't be repeated"),
        ("(" * 30 + ")" * 30, "brackets are nested more than 20 levels deep"),
        ("a" * 2001, "the regular expression has more than 2,000 characters"),
        (r"(\w{200}){200}", "the regular expression is too large"),
    ],
)
def test_what_postgresql_means_otherwise_is_refused_with_its_place(pattern, said):
    with pytest.raises(BadValue) as caught:
        compiled(pattern)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("letters", "said"),
    [("x", "flag 'x' is not available"), ("e", "'e' is not available"), ("ik", "invalid regular expression option: 'k'")],
)
def test_a_flag_that_is_not_available_is_named(letters, said):
    with pytest.raises(BadValue, match=said):
        compiled("a", letters)


def test_the_place_of_a_wrong_pattern_is_that_of_its_expression():
    problem = refusal("upper(s) ~ 'a(?=b)'")
    assert (problem.code, problem.offset) == ("bad-value", 11)
    assert "character 2: look-ahead" in problem.message


def test_groups_get_what_postgresql_gives_them_and_not_what_comes_first():
    assert regexp_match("abcd", compiled("(a|ab)(c|bcd)(d*)")) == ["ab", "c", "d"]
    assert regexp_match("hello", compiled(r"(\w+)+")) == ["o"]


def test_word_characters_are_those_of_all_scripts():
    assert regexp_match("हिन्दी!", compiled(r"^\w+")) == ["हिन"]
    assert regexp_match("Größe٣!", compiled(r"\w+")) == ["Größe٣"]
    assert regexp_match("٣", compiled(r"\d")) is None


def test_the_other_case_is_one_character_and_not_unicodes_folding():
    assert regexp_match("\u212a", compiled("k", "i")) is None  # the Kelvin sign
    assert regexp_match("K", compiled("k", "i")) == ["K"]
    assert regexp_match("ſ", compiled("[r-t]", "i")) is None


def test_a_compiled_pattern_is_a_constant_of_the_plan():
    assert value("regexp_replace(s, '[^0-9]', '', 'g')", s="+49 711/12") == "4971112"
    assert value("substring(s from '@(.*)')", s="a@b") == "b"
    assert value("coalesce(substring(coalesce(s, '') from 'x'), 'none')", s=None) == "none"


@given(st.text(alphabet="ab,ü\n🙂"), st.sampled_from(["a", "b+", "ü|,", "", "[^a]", "(a)(b)?", "x*"]))
def test_replacing_every_match_by_itself_changes_nothing(text, pattern):
    assert regexp_replace(text, compiled(pattern), r"\&", every=True) == text


@given(st.lists(st.text(alphabet="abü🙂"), min_size=1))
def test_splitting_undoes_joining(parts):
    assert regexp_split(",".join(parts), compiled(",")) == parts


def test_similar_to_has_its_own_signs():
    assert similar_pattern("a%b_c.d$") == r"a.*b.c\.d\$"
    with pytest.raises(BadValue, match="escape"):
        similar_pattern("a", "xy")
    assert refusal("s similar to x").code == "not-allowed"
