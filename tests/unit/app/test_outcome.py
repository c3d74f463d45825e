import pytest

from cdc.app.outcome import ORDER, lines, trace, unexpected, worst
from cdc.model.errors import CdcError, Exit, Gap


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([], Exit.OK),
        ([Exit.OK], Exit.OK),
        ([Exit.UNREACHABLE, Exit.GAP, Exit.DENIED, Exit.CONFIG], Exit.CONFIG),
        ([Exit.UNREACHABLE, Exit.GAP, Exit.DENIED], Exit.DENIED),
        ([Exit.UNREACHABLE, Exit.GAP], Exit.GAP),
        ([Exit.RETRY_LATER, Exit.FAILURE, Exit.UNREACHABLE], Exit.UNREACHABLE),
        ([Exit.RETRY_LATER, Exit.FAILURE], Exit.FAILURE),
        ([Exit.OK, Exit.RETRY_LATER], Exit.RETRY_LATER),
    ],
)
def test_the_worst_comes_first(given, code):
    assert worst(given) is code


def test_every_code_has_its_place():
    assert {*ORDER, Exit.OK} == set(Exit)


def test_an_error_is_one_line_and_its_hint_another():
    assert lines(Gap("the log is gone", "Run teardown.")) == "error: the log is gone\nhint: Run teardown.\n"
    assert lines(Gap("two\nlines \x1b[31m"), "erp_to_crm").count("\n") == 1
    assert lines(Gap("x"), "erp_to_crm") == "error: erp_to_crm: x\n"


def caught(function):
    try:
        function()
    except Exception as error:  # noqa: BLE001
        return error


def test_a_fault_of_ours_is_its_kind_and_place():
    error = unexpected(caught(lambda: lines(None)))
    assert isinstance(error, CdcError)
    assert error.exit is Exit.FAILURE
    foreign = caught(lambda: int("canary"))
    assert "canary" not in str(unexpected(foreign))
    assert str(unexpected(foreign)).startswith("unexpected ValueError")


def test_the_place_is_the_last_one_of_ours():
    from cdc.mapping.files.problem import printable

    assert str(unexpected(caught(lambda: printable(4711)))).startswith("unexpected TypeError at mapping/files/problem.py:")


def test_a_trace_has_places_and_no_text_of_the_error():
    text = trace(caught(lambda: int("canary 4711")))
    assert "test_outcome.py" in text
    assert text.endswith("ValueError\n")
    assert "invalid literal" not in text
