"""Generated functions in the hands of whoever debugs them."""

import traceback

import pytest

from cdc.mapping.expression.generated import build


def test_a_traceback_shows_the_generated_line():
    made = build("def broken(r):\n    return r[7] + k0\n", {"k0": 1}, "<mapping customers>")
    with pytest.raises(IndexError) as caught:
        made["broken"](())
    assert 'File "<mapping customers>", line 2, in broken\n    return r[7] + k0\n' in "".join(traceback.format_tb(caught.tb))


def test_generated_code_reaches_no_builtins():
    with pytest.raises(NameError):
        build("def reach(r):\n    return open('/etc/passwd')\n", {}, "<test>")["reach"](())
