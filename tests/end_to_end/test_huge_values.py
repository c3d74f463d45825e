"""Values of many megabytes through the real process: they arrive as they were, or wait with a name and a way to mend it."""

from contextlib import closing

import pytest

from demo.servers import MariaDB
from tests.service import Service

MAPPING = "version: 1\nmapping: file\nsource: file\ntarget: document\nkey: [id]\nsame: [id, data]\ndeletes: hard\n"
MB = 1_000_000
_BYTES = {"postgresql": "convert_to(repeat('{letter}', {size}), 'UTF8')", "mysql": "repeat('{letter}', {size})"}


@pytest.fixture
def packets(mariadb):
    """Lets the server take larger statements from new connections."""

    def allow(size):
        with closing(mariadb.connect()) as connection:
            connection.cursor().execute(f"set global max_allowed_packet = {size}")

    with closing(mariadb.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("select @@global.max_allowed_packet")
        (before,) = cursor.fetchone()
    yield allow
    allow(before)
    with closing(mariadb.connect()) as connection:  # it looks over no larger event from now on, and other tests ask it where its log ends
        connection.cursor().execute("flush binary logs")


def flow(tmp_path, erp, crm):
    service = Service(tmp_path, {"erp": erp, "crm": crm}, {"p": ("erp", "crm", MAPPING)})
    service.patience = 900
    for name, table in (("erp", "file"), ("crm", "document")):
        kind = "longblob" if isinstance(service.servers[name], MariaDB) else "bytea"
        service.sql(name, f"create table {table} (id int primary key, data {kind})")
    return closing(service)


def data(service, letter, size):
    return _BYTES[service.servers["erp"].engine].format(letter=letter, size=size)


def sums(service, name, table):
    digest = "sha2(data, 256)" if isinstance(service.servers[name], MariaDB) else "encode(sha256(data), 'hex')"
    return service.sql(name, f"select id, length(data), {digest} from {table} order by id")


def passes(tmp_path, erp, crm, size):
    with flow(tmp_path, erp, crm) as service:
        service.sql("erp", f"insert into file values (1, {data(service, 'a', size)})")
        service.once()
        assert sums(service, "crm", "document") == sums(service, "erp", "file")
        service.sql("erp", f"insert into file values (2, {data(service, 'b', size)}), (3, {data(service, 'c', 5)})")
        service.sql("erp", f"update file set data = {data(service, 'd', size + 1)} where id = 1")
        service.once()
        assert [length for _, length, _ in sums(service, "crm", "document")] == [size + 1, size, 5]
        assert sums(service, "crm", "document") == sums(service, "erp", "file")


@pytest.mark.parametrize(
    "pair", [("postgresql", "mariadb"), pytest.param(("mariadb", "postgresql"), marks=pytest.mark.soak)], ids="-to-".join
)
def test_values_of_20_mb_arrive(request, tmp_path, packets, pair):
    packets(64 * 1024 * 1024)
    passes(tmp_path, *map(request.getfixturevalue, pair), 20 * MB)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("pair", [("postgresql", "postgresql"), ("postgresql", "mariadb"), ("mariadb", "postgresql")], ids="-to-".join)
def test_values_of_100_mb_arrive(request, tmp_path, packets, pair):
    packets(1024 * 1024 * 1024)
    passes(tmp_path, *map(request.getfixturevalue, pair), 100 * MB)


def test_a_value_that_the_target_can_not_take_waits_and_the_rest_goes(tmp_path, postgresql, mariadb, packets):
    packets(4 * 1024 * 1024)
    with flow(tmp_path, postgresql, mariadb) as service:
        service.once()
        service.sql("erp", f"insert into file values (1, {data(service, 'a', 5)}), (2, {data(service, 'b', 5 * MB)}), (3, null)")
        service.once()
        assert [number for number, *_ in sums(service, "crm", "document")] == [1, 3]
        ((message, hint),) = service.sql("crm", f"select message, hint from cdc.parked where pipeline = '{service.names['p']}'")
        assert message.startswith("mapping file: ")
        assert "bytes in a statement" in message
        assert "max_allowed_packet" in hint
