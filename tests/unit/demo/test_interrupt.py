"""An interrupt waits while a process is being started, and is not forgotten."""

import os
import signal

import pytest

from demo.interrupt import undisturbed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_waits_until_the_block_has_ended(number):
    before, noted = signal.getsignal(number), []
    with pytest.raises(KeyboardInterrupt), undisturbed():
        os.kill(os.getpid(), number)
        noted.append("process number")
    assert noted
    assert signal.getsignal(number) is before


def test_without_an_interrupt_nothing_happens_and_errors_pass():
    with undisturbed():
        pass
    with pytest.raises(ZeroDivisionError), undisturbed():
        raise ZeroDivisionError
