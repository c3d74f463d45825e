"""What follows from `direction: both` stands under the opposite pipeline, for every command, without any server."""

import json

import pytest

from cdc.app.cli import invoke

SERVICE = """\
version: 1
databases:
  erp: {url: "postgresql://cdc@127.0.0.1:1/erp"}
  crm: {url: "mysql://cdc@127.0.0.1:1/crm"}
pipelines:
  erp_to_crm: {source: erp, target: crm, mappings: there}
  crm_to_erp: {source: crm, target: erp%s}
"""
BOTH = """\
version: 1
mapping: customers
direction: both
source: customer
target: accounts
key: [id]
columns:
  id: id
  name: {value: trim(name), reverse: nam(name)}
  note: {value: note, owner: source}
"""
ONE_WAY = "version: 1\nmapping: notes\nsource: note\ntarget: notes\nkey: [id]\nsame: [id]\n"
BACK = "version: 1\nmapping: leads\nsource: leads\ntarget: lead\nkey: [id]\nsame: [id, name]\n"
RIGHT = BOTH.replace("nam(name)", "name")


@pytest.fixture
def cdc(tmp_path, monkeypatch, capsys):
    """Files, and the commands over them."""
    monkeypatch.chdir(tmp_path)

    def made(there, back=None):
        (tmp_path / "cdc.yaml").write_text(SERVICE % (", mappings: back" if back is not None else ""))
        for folder, files in (("there", there), ("back", back or {})):
            (tmp_path / folder).mkdir()
            for name, text in files.items():
                (tmp_path / folder / f"{name}.yaml").write_text(text)

        def run(*words):
            code = invoke(words)
            return code, *capsys.readouterr()

        return run

    return made


def graph(run):
    return [
        (one["pipeline"], one["mapping"], one["source"]) for one in json.loads(run("mapping", "graph", "--format", "json")[1])["mappings"]
    ]


@pytest.mark.parametrize("back", [None, {}, {"leads": BACK}], ids=["no folder", "an empty folder", "a folder"])
def test_it_stands_behind_what_the_other_pipeline_has_itself(cdc, back):
    run = cdc({"customers": RIGHT, "notes": ONE_WAY}, back)
    written = [("crm_to_erp", "leads", "crm: crm.leads")] if back else []
    assert graph(run) == [
        ("erp_to_crm", "customers", "erp: public.customer"),
        ("erp_to_crm", "notes", "erp: public.note"),
        *written,
        ("crm_to_erp", "customers", "crm: crm.accounts"),
    ]


def test_a_mistake_on_the_way_back_is_shown_where_it_is_written(cdc):
    code, out, _ = cdc({"customers": BOTH})("check")
    assert code == 78
    assert "there/customers.yaml:9:38: error[unknown-function]" in out


def test_a_mistake_in_the_file_is_told_once(cdc):
    code, out, err = cdc({"customers": RIGHT.replace("  id: id\n", "  id: id id\n")})("check")
    assert (code, out.count("error[")) == (78, 1), out
    assert "1 error" in err


def test_the_mapping_that_follows_is_printed(cdc):
    run = cdc({"customers": RIGHT, "notes": ONE_WAY})
    code, out, _ = run("mapping", "show", "customers", "--reverse")
    assert code == 0
    assert out == (
        "# crm_to_erp: customers, which follows from there/customers.yaml\n"
        "version: 1\nmapping: customers\nsource: accounts\ntarget: customer\nkey: [id]\ncolumns:\n  id: id\n  name: name\n"
    )
    given = json.loads(run("mapping", "show", "customers", "--reverse", "--format", "json")[1])
    assert (given["pipeline"], given["mapping"]) == ("crm_to_erp", "customers")
    assert given["yaml"] == out.partition("\n")[2]


@pytest.mark.parametrize("words", [("notes",), ("customers", "--pipeline", "crm_to_erp")])
def test_what_goes_one_way_has_no_way_back_to_show(cdc, words):
    code, _, err = cdc({"customers": RIGHT, "notes": ONE_WAY})("mapping", "show", *words, "--reverse")
    assert code == 2
    assert f"mapping '{words[0]}' goes one way: it has no `direction: both`" in err


def test_check_alone_speaks_of_owners_and_notes(cdc):
    run = cdc({"customers": RIGHT.replace("  note:", "  city: trim(city)\n  note:")})
    code, out, _ = run("check")
    assert code == 0
    assert "there/customers.yaml:9:3: warning[no-owner]: column 'name' goes both ways and nobody owns it" in out
    assert "there/customers.yaml:10:3: note[one-way]: column 'city' goes one way" in out
    assert "no-owner" not in run("mapping", "graph")[2]
    assert "one-way" not in run("mapping", "graph")[2]


def test_examples_run_in_both_directions(cdc):
    tests = "tests:\n  - given: {id: 1, name: ' a '}\n    expect: {name: a}\n  - direction: reverse\n    given: {id: 1, name: b}\n    expect: {name: c}\n"
    code, out, err = cdc({"customers": RIGHT + tests})("mapping", "test")
    assert code == 3
    assert out == "there/customers.yaml:16:14: example 1: name: expected 'c', got 'b'\n"
    assert "2 examples, 1 failure" in err
