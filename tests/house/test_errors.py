"""docs/reference/errors.md shows the error tables as they are. UPDATE_DOCS=1 writes them."""

import os
import re
from pathlib import Path

from cdc.server import mysql_errors, postgresql_errors
from cdc.server.rule import OUTCOMES

PAGE = Path(__file__).parents[2] / "docs/reference/errors.md"
TABLES = {"SQLSTATE": postgresql_errors.RULES, "error": mysql_errors.RULES}


def rendered(head, rules):
    lines = [f"| {head} | means | what follows |", "|---|---|---|"]
    lines += [f"| {', '.join(rule.codes)} | {rule.meaning} | {OUTCOMES[rule.kind]} |" for rule in rules]
    return "\n".join(lines)


def test_the_page_shows_the_tables():
    text = PAGE.read_text()
    for head, rules in TABLES.items():
        wanted = rendered(head, rules)
        mark = re.compile(rf"(?<=<!-- {head} -->\n).*?(?=\n<!-- end -->)", re.DOTALL)
        if os.environ.get("UPDATE_DOCS"):
            text = mark.sub(lambda _, wanted=wanted: wanted, text)
            PAGE.write_text(text)
        (found,) = mark.findall(text)
        assert found == wanted, "UPDATE_DOCS=1 writes it"


def test_no_code_stands_twice():
    for rules in TABLES.values():
        codes = [code for rule in rules for code in rule.codes]
        assert len(codes) == len(set(codes))
