"""What a command ends with: the exit code when several apply, and the lines that people read."""

from __future__ import annotations

import traceback
from collections.abc import Iterable

from cdc.mapping.files.problem import printable
from cdc.model.errors import CdcError, Exit, Unreachable

ORDER = (Exit.CONFIG, Exit.DENIED, Exit.GAP, Exit.UNREACHABLE, Exit.FAILURE, Exit.RETRY_LATER, Exit.THRESHOLD, Exit.DIFFERENCES, Exit.USAGE)

_REACH = "Is the server up, does it listen there, and are host and port in the service file right?"


def worst(exits: Iterable[Exit]) -> Exit:
    """Return the first in `ORDER` that is given; OK when there is none."""
    given = set(exits)
    return next((code for code in ORDER if code in given), Exit.OK)


def one_line(text: str) -> str:
    """Return the text on one line, fit for a terminal."""
    return printable(" ".join(text.split()))


def hint(error: CdcError) -> str:
    """Return what to do next."""
    return error.hint or (_REACH if isinstance(error, Unreachable) else "")


def lines(error: CdcError, where: str = "") -> str:
    """Return `error: …` and `hint: …`."""
    text = f"error: {where}{': ' if where else ''}{one_line(str(error))}\n"
    return text + (f"hint: {one_line(hint(error))}\n" if hint(error) else "")


def unexpected(error: Exception) -> CdcError:
    """Describe a fault of ours by its kind and place alone: its text may hold values."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = next((frame for frame in reversed(frames) if "/cdc/" in frame.filename), frames[-1] if frames else None)
    place = f" at {ours.filename.rpartition('/cdc/')[2]}:{ours.lineno}" if ours else ""
    known = CdcError(
        f"unexpected {type(error).__name__}{place}",
        "This is a fault of cdc: please report it with what the same command prints with -v.",
    )
    known.__cause__ = error
    return known


def trace(error: BaseException) -> str:
    """Return where an error passed through and its kind, without any text that may hold values."""
    return "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__ + "\n"
