"""The mappings in the how-to pages are what they seem: read, checked, and put to their own examples."""

import re
from pathlib import Path

import pytest

from cdc.mapping.compile import check_expressions
from cdc.mapping.files.problem import failed, render
from cdc.mapping.spec.read import read_mapping
from cdc.mapping.tools.example import outcomes

HOWTO = Path(__file__).parents[2] / "docs" / "howto"
PAGE, OTHER_TOOLS = HOWTO / "real-schemas.md", HOWTO / "coming-from.md"


def mappings(page):
    return re.findall(r"^```yaml\n(version: 1\n.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


EXAMPLES = [*mappings(PAGE), *mappings(OTHER_TOOLS)]


def test_there_is_one_for_each_problem():
    sections = re.split(r"^## \d+\. ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    assert len(sections) == 12
    assert all("```yaml\nversion: 1" in section for section in sections)


def test_there_is_one_for_each_other_tool():
    sections = re.split(r"^## From ", OTHER_TOOLS.read_text(), flags=re.MULTILINE)[1:]
    assert len(sections) == len(mappings(OTHER_TOOLS)) == 4


@pytest.mark.parametrize("text", EXAMPLES, ids=[re.search("mapping: (.*)", text)[1] for text in EXAMPLES])
def test_the_example_is_right(text):
    spec, problems = read_mapping("example.yaml", text)
    assert spec is not None
    problems += check_expressions(spec)
    assert not failed(problems), render(problems)
    found = outcomes(spec)
    assert found
    assert [(one.column, one.message) for outcome in found for one in outcome.differences] == []
