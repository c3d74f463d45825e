"""Binary logs that the server keeps encrypted: a reader gets them in plain, after a restart and in an older file, too."""

import json
from pathlib import Path

import pytest

from demo.servers import SYSTEM, MariaDB
from tests.contract.test_mysql_source import rows, simple, world

__all__ = ["world"]

_MARK = b"\xfebin"
"""How a file begins that is not encrypted."""
_KEYS = "1;" + "0123456789abcdef" * 4 + "\n"


@pytest.fixture
def encrypting(folder, mariadb):
    """A server of the tests' kind with keys of its own; skipped where its build has nothing that keeps keys."""
    made = folder / "encrypting"
    made.mkdir()
    server = _mysql(made, mariadb.root) if mariadb.is_mysql else _mariadb(made, mariadb)
    try:
        yield server.start()
    finally:
        server.stop()


def _mariadb(folder, running):
    with running.connect() as connection, connection.cursor() as cursor:
        cursor.execute("select @@plugin_dir")
        (plugins,) = cursor.fetchone()
    if not (Path(plugins) / "file_key_management.so").exists():
        pytest.skip("this build comes without file_key_management")
    (folder / "keys").write_text(_KEYS)
    given = {"plugin-load-add": "file_key_management", "file-key-management-filename": str(folder / "keys"), "encrypt-binlog": "1"}
    return MariaDB(folder / "server", {**given, "plugin-dir": plugins})


def _mysql(folder, root):
    """MySQL looks for what to load beside its program, and for a component's settings beside the component: so both are linked into a tree."""
    known = root / "usr/lib/mysql/plugin/component_keyring_file.so"
    if root == SYSTEM or not known.exists():
        pytest.skip("this build comes without component_keyring_file")
    programs, plugins = folder / "usr/sbin", folder / "usr/lib/mysql/plugin"
    programs.mkdir(parents=True)
    plugins.mkdir(parents=True)
    (programs / "mysqld").symlink_to(root / "usr/sbin/mysqld")
    (folder / "usr/share").symlink_to(root / "usr/share")
    (plugins / known.name).symlink_to(known)
    (programs / "mysqld.my").write_text(json.dumps({"components": "file://component_keyring_file"}))
    (plugins / "component_keyring_file.cnf").write_text(json.dumps({"path": str(folder / "keys"), "read_only": False}))
    return MariaDB(folder / "server", {"binlog-encryption": "ON"}, root=folder)


def test_it_is_read_as_any_other(world, encrypting):
    """torture: 57"""
    shop = simple(world, server=encrypting)
    start = shop.head()
    shop.run(
        "insert into t values (1, 'first file')",
        "flush binary logs",
        "insert into t values (2, 'second')",
        "update t set v = 'x' where id = 1",
    )
    files = sorted((encrypting.folder / "data").glob("binlog.0*"))
    assert len(files) >= 2
    assert not [file for file in files if file.read_bytes().startswith(_MARK)]
    found = [change for each in shop.read(start) for change in each.changes]
    assert [(op.value, new) for op, _, new in rows(found)] == [
        ("insert", ("1", "first file")),
        ("insert", ("2", "second")),
        ("update", ("1", "x")),
    ]
    encrypting.stop()
    encrypting.start()
    shop.session = shop.connect()
    shop.run("delete from t where id = 2")
    assert [change.op.value for change in shop.changes(start)] == ["insert", "insert", "update", "delete"]
