"""The page of the mapping language names every key that a file may have."""

import re
from pathlib import Path
from typing import get_args

import pytest

from cdc.mapping.files.mapping import MappingFile
from cdc.mapping.files.shape import Shape

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
ELSEWHERE = {"DatesFile": "types.md", "NumbersFile": "types.md"}
"""Parts of a file that another page describes."""


def parts(of):
    """A part of the file, and all that may stand inside it."""
    found, waiting = [], [of]
    while waiting:
        one = waiting.pop()
        if isinstance(one, type) and issubclass(one, Shape):
            if one not in found:
                found.append(one)
                waiting += [field.annotation for field in one.model_fields.values()]
                waiting += [given for field in one.model_fields.values() for given in field.metadata]
        else:
            waiting += get_args(one)
    return found


KEYS = [(part, field.alias or name) for part in parts(MappingFile) for name, field in part.model_fields.items()]


def test_the_keys_are_those_of_the_whole_language():
    assert {"MappingFile", "ColumnFile", "ReverseFile", "TestFile", "DependencyFile", "DecisionFile", "MapFile", "DatesFile"} <= {
        part.__name__ for part, _ in KEYS
    }


@pytest.mark.parametrize(("part", "key"), KEYS, ids=lambda given: given if isinstance(given, str) else given.__name__)
def test_each_key_is_described(part, key):
    page = (REFERENCE / ELSEWHERE.get(part.__name__, "mapping.md")).read_text()
    rows = [line for line in page.splitlines() if line.startswith("|")]
    named = {word for line in rows for word in re.findall(r"`([^`]*)`", line.split("|")[1])}
    assert key in named or any(re.match(rf"{re.escape(key)}\b", word) for word in named), f"{key} of {part.__name__}"
