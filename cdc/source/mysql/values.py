"""Packed values of the row format to canonical text: the parts that are too long to stand in generated code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from ipaddress import IPv4Address
from struct import Struct
from uuid import UUID

_REMEMBERED = 50_000
_SINGLE = Struct("<f")
_NORMAL = 2.0**-126
_EPOCH = date(1970, 1, 1).toordinal()


class Texts(dict[int, str]):
    """A function from packed numbers to text that remembers its results, up to a bound."""

    def __init__(self, text: Callable[[int], str]) -> None:
        super().__init__()
        self._text = text

    def __missing__(self, packed: int) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        text = self[packed] = self._text(packed)
        return text


def _date(packed: int) -> str:
    return f"{packed >> 9:04d}-{packed >> 5 & 15:02d}-{packed & 31:02d}"


def _datetime_day(packed: int) -> str:
    """Year and month are one number there; the bit above them marks a positive value."""
    months = (packed & 0x3FFFFF) >> 5
    return f"{months // 13:04d}-{months % 13:02d}-{packed & 31:02d} "


def _clock(packed: int) -> str:
    return f"{packed >> 12:02d}:{packed >> 6 & 63:02d}:{packed & 63:02d}"


def _epoch_day(days: int) -> str:
    return f"{date.fromordinal(_EPOCH + days).isoformat()} "


def _second(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


DATES = Texts(_date)
"""A DATE's three bytes → `2024-02-30`, as the server prints it, zero and impossible dates too."""
DATETIME_DAYS = Texts(_datetime_day)
"""A DATETIME2's upper 23 bits → `2024-02-29 `."""
CLOCKS = Texts(_clock)
"""A DATETIME2's lower 17 bits → `23:59:59`."""
EPOCH_DAYS = Texts(_epoch_day)
SECONDS = Texts(_second)
"""Seconds of a day → `23:59:59`."""


def time_text(packed: int, fraction_bytes: int, digits: int) -> str:
    """Write a TIME2: `packed` is the whole of its bytes, less the offset that keeps it positive on disk."""
    sign, packed = ("-", -packed) if packed < 0 else ("", packed)
    whole = f"{sign}{_clock(packed >> 8 * fraction_bytes & 0x3FFFFF)}"
    if not digits:
        return whole
    fraction = packed & (1 << 8 * fraction_bytes) - 1
    return f"{whole}.{fraction // 10 ** (2 * fraction_bytes - digits):0{digits}d}"


def double_text(number: float) -> str:
    """Write a double as the shortest text that reads back as the same; a whole number without `.0`."""
    return repr(number).removesuffix(".0")


def single_text(number: float) -> str:
    """Write a FLOAT: the fewest digits that still name this 32-bit number. At most nine are needed; six always mean something,
    but for the smallest numbers.
    """
    for digits in range(6 if abs(number) > _NORMAL else 1, 9):
        short = float(f"{number:.{digits}g}")
        if _SINGLE.unpack(_SINGLE.pack(short))[0] == number:
            return double_text(short)
    return double_text(float(f"{number:.9g}"))


def set_texts(labels: Sequence[str]) -> Texts:
    """Return the texts of a SET: bit n stands for label n."""
    return Texts(lambda bits: ",".join(label for place, label in enumerate(labels) if bits >> place & 1))


def uuid_text(stored: bytes) -> str:
    """Write MariaDB's UUID, whose zero bytes at the end are not logged."""
    return str(UUID(bytes=stored.ljust(16, b"\0")))


def inet6_text(stored: bytes) -> str:
    """Write MariaDB's INET6: the first longest run of zeros is left out, be it a single one, and IPv4 in IPv6 has its own notation."""
    raw = stored.ljust(16, b"\0")
    groups = [f"{raw[at] << 8 | raw[at + 1]:x}" for at in range(0, 16, 2)]
    first, last = max(_zero_runs(groups), key=lambda run: run[1] - run[0], default=(0, 0))
    if first == 0 and (last == 6 or (last == 5 and groups[5] == "ffff")):
        return f"::{'' if last == 6 else 'ffff:'}{IPv4Address(raw[12:])}"
    if first == last:
        return ":".join(groups)
    return f"{':'.join(groups[:first])}::{':'.join(groups[last:])}"


def _zero_runs(groups: Sequence[str]) -> list[tuple[int, int]]:
    ends = [place for place in range(9) if place == 8 or groups[place] != "0"]
    return [(start, end) for start, end in zip([0, *(end + 1 for end in ends)], ends, strict=False) if start < end]


def inet4_text(stored: bytes) -> str:
    return str(IPv4Address(stored.ljust(4, b"\0")))
