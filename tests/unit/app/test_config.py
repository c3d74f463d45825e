"""The service file and its folder of mappings as settings; secrets stay out of sight."""

import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cdc.app.service.config import Listen, Log, default_schema, load
from cdc.app.service.secrets import hidden
from cdc.app.service.service_file import DatabaseFile, LogFile, MaskingFile, MetricsFile, PipelineFile, ServiceFile
from cdc.app.service.url import OPTIONS, BadUrl, read_url
from cdc.mapping.files.problem import Place, failed, render
from cdc.mapping.files.schema import schema
from cdc.model.endpoint import Endpoint

MAPPING = "version: 1\nmapping: {name}\nsource: customer\ntarget: {name}\nkey: [id]\nsame: [id]\n"
SERVICE = """version: 1
databases:
  erp: {url: "postgresql://cdc@127.0.0.1:5432/erp", password: "${file:erp.password}"}
  crm: {url: "mysql://cdc@127.0.0.1:3306/crm", password: "${env:CRM_PASSWORD}"}
pipelines:
  erp_to_crm: {source: erp, target: crm, mappings: mappings/there}
  crm_to_erp: {source: crm, target: erp, mappings: mappings/back.yaml, batch_rows: 500, metrics: {listen: "[::1]:9894"}}
metrics: {listen: "127.0.0.1:9893"}
log: {format: json, level: warning}
"""
CANARY = "c4n4ry-Secret"


@pytest.fixture
def service(tmp_path, monkeypatch):
    """Write the files of a service and load it, from its own folder."""
    monkeypatch.chdir(tmp_path)

    def write(name, text, mode=0o600):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)

    def make(text=SERVICE, mode=0o600, environment=None, **files):
        write("mappings/there/b.yml", MAPPING.format(name="b"))
        write("mappings/there/a.yaml", MAPPING.format(name="a"))
        write("mappings/back.yaml", MAPPING.format(name="back"))
        write("erp.password", "erp-secret\n")
        for name, content in files.items():
            write(name, content)
        write("cdc.yaml", text, mode)
        return load("cdc.yaml", {"CRM_PASSWORD": "crm-secret"} if environment is None else environment)

    return make


def one_problem(result):
    _, problems = result
    assert len(problems) == 1, render(problems)
    return problems[0]


def test_a_whole_service(service):
    settings, problems = service()
    assert problems == []
    erp = Endpoint("erp", "postgresql", "127.0.0.1", 5432, "cdc", "erp-secret", "erp", {})
    crm = Endpoint("crm", "mysql", "127.0.0.1", 3306, "cdc", "crm-secret", "crm", {})
    assert settings.file == "cdc.yaml"
    assert settings.databases == {"erp": erp, "crm": crm}
    assert (settings.metrics, settings.log) == (Listen("127.0.0.1", 9893), Log("json", "warning"))
    there, back = settings.pipelines["erp_to_crm"], settings.pipelines["crm_to_erp"]
    assert (there.name, there.source, there.target, there.metrics, there.batch_rows) == ("erp_to_crm", erp, crm, None, 5000)
    assert [(spec.name, spec.document.file) for spec in there.specs] == [("a", "mappings/there/a.yaml"), ("b", "mappings/there/b.yml")]
    assert (back.source, back.target, back.metrics, back.batch_rows) == (crm, erp, Listen("::1", 9894), 500)
    assert [spec.name for spec in back.specs] == ["back"]


def test_what_is_not_written_has_a_default(service):
    settings, problems = service(
        SERVICE.partition('metrics: {listen: "127')[0].replace(', metrics: {listen: "[::1]:9894"}', ", metrics: {}")
    )
    assert problems == []
    assert settings.metrics is None
    assert settings.log == Log("auto", "info")
    assert settings.pipelines["crm_to_erp"].metrics == Listen("127.0.0.1", 9893)


