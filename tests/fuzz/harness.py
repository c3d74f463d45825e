"""Bytes to a transaction that an assembler reads: it gives values, or says by an error of ours that it can't.

The bytes are a recording's number, then events, each behind its length (two bytes). Their sizes and checksums are mended first, so that what
is wrong in them gets past the checks that would stop it.
"""

import time
import zlib

from cdc.model.errors import CdcError
from tests.fuzz.recording import NAMES, load

_INTERESTING = (
    b"\0",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xff",
    b"\xfe\xff",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x3f",
    b"\xfe" + b"\xff" * 8,
    b"\0" * 8,
)

SECONDS = 5.0
"""Of the processor, for one input, after which it counts as hanging."""


def recordings():
    return [load(name) for name in NAMES]


def packed(number, events):
    """Return the input that makes these events of a recording."""
    return bytes([number]) + b"".join(len(event).to_bytes(2, "big") + event for event in events)


def unpacked(data):
    events, at = [], 1
    while at + 2 <= len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        events.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    return events


def mended(event):
    """Give an event of the binary log the size and the checksum that it should have."""
    if len(event) < 23:
        return event
    event = event[:9] + len(event).to_bytes(4, "little") + event[13:-4]
    return event + zlib.crc32(event).to_bytes(4, "little")


def run(known, data):
    """Read an input. Return what it says, or the error; anything but an error of ours is raised."""
    if not data:
        return None
    recording = known[data[0] % len(known)]
    events = [mended(event) if recording.is_log else event for event in unpacked(data)]
    begun = time.process_time()
    try:
        found = recording.transactions([*recording.preamble, *events])
        for change in (change for transaction in found for change in transaction.changes):
            rows = [row for row in (change.old, change.new) if row is not None]
            assert all(len(row) == len(change.table.columns) for row in rows)
    except CdcError as error:
        found = error
    assert time.process_time() - begun < SECONDS, "it takes too long"
    return found


def seeds(known):
    return [packed(number, group) for number, recording in enumerate(known) for group in recording.groups()]


def changed(rng, data):
    """Change a few places: a bit, a byte, a length that is too large, something left out, twice, or swapped."""
    data = bytearray(data)
    for _ in range(rng.randrange(1, 5)):
        at, size = rng.randrange(1, len(data)), rng.randrange(1, 9)
        match rng.randrange(6):
            case 0:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                data[at] = rng.randrange(256)
            case 2:
                some = rng.choice(_INTERESTING)
                data[at : at + len(some)] = some
            case 3:
                del data[at : at + size]
            case 4:
                data[at:at] = data[at : at + size]
            case _:
                other = rng.randrange(1, len(data))
                data[at : at + size] = data[other : other + size]
        if len(data) < 2:
            break
    return bytes(data)
