"""A pipeline's name to the names of its slot and its publication, which are the same."""

from __future__ import annotations

import re

from cdc.model.errors import Misconfigured

_ALLOWED = re.compile(r"[a-z0-9_]{1,59}")
"""What the server allows in a slot's name, less our prefix."""


def slot_name(pipeline: str) -> str:
    if not _ALLOWED.fullmatch(pipeline):
        raise Misconfigured(
            f"a replication slot can't be named after the pipeline {pipeline!r}",
            "Name the pipeline with at most 59 lower-case letters, digits and underscores.",
        )
    return f"cdc_{pipeline}"