def test_no_secret_is_ever_shown(service):
    settings, _ = service(**{"erp.password": CANARY}, environment={"CRM_PASSWORD": CANARY + "2"})
    assert CANARY not in repr(settings)
    assert settings.secrets == {CANARY, CANARY + "2"}


def test_paths_are_relative_to_the_service_file(service, tmp_path, monkeypatch):
    service()
    monkeypatch.chdir("/")
    settings, problems = load(tmp_path / "cdc.yaml", {"CRM_PASSWORD": "x"})
    assert problems == []
    assert settings.databases["erp"].password == "erp-secret"
    assert [spec.document.file for spec in settings.pipelines["crm_to_erp"].specs] == [str(tmp_path / "mappings/back.yaml")]


def test_the_environment_of_the_process_is_the_default(service, monkeypatch):
    service()
    monkeypatch.setenv("CRM_PASSWORD", "from-the-process")
    settings, _ = load("cdc.yaml")
    assert settings.databases["crm"].password == "from-the-process"


def test_references_stand_in_any_value(service):
    text = SERVICE.replace("127.0.0.1:5432", "${env:HOST}:${env:PORT}").replace("batch_rows: 500", 'batch_rows: "${env:ROWS}"')
    text = text.replace("level: warning", 'level: "${env:LEVEL}"').replace("${env:CRM_PASSWORD}", "a$${env:X}b${env:ROWS}$")
    environment = {"HOST": "db.example", "PORT": "6543", "ROWS": "77", "LEVEL": "debug"}
    settings, problems = service(text, environment=environment)
    assert [p.code for p in problems] == ["secret-in-file"]
    assert (settings.databases["erp"].host, settings.databases["erp"].port) == ("db.example", 6543)
    assert settings.pipelines["crm_to_erp"].batch_rows == 77
    assert settings.log.level == "debug"
    assert settings.databases["crm"].password == "a${env:X}b77$"


def test_a_credential_comes_from_systemd(service, tmp_path):
    text = SERVICE.replace("${env:CRM_PASSWORD}", "${cred:crm.password}")
    folder = tmp_path / "credentials"
    settings, problems = service(
        text, environment={"CREDENTIALS_DIRECTORY": str(folder)}, **{"credentials/crm.password": "from systemd\r\n"}
    )
    assert problems == []
    assert settings.databases["crm"].password == "from systemd"


@pytest.mark.parametrize(
    ("reference", "code", "message"),
    [
        ("${env:NOTHING}", "missing-secret", "the environment variable NOTHING is not set"),
        ("${env:EMPTY}", "missing-secret", "${env:EMPTY} is empty"),
        ("${file:nowhere}", "missing-secret", "nowhere can't be read: No such file or directory"),
        ("${file:empty}", "missing-secret", "${file:empty} is empty"),
        ("${file:latin}", "missing-secret", "latin is no file of UTF-8 text"),
        ("${file:mappings}", "missing-secret", "mappings can't be read: Is a directory"),
        ("${file:large}", "missing-secret", "large has more than 65,536 bytes"),
        ("${cred:x}", "missing-secret", "systemd gave this process no credentials"),
        ("${vault:x}", "missing-secret", "unknown reference 'vault:'"),
        ("${X}", "missing-secret", "a reference without its kind"),
        ("${env:}", "missing-secret", "a reference without its kind"),
        ("${env:X", "missing-secret", "the reference is never closed with }"),
    ],
)
def test_a_reference_that_leads_nowhere(service, reference, code, message):
    Path("latin").write_bytes(b"\xe9")
    files = {"empty": "\n", "large": "x" * 70_000}
    settings, problems = service(SERVICE.replace("${env:CRM_PASSWORD}", reference), environment={"EMPTY": ""}, **files)
    assert settings is None
    assert [(p.line, p.column, p.code, p.message) for p in problems if p.code == code] == [(4, 59, code, message)]


