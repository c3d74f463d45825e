"""The documentation names only what is there: files, commands and their options, tests."""

import ast
import re
from functools import cache
from pathlib import Path

import click
import pytest

from cdc.app.cli import root
from cdc.mapping.files.mapping import ColumnFile, MappingFile

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.joinpath("docs").rglob("*.md"))]
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"`cdc ([^`\n]+)`|^(?: {4}|\$ )?cdc ([^\n#]+)", re.MULTILINE)
"""In a text's line, or at the head of a line of code."""
TEST = re.compile(r"tests/[\w/]+\.py(?:::\w+)+")


def label(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text()):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in {heading(line) for line in target.read_text().splitlines() if line.startswith("#")}, link


def heading(line):
    return re.sub(r"[^\w -]", "", line.lstrip("#").strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_commands_and_options_exist(page):
    for inline, line in COMMAND.findall(page.read_text()):
        assert known(root, (inline or line).split()), f"cdc {inline or line}"


def known(command, words):
    """Whether the words name commands down from this one, and options that they have; what else stands there are arguments."""
    context = click.Context(command, help_option_names=["-h", "--help"])  # as the group says: click remembers what it first made
    options = {option for parameter in command.get_params(context) for option in (*parameter.opts, *parameter.secondary_opts)}
    for at, word in enumerate(words):
        if word.startswith("-"):
            if word not in options:
                return False
        elif isinstance(command, click.Group):
            if at and words[at - 1] in options:  # an option's value
                continue
            inner = command.get_command(context, word) if re.fullmatch(r"[a-z-]+", word) else None
            return word == "COMMAND" or (inner is not None and known(inner, words[at + 1 :]))
    return True


@cache
def names_in(path):
    """The tests of a file, `Class::name` for those of a class."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return found


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_tests_that_are_named_exist(page):
    for name in TEST.findall(page.read_text()):
        file, _, test = name.partition("::")
        assert test in names_in(ROOT / file), name


def test_each_row_of_what_happens_when_is_shown_by_a_test():
    promises = (ROOT / "docs/reliability.md").read_text().partition("# What is not there yet")[0]
    rows = [line for line in promises.splitlines() if line.startswith("| ") and not line.endswith("| shown by |")]
    assert rows
    assert [row for row in rows if not TEST.search(row)] == []


def test_the_index_names_every_page():
    index = ROOT / "docs/index.md"
    named = {(index.parent / link).resolve() for link in LINK.findall(index.read_text())}
    written = {page for page in PAGES[1:] if "changes" not in page.parts and page.name not in {"index.md", "changelog.md"}}
    assert written - named == set()


def test_what_is_not_there_yet_is_what_the_readers_of_files_refuse():
    section = (ROOT / "docs/reference/mapping.md").read_text().partition("## Not in this version")[2]
    (of_mapping,) = (re.findall(r"`([^`]+)`", line) for line in section.splitlines() if line.startswith("- "))
    assert ColumnFile.later == frozenset()
    assert set(of_mapping) == MappingFile.later
