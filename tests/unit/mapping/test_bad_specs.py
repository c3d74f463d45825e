"""What a wrong file says, word for word: each case holds files and the report that they must give.

Sections begin with `=== name`; the last one is `report`. A case with a `cdc.yaml` is loaded as a service with its mapping files,
any other as mapping files of one pipeline, and what they name; when nothing else is wrong, their expressions are checked too. `UPDATE_CASES=1` writes the reports anew: read the difference before you keep it.
"""

import os
import re
from pathlib import Path

import pytest

from cdc.app.service.config import load
from cdc.app.service.mapping_files import beside
from cdc.mapping.compile import check_expressions
from cdc.mapping.files.problem import failed, render
from cdc.mapping.spec.read import read_mapping
from cdc.mapping.spec.rules import check_set

CASES = sorted(Path(__file__).parents[2].joinpath("cases", "bad_specs").glob("*.txt"))
ENVIRONMENT = {"CRM_PASSWORD": "secret", "EMPTY": ""}


def sections(text):
    parts = re.split(r"(?m)^=== (.+)\n", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def report(files):
    """The service's files are in the current folder, as they are for someone who types `cdc -c cdc.yaml check`."""
    if "cdc.yaml" in files:
        return load("cdc.yaml", ENVIRONMENT)[1]
    read = [read_mapping(name, text, beside(name)) for name, text in files.items() if name.endswith(".yaml")]
    specs = [spec for spec, _ in read if spec]
    problems = [problem for _, problems in read for problem in problems] + list(check_set(specs, "public"))
    return problems if failed(problems) else problems + [problem for spec in specs for problem in check_expressions(spec)]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_report_of_a_bad_file(path, tmp_path, monkeypatch):
    files = sections(path.read_text(encoding="utf-8"))
    expected = files.pop("report")
    monkeypatch.chdir(tmp_path)
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
        Path(name).chmod(0o600)
    problems = report(files)
    if os.environ.get("UPDATE_CASES"):
        path.write_text("".join(f"=== {name}\n{text}" for name, text in {**files, "report": render(problems)}.items()), encoding="utf-8")
    else:
        assert render(problems) == expected
        assert failed(problems) == (": error[" in expected)


def test_there_are_cases():
    assert len(CASES) >= 45
