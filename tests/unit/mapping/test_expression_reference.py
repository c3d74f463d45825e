"""`docs/reference/expressions.md` lists what there is: exactly the table that the compiler uses. `GOLDEN=write pytest …` writes the lists anew."""

import os
import re
from itertools import groupby
from pathlib import Path

from cdc.mapping.expression.check import check_value
from cdc.mapping.expression.scope import Scope
from cdc.mapping.expression.vocabulary import ALIASES, FUNCTIONS
from tests.expressions import CASES, cases

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "expressions.md"
BEGIN, END = "<!-- what there is -->\n", "<!-- end -->\n"


def listed() -> str:
    made = []
    for family, functions in groupby(FUNCTIONS.values(), key=lambda function: function.family):
        made.append(f"\n### {family.capitalize()}\n\n")
        for function in functions:
            usage = ", ".join(f"`{form}`" if "`" not in form else f"`` {form} ``" for form in function.usage)
            made.append(f"- {usage}\\\n  {function.doc}\n")
    return "".join(made) + "\n"


def test_the_page_lists_what_the_compiler_knows():
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    expected = before + BEGIN + listed() + END + after
    if os.environ.get("GOLDEN") == "write":
        PAGE.write_text(expected)
    assert PAGE.read_text() == expected


def test_the_pages_examples_are_expressions():
    examples = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    lines = [line for example in examples for line in example.splitlines() if line]
    assert lines
    for line in lines:
        assert check_value(line, Scope("any", None))[1] == [], line


def test_every_function_has_a_sentence_and_a_usage():
    for function in FUNCTIONS.values():
        assert function.usage, function.name
        assert function.doc[0].isupper() or function.doc[0] in "`-", function.name
        assert function.doc.endswith("."), function.name


OURS = {"cleansing", "masking", "keys", "change"}
"""Families that PostgreSQL does not have: they have tests of their own."""
FORMS = {"and, or, not": " and ", "array[…]": "array[", "array[n]": "])["}


def test_every_function_is_compared_with_postgresqls():
    """A function that nobody compares would be right by luck."""
    known = [line.lower() for path in CASES.glob("*.sql") if path.name != "rows.sql" for line in cases(path)]
    assert len(known) >= 1500
    for function in FUNCTIONS.values():
        if function.family not in OURS:
            name = FORMS.get(function.name, function.name)
            word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)" if name.replace(" ", "").isidentifier() else re.escape(name))
            assert any(word.search(line) for line in known), function.name
    for alias in ALIASES:
        assert any(f"{alias}(" in line for line in known), alias
