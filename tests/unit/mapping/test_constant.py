"""Values of a mapping file as a column's text: what counts is how the value is written, not what its type might hold."""

import pytest

from cdc.mapping.constant import fixed
from cdc.mapping.expression.runtime.errors import BadValue
from cdc.model.types import Kind, Type

SECONDS = Type(Kind.TIMESTAMP, "datetime", precision=0)
MILLIS = Type(Kind.INSTANT, "timestamp(3)", precision=3)


@pytest.mark.parametrize(
    ("given", "column", "text"),
    [
        ("2026-07-01 07:30:16", SECONDS, "2026-07-01 07:30:16"),
        ("2026-07-01", SECONDS, "2026-07-01 00:00:00"),
        ("2026-07-01 07:30:16.500", SECONDS, None),
        ("2026-07-01 07:30:16.25+00", MILLIS, "2026-07-01 07:30:16.25+00"),
        ("2026-07-01 07:30:16.2505+00", MILLIS, None),
        ("07:30:16", Type(Kind.TIME, "time", precision=0), "07:30:16"),
    ],
)
def test_moments_fit_by_the_digits_that_they_have(given, column, text):
    if text is not None:
        assert fixed(given, column) == text
        return
    with pytest.raises(BadValue, match="digits behind the second"):
        fixed(given, column)