# torture: K07
def test_a_credential_can_not_leave_its_folder(service, tmp_path):
    text = SERVICE.replace("${env:CRM_PASSWORD}", "${cred:../erp.password}")
    problem = one_problem(service(text, environment={"CREDENTIALS_DIRECTORY": str(tmp_path / "mappings")}))
    assert problem.message == "'../erp.password' is not a credential's name"


# torture: K07
def test_a_secret_that_every_user_can_read_draws_a_warning(service, tmp_path):
    service()
    (tmp_path / "erp.password").chmod(0o604)
    settings, (problem,) = load("cdc.yaml", {"CRM_PASSWORD": "x"})
    assert settings is not None
    assert (problem.level.value, problem.code, problem.help) == ("warning", "open-secret", "chmod o-rwx erp.password")


def test_a_service_file_that_every_user_can_read_is_fine_without_a_secret(service):
    assert service(mode=0o644)[1] == []


WRITTEN = SERVICE.replace('"${env:CRM_PASSWORD}"', f'"{CANARY}"')


# torture: K07
@pytest.mark.parametrize(
    ("mode", "codes"), [(0o600, ["secret-in-file"]), (0o640, ["secret-in-file"]), (0o644, ["open-secret", "secret-in-file"])]
)
def test_a_secret_in_the_service_file_works_and_draws_a_warning(service, mode, codes):
    settings, problems = service(WRITTEN, mode)
    assert settings.databases["crm"].password == CANARY
    assert [p.code for p in problems] == codes
    assert not failed(problems)


@pytest.mark.parametrize(
    ("url", "codes"),
    [
        ("mysql://cdc:${env:CRM_PASSWORD}@h/crm", []),
        ("mysql://${env:CRM_PASSWORD}:x@h/crm", ["secret-in-file"]),
        ("mysql://cdc:x${env:CRM_PASSWORD}@h/crm", ["secret-in-file"]),
        ("postgresql://cdc@h/crm?sslpassword=${env:CRM_PASSWORD}", []),
        ("postgresql://cdc@h/crm?sslpassword=x", ["secret-in-file"]),
    ],
)
def test_a_reference_in_a_url_is_no_written_secret(service, url, codes):
    settings, problems = service(
        SERVICE.replace('{url: "mysql://cdc@127.0.0.1:3306/crm", password: "${env:CRM_PASSWORD}"}', f'{{url: "{url}"}}')
    )
    assert [p.code for p in problems] == codes
    assert len(settings.secrets) == 2


def test_a_key_has_a_password_of_its_own(service):
    _, problems = service(SERVICE.replace("5432/erp", "5432/erp?sslpassword=${env:CRM_PASSWORD}"))
    assert problems == []


@pytest.mark.parametrize("written", ["source: erp", "target: crm", "mappings: mappings/there", "level: warning", "batch_rows: 500"])
def test_an_unresolved_reference_is_reported_once(service, written):
    text = SERVICE.replace(written, f'{written.partition(":")[0]}: "${{env:NO}}"', 1)
    assert one_problem(service(text)).code == "missing-secret"


def test_a_password_of_digits_is_a_text(service):
    settings, _ = service(SERVICE.replace('"${env:CRM_PASSWORD}"', "0123.50"))
    assert settings.databases["crm"].password == "0123.50"
    settings, _ = service(SERVICE.replace('"${env:CRM_PASSWORD}"', "123.50"))
    assert settings.databases["crm"].password == "123.50"


