"""A YAML parser's complaint to the words of someone who writes mappings: what stands there, and what to write instead."""

from __future__ import annotations

import re

import yaml

_QUOTE = "put the whole text in double quotes"
_EXPLAINED = (
    (r"found character .*cannot start", r"\t", "a tab can't indent YAML", "use spaces"),
    (r"tab character", r"\t", "a tab can't indent YAML", "use spaces"),
    (r"found character .*cannot start", r".", "a text can't begin with '{0}' unless it is quoted", _QUOTE),
    (r"mapping values are not allowed", r":", "a colon and a space would begin a value inside a value", _QUOTE),
    (r"sequence entries are not allowed", r"-", "a list can't begin on its key's line, and a text can't begin with '- '", _QUOTE),
    (r"unexpected end of stream", r"", "the quote that opens here is never closed", ""),
    (r"expected ',' or '[}\]]'", r"", "the bracket that opens here is not closed properly", "inside brackets a text with quotes, commas, colons or ${ in it needs quotes around all of it"),
    (r"could not find expected ':'", r"", "a key without a colon", "write `key: value`"),
    (r"unknown escape character", r"", "no such escape in double quotes", "write \\\\ for a backslash, or use single quotes"),
    (r"alphabetic or numeric character", r"", "a text can't begin with '*', '&' or '!' unless it is quoted", _QUOTE),
    (r"expected node content", r"", "a value or a key is missing here", "an empty text is written ''"),
    (r"incompatible YAML document", r"", "only YAML 1.1 and 1.2 are read", "remove the %YAML line"),
    (r"did not find expected <document start>", r"", "nothing may follow here", "check the brackets and the indentation before"),
    (r"did not find expected key", r"", "the indentation fits no key above", "keys of one level begin in one column"),
    (r"did not find expected '-' indicator", r"", "the indentation fits no list entry above", "entries of one list begin in one column, each with '- '"),
)  # fmt: skip
"""What the parser says, what stands at the place, what we say, and the way out. The first that fits counts."""
_AT_OPENING = re.compile(r"unexpected end of stream|could not find expected ':'|expected ',' or '[}\]]'")
_ALONE = re.compile(r"[\s-]*[\w.]+")
_AFTER_QUOTE = re.compile(r"""(?:^|[:,\[{-])\s*(?P<quote>['"])(?:(?!(?P=quote)).|(?P=quote){2})*(?P=quote)$""")


def explain(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str, str]:
    """Return index in `text`, message and advice."""
    said = error.problem or str(error)
    context = error.context_mark if _AT_OPENING.search(said) and error.context_mark else None
    mark = context or error.problem_mark or error.context_mark
    index = min(mark.index if mark else 0, len(text))
    if context is None and _follows_quote(text, index):
        return index, "text after a closing quote", "an expression that begins with a quote needs quotes around all of it: \"'a' || b\""
    if "mapping values" in said and _ALONE.fullmatch(text, text.rfind("\n", 0, index) + 1, index):
        return index, "this line is indented too far for a key, or the line above is no key", "keys of one level begin in one column"
    here = text[index : index + 1]
    for pattern, character, message, advice in _EXPLAINED:
        if re.search(pattern, said) and (not character or re.fullmatch(character, here)):
            return index, message.format(here), advice
    return index, said, ""


def _follows_quote(text: str, index: int) -> bool:
    """Whether what stands at `index` follows a quoted scalar on its line: `name: 'a' || b`."""
    start = max(text.rfind("\n", 0, index) + 1, index - 1000)
    return bool(_AFTER_QUOTE.search(text[start:index].rstrip(" |>")))
