"""What is wrong with an expression, and where in its text. The expression compiler knows no files."""

from __future__ import annotations


class Refused(Exception):
    """The expression can't be used. `offset` and `width` say which characters of its text are meant."""

    def __init__(self, code: str, message: str, help: str = "", offset: int = 0, width: int = 1) -> None:  # noqa: A002 - the report's word
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help
        self.offset = offset
        self.width = width