# torture: K05, K06
@pytest.mark.parametrize(
    "crm",
    [
        f'{{url: "mysql://cdc:{CANARY}@h/crm", passwort: x}}',
        f'{{url: "mysql://cdc:{CANARY}/x@h/crm"}}',
        f'{{url: "mysql://cdc:{CANARY}?x@h/crm"}}',
        f'{{url: "mysql://cdc:{CANARY}#x@h/crm"}}',
        f'{{url: "mysql://cdc:{CANARY}:1@h:x/crm"}}',
        f'{{url: "mysql:/cdc:{CANARY}@h/crm"}}',
        f'{{url: "mysql://cdc@h/crm", password: {CANARY}, passwort: x}}',
        f"{{url: \"mysql://cdc@h/crm\", password: '{CANARY}', x: y}}",
        f'{{url: "mysql://cdc@h/crm", "password": "a \\" {CANARY}", x: y}}',
        f'{{url: "mysql://cdc@h/crm", password: "{CANARY}',
        f"{{url: mysql://cdc@h/crm, password: {CANARY}: x}}",
        f"{{url: mysql://cdc@h/crm, password: [{CANARY}]}}",
        f"\n    url: mysql://cdc@h/crm\n    password: |\n      {CANARY}\n      x${{env:NO}}\n",
        f"\n    url: mysql://cdc@h/crm\n    password: >-\n      ${{env:NO}} {CANARY}\n",
        f'\n    url: mysql://cdc@h/crm\n    password: "x\n      {CANARY} ${{env:NO}}"\n',
        f"\n    url: >-\n      mysql://cdc:{CANARY}@h/crm?x=${{env:NO}}\n",
        f'{{url: "postgresql://cdc@h/crm?sslpassword={CANARY}&x=y"}}',
    ],
)
def test_no_report_shows_a_secret(service, crm):
    text = SERVICE.replace('{url: "mysql://cdc@127.0.0.1:3306/crm", password: "${env:CRM_PASSWORD}"}', crm)
    assert CANARY in text
    settings, problems = service(text)
    assert settings is None
    assert failed(problems)
    assert CANARY not in render(problems)
    assert CANARY.lower() not in render(problems).lower()
    assert CANARY not in json.dumps([p.message + p.help + p.excerpt for p in problems])


@given(st.text("ab\"' ,:@/?#", min_size=1, max_size=12))
def test_what_is_hidden_keeps_its_width(secret):
    line = f'  erp: {{url: "x", password: {json.dumps(CANARY + secret)}, other: y}}'
    shown = hidden(Place("f", 1, 1, line).problem("c", "m"), ()).excerpt
    assert CANARY not in shown
    assert len(shown) == len(line)


