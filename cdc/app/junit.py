"""Outcomes of examples to a JUnit report, which build servers show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from cdc.mapping.files.problem import printable
from cdc.mapping.tools.example import Outcome


def report(suites: Mapping[str, Sequence[Outcome]]) -> str:
    """Return the report: a suite for each mapping, a case for each of its examples."""
    everything = [outcome for outcomes in suites.values() for outcome in outcomes]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="cdc mapping test" {_counts(everything)}>']
    for name, outcomes in suites.items():
        lines += [f"  <testsuite name={_attribute(name)} {_counts(outcomes)}>"]
        lines += [line for outcome in outcomes for line in _case(name, outcome)]
        lines += ["  </testsuite>"]
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _case(suite: str, outcome: Outcome) -> Iterable[str]:
    place = outcome.place
    opened = f'    <testcase classname={_attribute(suite)} name={_attribute(f"example {outcome.number}")} file={_attribute(place.file)} line="{place.line}"'
    if not outcome.differences:
        yield f"{opened}/>"
        return
    yield f"{opened}>"
    for one in outcome.differences:
        said = f"{one.place.file}:{one.place.line}: {one.column}{': ' if one.column else ''}{one.message}"
        yield f"      <failure message={_attribute(said)}>{escape(printable(said))}</failure>"
    yield "    </testcase>"


def _counts(outcomes: Sequence[Outcome]) -> str:
    return f'tests="{len(outcomes)}" failures="{sum(bool(outcome.differences) for outcome in outcomes)}"'


def _attribute(text: str) -> str:
    return quoteattr(printable(text))
