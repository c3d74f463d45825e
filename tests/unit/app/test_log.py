import json
import sys

import pytest
import structlog

from cdc.app.log import MASKED, Masks, Repeats, configure

CANARY = "correct horse battery staple"


@pytest.fixture
def stderr(capsys):
    """What has been written since it was asked the last time."""
    yield lambda: capsys.readouterr().err
    structlog.reset_defaults()


def logger(form="json", level="info", secrets=(CANARY,)):
    configure(form, level, color=False, masks=Masks(secrets))
    return structlog.get_logger().bind(pipeline="erp_to_crm")


def test_a_line_is_one_json_object(stderr):
    logger().info("the pipeline streams", position="0/1")
    event = json.loads(stderr())
    assert list(event)[:3] == ["timestamp", "level", "event"]
    assert event.pop("timestamp").endswith("Z")
    assert event == {"event": "the pipeline streams", "level": "info", "pipeline": "erp_to_crm", "position": "0/1"}


def test_an_empty_field_is_left_out(stderr):
    logger().warning("a fault", hint="", position=None, rows=0)
    event = json.loads(stderr())
    assert ("hint" in event, "position" in event, event["rows"]) == (False, False, 0)


# torture: K05
@pytest.mark.parametrize("form", ["json", "console"])
def test_a_secret_never_shows(stderr, form):
    logger(form).error("login refused", error=ValueError(f"password={CANARY}"), detail={"dsn": CANARY}, count=1)
    line = stderr()
    assert CANARY not in line
    assert MASKED in line


def test_the_longest_secret_is_masked_first_and_tiny_ones_are_not_words():
    assert Masks(["horse", "horseback", "a"])("a horseback ride") == f"a {MASKED} ride"


# torture: K12
@pytest.mark.parametrize("form", ["json", "console"])
def test_a_value_can_neither_break_the_line_nor_paint_the_terminal(stderr, form):
    logger(form).warning("refused\nlevel=info", error="\x1b[31mred\r\nnext")
    line = stderr()
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert "u001b" not in line


def test_details_are_for_the_verbose(stderr):
    logger().debug("a batch is applied")
    assert stderr() == ""
    logger(level="debug").debug("a batch is applied")
    assert "a batch is applied" in stderr()


@pytest.mark.usefixtures("stderr")
def test_lines_are_for_people_when_asked_for_and_for_machines_without_a_terminal():
    assert configure("console", "info", color=False, masks=Masks(()))
    assert not configure("auto", "info", color=False, masks=Masks(()))


# torture: J10
def test_the_same_error_is_let_through_once_a_minute_with_its_count():
    now = [0.0]
    repeats = Repeats(lambda: now[0])

    def passes(error="gone", level="warning"):
        try:
            return repeats(None, "", {"event": "the run failed", "pipeline": "p", "error": error, "level": level})
        except structlog.DropEvent:
            return None

    assert passes() is not None
    assert [passes(), passes()] == [None, None]
    assert passes(error="another") is not None
    assert passes(level="info") is not None
    now[0] = 60.0
    assert passes()["repeated"] == 2
    now[0] = 120.0
    assert "repeated" not in passes()


def test_the_same_words_about_another_place_are_not_the_same():
    repeats = Repeats(lambda: 0.0)
    event = {"event": "no column 'nam'", "level": "error"}
    assert repeats(None, "", {**event, "file": "a.yaml:3:5"})
    assert repeats(None, "", {**event, "file": "a.yaml:4:5"})
    assert repeats(None, "", {**event, "file": "b.yaml:4:5", "seconds": 0.1})
    with pytest.raises(structlog.DropEvent):
        repeats(None, "", {**event, "file": "b.yaml:4:5", "seconds": 0.2})


def test_what_is_remembered_is_bounded():
    repeats = Repeats(lambda: 0.0)
    for number in range(3000):
        repeats(None, "", {"event": "x", "error": str(number), "level": "error"})
    assert len(repeats._known) <= 1000


def test_a_stderr_that_is_gone_stops_nothing(monkeypatch):
    class Gone:
        def write(self, _):
            raise BrokenPipeError

        def flush(self):
            pass

        def isatty(self):
            return False

    monkeypatch.setattr(sys, "stderr", Gone())
    logger().info("nobody hears")
    structlog.reset_defaults()