# URLs


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://cdc@db/erp", ("postgresql", "db", 5432, "cdc", "", "erp", {})),
        ("mysql://cdc@db/crm", ("mysql", "db", 3306, "cdc", "", "crm", {})),
        ("mysql://cdc:pw@db:3307/crm", ("mysql", "db", 3307, "cdc", "pw", "crm", {})),
        ("postgresql://c%40c:p%2Fw%3A%25@[::1]:6000/e%20rp", ("postgresql", "::1", 6000, "c@c", "p/w:%", "e rp", {})),
        ("postgresql://cdc@/erp?host=/var/run/postgresql", ("postgresql", "", 5432, "cdc", "", "erp", {"host": "/var/run/postgresql"})),
        ("mysql://cdc@/crm?unix_socket=%2Frun%2Fa+b", ("mysql", "", 3306, "cdc", "", "crm", {"unix_socket": "/run/a+b"})),
        ("mysql://cdc@db/erp?server_id=4294967295", ("mysql", "db", 3306, "cdc", "", "erp", {"server_id": "4294967295"})),
        ("postgresql://cdc@db/erp?sslmode=verify-full&sslrootcert=/etc/ca.pem",
         ("postgresql", "db", 5432, "cdc", "", "erp", {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"})),
        ("mysql://cdc@db/crm?ssl_ca=/etc/ca.pem", ("mysql", "db", 3306, "cdc", "", "crm", {"ssl_ca": "/etc/ca.pem"})),
        ("mysql://cdc:a@b@db/crm", ("mysql", "db", 3306, "cdc", "a@b", "crm", {})),
    ],
)  # fmt: skip
def test_urls(url, expected):
    engine, host, port, user, password, database, options = expected
    assert read_url("erp", url, "") == Endpoint("erp", engine, host, port, user, password, database, options)


def test_a_password_beside_the_url_counts():
    assert read_url("erp", "postgresql://cdc@db/erp", "p w").password == "p w"


@pytest.mark.parametrize(
    ("url", "message", "part"),
    [
        ("postgres://cdc@db/erp", "unknown scheme 'postgres'", "postgres"),
        ("mariadb://cdc@db/erp", "unknown scheme 'mariadb'", "mariadb"),
        ("s3cr-et://cdc@db/erp", "unknown scheme of the URL", "s3cr-et"),
        ("db/erp", "the URL has no scheme", ""),
        ("postgresql://db/erp", "the URL has no user", ""),
        ("postgresql://cdc@db", "the URL has no database", ""),
        ("postgresql://cdc@db/%00", "the URL has no database", ""),
        ("postgresql://cdc@/erp", "the URL has no host", ""),
        ("mysql://cdc@/erp?ssl_ca=x", "the URL has no host", ""),
        ("mysql://cdc@db:0/erp", "the URL's port must be 1 to 65535", ""),
        ("mysql://cdc@db:70000/erp", "the URL's host or port can't be read", ""),
        ("mysql://cdc@a:1,b:2/erp", "the URL's host or port can't be read", ""),
        ("mysql://cdc@db/a/b", "the URL has a character that must be encoded", ""),
        ("mysql://cdc@db/a#b", "the URL has a character that must be encoded", ""),
        ("mysql://cdc:50%@db/a", "the URL has a character that must be encoded", ""),
        ("mysql://cdc:x?y@db/a", "the URL's host or port can't be read", ""),
        ("mysql://cdc:1?y@db/a", "the URL has a character that must be encoded", ""),
        ("mysql://cdc@db/%ff", "a % escape in the URL is not UTF-8", ""),
        ("mysql://cdc@db/a\n", "the URL has a blank in it", ""),
        ("mysql://cdc@db/a?x=1", "unknown option 'x' in a mysql URL", "x"),
        ("postgresql://cdc@db/a?application_name=x", "unknown option 'application_name' in a postgresql URL", "application_name"),
        ("mysql://cdc@db/a?server_id=0", "the URL's option 'server_id' must be a number from 1 to 4294967295", "0"),
        ("mysql://cdc@db/a?server_id=4294967296", "the URL's option 'server_id' must be a number from 1 to 4294967295", "4294967296"),
        ("postgresql://cdc@db/a?connect_timeout=5s", "the URL's option 'connect_timeout' must be a number from 1 to 2147483647", "5s"),
        ("postgresql://cdc@db/a?sslmode=", "the URL's option 'sslmode' has no value", "sslmode"),
        ("postgresql://cdc@db/a?sslmode=require&sslmode=disable", "the URL has the option 'sslmode' twice", "sslmode"),
        (
            "postgresql://cdc@db/a?sslmode=on",
            "the URL's option 'sslmode' must be disable, allow, prefer, require, verify-ca or verify-full",
            "on",
        ),
    ],
)
def test_urls_that_are_refused(url, message, part):
    with pytest.raises(BadUrl) as caught:
        read_url("erp", url, "")
    assert (caught.value.message, caught.value.part) == (message, part)


def test_the_default_schema_is_where_the_server_looks():
    assert default_schema(read_url("a", "postgresql://u@h/erp", "")) == "public"
    assert default_schema(read_url("a", "mysql://u@h/crm", "")) == "crm"


# databases and pipelines


# torture: O08
@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("postgresql://other@localhost/erp", True),
        ("postgresql://other@127.0.0.1:5432/erp?sslmode=require", True),
        ("postgresql://cdc@127.0.0.1:5433/erp", False),
        ("postgresql://cdc@127.0.0.1/erp2", False),
        ("mysql://cdc@127.0.0.1:5432/erp", False),
        ("postgresql://cdc@127.0.0.1/erp?host=/run", False),
    ],
)
def test_two_names_for_one_database_are_refused(service, url, same):
    _, problems = service(SERVICE.replace("pipelines:", f'  again: {{url: "{url}"}}\npipelines:'))
    assert [p.code for p in problems] == (["same-database"] if same else [])


