"""Failpoints: nothing without the variable, exactly what it says with it, and never in a service."""

import ast
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pymysql
import pytest

from cdc.failpoint import POINTS, VARIABLE, armed, reach
from cdc.model.errors import Misconfigured

ROOT = Path(__file__).parents[2]


def test_nothing_happens_without_the_variable():
    assert reach is armed({})
    for name in POINTS:
        reach(name)


def test_it_happens_at_the_nth_time_and_only_then(capsys):
    hit = armed({VARIABLE: "apply.begin:2:raise:40001,apply.begin:3:raise:1213,confirm.post:1:sleep:0"})
    hit("apply.begin")
    with pytest.raises(psycopg.errors.SerializationFailure):
        hit("apply.begin")
    with pytest.raises(pymysql.err.OperationalError, match="1213"):
        hit("apply.begin")
    hit("apply.begin")
    hit("confirm.post")
    assert capsys.readouterr().err.splitlines() == ["failpoint apply.begin"] * 2 + ["failpoint confirm.post"]


@pytest.mark.parametrize(
    "text", ["nowhere:1:kill", "apply.begin:x:kill", "apply.begin:1:vanish", "apply.begin", "apply.begin:1:sleep:soon"]
)
def test_what_it_does_not_understand_is_refused(text):
    with pytest.raises(Misconfigured, match="none of ours"):
        armed({VARIABLE: text})


@pytest.mark.parametrize("name", ["NOTIFY_SOCKET", "INVOCATION_ID"])
def test_a_service_refuses_it(name, tmp_path):
    with pytest.raises(Misconfigured, match="service"):
        armed({VARIABLE: "apply.begin:1:kill", name: "x"})
    assert armed({name: "x"}) is reach
    (tmp_path / "cdc.yaml").write_text(
        "version: 1\ndatabases:\n  a: {url: postgresql://u@h/a}\n  b: {url: mysql://u@h/b}\n"
        "pipelines:\n  p: {source: a, target: b, mappings: m}\n"
    )
    (tmp_path / "m").mkdir()
    (tmp_path / "m/m.yaml").write_text("version: 1\nmapping: t\nsource: t\ntarget: t\nkey: [id]\ncolumns:\n  id: id\n")
    command = [sys.executable, "-m", "cdc", "-c", str(tmp_path / "cdc.yaml"), "run", "--once"]
    given = {VARIABLE: "apply.begin:1:kill", name: "x", "PATH": ""}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=given, cwd=ROOT)
    assert (done.returncode, VARIABLE in done.stderr) == (78, True), done.stderr


def test_drop_cuts_every_connection():
    """In a process of its own, which has others to lose than ours."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        text = (
            "import socket; from cdc.failpoint import armed; "
            f"s = socket.create_connection(('127.0.0.1', {listener.getsockname()[1]})); "
            f"armed({{'{VARIABLE}': 'apply.begin:1:drop'}})('apply.begin'); assert s.recv(1) == b''"
        )
        subprocess.run([sys.executable, "-c", text], check=True, cwd=ROOT, stderr=subprocess.DEVNULL)


def test_every_point_is_somewhere_on_the_way():
    reached = {
        node.args[0].value
        for path in ROOT.joinpath("cdc").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("reach", "reaches")
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert reached == set(POINTS)
