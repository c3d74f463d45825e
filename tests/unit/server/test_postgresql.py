import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from cdc.model.endpoint import Endpoint
from cdc.model.errors import BadRow, CdcError, Denied, Misconfigured, Transient, Unreachable
from cdc.server.postgresql import SESSION, classify, conninfo, translated


def endpoint(**options):
    return Endpoint("erp", "postgresql", "db.example", 5433, "cdc", "pass word'", "Shop", options)


def error(state, text="some text"):
    return psycopg.errors.lookup(state)(text)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("08006", Unreachable), ("57P01", Unreachable), ("57P03", Unreachable), ("08P01", CdcError),
        ("40001", Transient), ("40P01", Transient), ("55P03", Transient), ("53100", Transient), ("53300", Transient), ("25006", Transient),
        ("40002", BadRow), ("23505", BadRow), ("22001", BadRow), ("P0001", BadRow), ("54000", BadRow),
        ("42501", Denied), ("28P01", Denied), ("42P01", Misconfigured), ("3D000", Misconfigured),
        ("XX000", CdcError), ("58030", CdcError), ("55000", Misconfigured), ("72000", Transient),
    ],
)  # fmt: skip
def test_each_state_says_who_must_act(state, kind):
    found = classify(error(state), "erp")
    assert type(found) is kind
    assert str(found).startswith("erp: ")
    assert str(found).endswith(f" (SQLSTATE {state})")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('connection failed: FATAL:  password authentication failed for user "cdc"', Denied),
        ('connection failed: FATAL:  no pg_hba.conf entry for host "10.0.0.1"', Denied),
        ('connection failed: FATAL:  role "cdc" does not exist', Denied),
        ("connection failed: FATAL:  must be superuser or replication role to start walsender", Denied),
        (
            "connection failed: FATAL:  permission denied to start WAL sender\nDETAIL:  Only roles with the REPLICATION attribute may …",
            Denied,
        ),
        ('connection failed: FATAL:  permission denied for database "x"\nDETAIL:  User does not have CONNECT privilege.', Denied),
        ('connection failed: FATAL:  database "x" does not exist', Misconfigured),
        ("connection failed: Connection refused", Unreachable),
        ("consuming input failed: server closed the connection unexpectedly", Unreachable),
    ],
)
def test_errors_without_a_state_are_told_by_their_text(text, kind):
    assert type(classify(psycopg.OperationalError(text), "erp")) is kind


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("22P02", 'invalid input syntax for type integer: "secret"'),
        ("22P02", 'invalid input value for enum app.mood: "se"cr"et"'),
        ("22003", 'value "secret\nsecret" is out of range for type integer'),
        ("P0001", "secret"),
    ],
)
def test_values_are_not_shown(state, text):
    found = str(classify(error(state, text), "erp"))
    assert not any(part in found for part in ("secret", "cr", "et"))


def test_names_are_shown():
    assert 'constraint "t_pkey"' in str(classify(error("23505", 'duplicate key value violates unique constraint "t_pkey"'), "erp"))


def test_what_psycopg_raises_becomes_ours():
    with pytest.raises(Transient) as caught, translated("erp"):
        raise error("40001")
    assert isinstance(caught.value.__cause__, psycopg.Error)


def test_the_session_is_pinned_and_the_way_there_is_the_urls():
    found = conninfo_to_dict(
        conninfo(
            endpoint(sslmode="verify-full", connect_timeout="3", host="/run/pg", options="-c datestyle=SQL", client_encoding="LATIN1"),
            "cdc p",
            {**SESSION, "application": "two words"},
            replication="database",
        )
    )
    assert (found["host"], found["port"], found["user"], found["dbname"], found["password"]) == (
        "/run/pg",
        "5433",
        "cdc",
        "Shop",
        "pass word'",
    )
    assert (found["sslmode"], found["connect_timeout"], found["replication"]) == ("verify-full", "3", "database")
    assert (found["application_name"], found["client_encoding"]) == ("cdc p", "UTF8")
    assert found["options"].startswith("-c datestyle=SQL -c datestyle=ISO ")
    assert "-c application=two\\ words -c tcp_keepalives_idle=" in found["options"]


def test_no_password_is_left_to_libpq():
    at = Endpoint("erp", "postgresql", "db.example", 5433, "cdc", "", "shop", {})
    assert "password" not in conninfo_to_dict(conninfo(at, "cdc", {}))