def test_every_file_is_read_whatever_is_wrong_with_the_others(service):
    text = SERVICE.replace("source: erp", "source: epr").replace("version: 1\n", "")
    settings, problems = service(
        text, **{"mappings/there/a.yaml": "version: 1\n", "mappings/there/b.yml": "a: [", "mappings/back.yaml": ""}
    )
    assert settings is None
    assert {p.file for p in problems} == {"cdc.yaml", "mappings/back.yaml", "mappings/there/a.yaml", "mappings/there/b.yml"}
    assert {"unknown-database", "missing-key", "yaml-syntax", "empty-file"} <= {p.code for p in problems}


@pytest.mark.parametrize("pipeline", ["", "[erp, crm]", "{source: erp, target: crm}", "{source: erp, target: crm, mappings: 7}"])
def test_a_pipeline_that_is_none(service, pipeline):
    settings, problems = service(SERVICE.replace("{source: erp, target: crm, mappings: mappings/there}", pipeline))
    assert settings is None
    assert [p.code for p in problems] in (["wrong-type"], ["no-mappings"])


def test_settings_of_faulty_mappings_carry_the_others_for_further_checks(service):
    settings, problems = service(**{"mappings/there/a.yaml": "version: 1\n"})
    assert failed(problems)
    assert [spec.name for spec in settings.pipelines["erp_to_crm"].specs] == ["b"]


def test_a_file_of_two_pipelines_is_reported_once(service):
    settings, problems = service(
        SERVICE.replace("mappings/there", "mappings/back.yaml"), **{"mappings/back.yaml": MAPPING.format(name="x") + "x: 1\n"}
    )
    assert [p.code for p in problems] == ["unknown-key"]
    assert settings is not None


def test_the_default_schema_tells_that_two_targets_are_one_table(service):
    other = (
        MAPPING.format(name="b").replace("target: b", "target: crm.a").replace("[id]\n", "[id]\n", 1).replace("same: [id]", "same: [id, x]")
    )
    files = {"mappings/there/a.yaml": MAPPING.format(name="a").replace("same: [id]", "same: [id, x]"), "mappings/there/b.yml": other}
    assert one_problem(service(**files)).code == "column-written-twice"


