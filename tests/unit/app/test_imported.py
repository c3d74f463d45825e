"""Functions of one's own: only what the service file lists is ever imported, and what can't be called is told before anything starts."""

import sys

import pytest

from cdc.app.service.config import load
from cdc.mapping.compile import check_expressions
from cdc.mapping.files.problem import failed

SERVICE = """version: 1
databases:
  erp: {{url: "postgresql://cdc@127.0.0.1:1/erp"}}
  crm: {{url: "mysql://cdc@127.0.0.1:1/crm"}}
pipelines:
  sales: {{source: erp, target: crm, mappings: mappings}}
{python}
"""
MAPPING = "version: 1\nmapping: people\nsource: person\ntarget: contact\nkey: [id]\ncolumns:\n  id: id\n  name: {{python: {name}}}\n"
MODULE = """
def greeting(row): return f"Dear {row['name']}"
def two(row, more): return row
def many(*rows, **others): return rows
async def later(row): return row
def some(row): yield row
class Kept:
    def __init__(self, row): self.row = row
LIST = []
"""


@pytest.fixture
def service(tmp_path, monkeypatch):
    """Write a service with one module, which leaves a mark where it is imported, and say what is wrong with it."""
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    package = tmp_path / "lib" / "acme_rules"
    package.mkdir(parents=True)
    for name in ("__init__", "names", "others"):
        (package / f"{name}.py").write_text(MODULE)
    (package / "broken.py").write_text("raise SystemExit('secret code')")
    (tmp_path / "mappings").mkdir()

    def check(name, python="python: {modules: [acme_rules.names, acme_rules.broken, acme_rules.gone]}"):
        (tmp_path / "cdc.yaml").write_text(SERVICE.format(python=python))
        (tmp_path / "mappings" / "people.yaml").write_text(MAPPING.format(name=name))
        settings, problems = load(tmp_path / "cdc.yaml", {})
        specs = settings.pipelines["sales"].specs if settings else ()
        return specs, [*problems, *(problem for spec in specs for problem in check_expressions(spec))]

    yield check
    for name in [name for name in sys.modules if name.startswith("acme_rules")]:
        del sys.modules[name]


def test_a_listed_function_is_handed_to_the_mapping(service):
    (spec,), problems = service("acme_rules.names:greeting")
    assert problems == []
    assert spec.functions["acme_rules.names:greeting"]({"name": "Ann"}) == "Dear Ann"


@pytest.mark.parametrize(
    "name",
    [
        "acme_rules.others:greeting",
        "acme_rules:greeting",
        "os:system",
        "os.path:exists",
        "builtins:eval",
        "subprocess:call",
        "acme_rules.names.x:y",
    ],
)
def test_a_module_that_is_not_listed_is_never_imported(service, name):
    module = name.partition(":")[0]
    before = set(sys.modules)
    _, problems = service(name)
    assert [(problem.code, problem.line) for problem in problems] == [("unlisted-module", 8)]
    assert f"does not list the module '{module}'" in problems[0].message
    assert {found for found in set(sys.modules) - before if found.startswith("acme_rules")} == set()


@pytest.mark.parametrize(
    "name",
    [".names:greeting", "..acme_rules.names:greeting", "acme_rules.names", "acme_rules.names:", ":greeting", "acme_rules/names:greeting",
     "acme_rules.names:greeting()", "acme_rules.names:Kept.method", "acme_rules.names:gr\u00e9eting", "'acme rules:greeting'"],
)  # fmt: skip
def test_names_that_are_relative_or_none_are_refused(service, name):
    _, problems = service(f'"{name}"')
    assert "bad-function" in {problem.code for problem in problems}
    assert failed(problems)
    assert not {found for found in sys.modules if found.startswith("acme_rules")}


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("acme_rules.gone:f", "no-module", "can't be imported: ModuleNotFoundError"),
        ("acme_rules.broken:f", "no-module", "can't be imported: SystemExit"),
        ("acme_rules.names:greting", "no-function", "has no function 'greting'"),
        ("acme_rules.names:two", "no-function", "does not take one argument"),
        ("acme_rules.names:later", "no-function", "is no plain function"),
        ("acme_rules.names:some", "no-function", "is no plain function"),
        ("acme_rules.names:LIST", "no-function", "is no plain function"),
    ],
)
def test_what_can_not_be_called_has_a_place(service, name, code, said):
    _, problems = service(name)
    assert [(problem.code, problem.line, said in problem.message) for problem in problems] == [(code, 8, True)], problems


def test_what_takes_one_argument_will_do(service):
    for name in ("many", "Kept"):
        assert service(f"acme_rules.names:{name}")[1] == []


def test_without_a_list_nothing_may_be_named(service):
    _, problems = service("acme_rules.names:greeting", python="")
    assert [problem.code for problem in problems] == ["unlisted-module"]
    assert problems[0].help == "write `python: {modules: [acme_rules.names]}` there"


@pytest.mark.parametrize("name", [".acme_rules", "acme_rules.*", "acme rules", "", "../acme_rules"])
def test_what_is_listed_must_be_a_module_s_whole_name(service, name):
    _, problems = service("acme_rules.names:greeting", python=f'python: {{modules: ["{name}"]}}')
    assert "bad-module" in {problem.code for problem in problems}
    assert not {found for found in sys.modules if found.startswith("acme_rules")}


def test_a_value_beside_a_function_is_refused(service):
    _, problems = service("acme_rules.names:greeting, value: name")
    assert ("two-values", "column 'name' has both `python` and `value`") in {(problem.code, problem.message) for problem in problems}
