"""`make demo KEEP=1`: leaves servers and daemon running, says how to play with them, and how to end it all."""

from __future__ import annotations

from demo import crm, erp
from demo.daemon import Daemon
from demo.report import Report
from demo.servers import PASSWORD
from demo.stage import CRM, ERP, Stage

_STOP = """\
#!/bin/sh
# Stops the demo's daemon and servers and removes this folder. A process is ended only while it is still the one that was started here.
folder={folder}
ours() {{ tr '\\0' ' ' < "/proc/$1/cmdline" 2>/dev/null | grep -q "$folder"; }}
end() {{ if ours "$2"; then kill "-$1" "$2"; while ours "$2"; do sleep 0.1; done; fi; }}
end TERM {daemon}
end TERM {mariadb}
end INT {postgresql}
rm -rf "$folder"
"""

_PLAY = """\
[bold]The ERP's users[/]   PGPASSWORD={password} psql -h 127.0.0.1 -p {postgresql_port} -U {erp_user} {erp}
                  update customer set name = 'Ada Lovelace Ltd.' where id = 2;
                  select title, stage, amount from sales_opportunity order by id desc limit 3;
[bold]The CRM's users[/]   mariadb -h 127.0.0.1 -P {mariadb_port} -u {crm_user} -p{password} {crm}
                  select name, erp_code, rating from accounts where erp_code = '000002';
                  update opportunities set sales_stage = 'Closed Won' where deleted = 0 order by id limit 1;
[bold]The daemon[/]        .venv/bin/cdc -c {config} status
                  {log} is what it says
                  curl -s http://127.0.0.1:{metrics_port}/metrics
[bold]The mappings[/]      mappings/erp_to_crm, mappings/crm_to_erp
[bold]The end[/]           sh {stop}"""


def keep(report: Report, stage: Stage, daemon: Daemon) -> None:
    """Leave all of it running when this process ends."""
    assert daemon.process
    assert stage.mariadb.process
    assert stage.postgresql.process
    stop = stage.folder / "stop"
    stop.write_text(
        _STOP.format(
            folder=stage.folder, daemon=daemon.process.pid, mariadb=stage.mariadb.process.pid, postgresql=stage.postgresql.process.pid
        )
    )
    stage.keep()
    report.step("It goes on running, for you to play with")
    text = _PLAY.format(
        password=PASSWORD, postgresql_port=stage.postgresql.port, erp_user=erp.APPLICATION, erp=ERP, mariadb_port=stage.mariadb.port,
        crm_user=crm.APPLICATION, crm=CRM, config=stage.config, log=daemon.log, metrics_port=daemon.port, stop=stop,
    )  # fmt: skip
    for line in text.splitlines():
        report.say(line)