def test_only_mapping_files_of_the_folder_are_read(service):
    files = {"mappings/there/.c.yaml": "[", "mappings/there/d.txt": "[", "mappings/there/more/e.yaml": "[", "mappings/there/f.yaml~": "["}
    settings, problems = service(**files)
    assert problems == []
    assert [spec.name for spec in settings.pipelines["erp_to_crm"].specs] == ["a", "b"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_can_not_be_read(service, tmp_path):
    service()
    (tmp_path / "mappings/back.yaml").chmod(0)
    assert one_problem(load("cdc.yaml", {"CRM_PASSWORD": "x"})).code == "unreadable"


@pytest.mark.parametrize("path", ["nothing.yaml", "."])
def test_a_service_file_that_is_none(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings, (problem,) = load(path, {})
    assert settings is None
    assert (problem.code, problem.line, problem.column) == ("unreadable", 1, 1)
    assert "`cdc -c FILE`" in problem.help


# torture: O01
def test_a_huge_file_is_refused_without_being_read_whole(service):
    assert one_problem(service("a" * 3_000_000)).code == "too-large"


@pytest.mark.parametrize("name", ["Erp", "1erp", "erp-crm", "e.c", "é", "a" * 42, '""', "a,b"])
def test_names_are_plain_words(service, name):
    _, problems = service(SERVICE.replace("  erp_to_crm:", f"  {name}:"))
    assert [p.code for p in problems] == ["bad-name"]


@pytest.mark.parametrize("listen", ["9893", ":9893", "h:", "h:0", "h:65536", "h:x", "a b:1", "http://h:1"])
def test_addresses_that_are_none(service, listen):
    assert one_problem(service(SERVICE.replace("127.0.0.1:9893", listen))).code in {"bad-value", "wrong-type"}


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("a${env:X}/\0", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["url", "password", "source", "mappings", "a"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.sampled_from([("version",), ("databases",), ("databases", "erp"), ("databases", "erp", "url"), ("pipelines",), ("pipelines", "erp_to_crm"),
                        ("pipelines", "erp_to_crm", "source"), ("pipelines", "erp_to_crm", "mappings"), ("metrics",), ("log",), ("log", "level")]), DATA)  # fmt: skip
def test_no_value_makes_the_reader_fail(tmp_path_factory, path, data):
    file = tmp_path_factory.getbasetemp() / "fuzzed.yaml"
    whole = yaml.safe_load(SERVICE)
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = data
    file.write_text(json.dumps(whole))
    settings, problems = load(file, {})
    assert settings is not None or failed(problems)
    render(problems)


# schema and documentation

MODELS = (ServiceFile, DatabaseFile, PipelineFile, MetricsFile, LogFile, MaskingFile)


def test_every_key_is_described():
    for model in MODELS:
        assert model.__doc__
        for name, field in model.model_fields.items():
            assert field.description, name


def test_the_schema_is_one_and_accepts_what_the_reader_accepts():
    jsonschema = pytest.importorskip("jsonschema")
    made = schema(ServiceFile, "The service file of cdc")
    jsonschema.Draft202012Validator.check_schema(made)
    valid = jsonschema.Draft202012Validator(made).is_valid
    plain = yaml.safe_load(SERVICE)
    assert valid(plain)
    pipeline = plain["pipelines"]["erp_to_crm"]
    assert valid({**plain, "pipelines": {"a": {**pipeline, "batch_rows": "${env:ROWS}"}}})
    for change in ({"batch_rows": 0}, {"batch_rows": "many"}, {"sourze": "x"}, {"metrics": {"listn": "x"}}, {"source": 1}):
        assert not valid({**plain, "pipelines": {"a": {**pipeline, **change}}})
    for change in ({"version": 2}, {"logs": {}}, {"log": {"format": "xml"}}, {"databases": {"a": {}}}):
        assert not valid({**plain, **change})


def reference():
    return (Path(__file__).parents[3] / "docs/reference/config.md").read_text()


def test_the_reference_names_every_key():
    for model in MODELS:
        for name, field in model.model_fields.items():
            assert f"`{field.alias or name}`" in reference(), name
            if isinstance(field.default, str | int) and field.default != "":
                assert f"`{field.default}`" in reference(), name
        for word in model.later:
            assert f"`{word}`" in reference(), word
    for options in OPTIONS.values():
        for name in options:
            assert f"`{name}`" in reference(), name


def test_the_example_of_the_reference_is_right(service):
    example = reference().split("```yaml\n")[1].partition("```")[0]
    text = example.replace("${file:/etc/cdc/erp.password}", "${file:erp.password}")
    text = text.replace("mappings/erp_to_crm", "mappings/there").replace("mappings/crm_to_erp", "mappings/back.yaml")
    settings, problems = service(text)
    assert problems == []
    assert settings is not None


def test_mappings_know_where_the_clocks_of_their_databases_are(service):
    # torture: E06
    zoned = SERVICE.replace('password: "${file:erp.password}"', 'password: "${file:erp.password}", time_zone: Europe/Berlin')
    settings, problems = service(zoned)
    assert settings is not None, render(problems)
    assert settings.databases["erp"].time_zone == "Europe/Berlin"
    assert {spec.zones for spec in settings.pipelines["erp_to_crm"].specs} == {("Europe/Berlin", "")}
    assert {spec.zones for spec in settings.pipelines["crm_to_erp"].specs} == {("", "Europe/Berlin")}
