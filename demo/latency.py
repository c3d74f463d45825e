"""How long from a commit on one side until the row is visible on the other: probe rows, written here and looked for there."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from demo.stage import Stage

CUSTOMER, LEAD = "PROBE", "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Latency:
    """Seconds from commit to visible."""

    direction: str
    samples: Sequence[float]

    @property
    def p50(self) -> float:
        return quantiles(self.samples, n=100)[49]

    @property
    def p99(self) -> float:
        return quantiles(self.samples, n=100)[98]


@dataclass
class Probe:
    """One row whose text is changed on the source and looked for on the target."""

    direction: str
    write: Callable[[str], None]
    read: Callable[[], str | None]
    check: Callable[[], None]
    """Raises when waiting makes no sense any more, because the daemon or a pipeline of it has ended."""
    count: int = 0

    def arrives(self, timeout: float) -> float:
        """Change the row, wait until the change is visible, and return the seconds that it took.

        The source's order is kept, so everything that was committed there before is visible by then too.
        """
        self.count += 1
        token = f"Probe {self.count}"
        self.write(token)
        begun = time.monotonic()
        pause = 0.0003
        while self.read() != token:
            waited = time.monotonic() - begun
            if waited > timeout:
                raise TimeoutError(f"{self.direction}: a row has not arrived within {timeout:.0f} seconds")
            if waited > 1:
                self.check()
                pause = 0.05
            time.sleep(pause)
        return time.monotonic() - begun


def probes(stage: Stage, check: Callable[[], None], open_until: ExitStack) -> tuple[Probe, Probe]:
    """Make the two probe rows and return their probes: ERP → CRM, CRM → ERP. Connections are closed with `open_until`."""
    erp, crm = open_until.enter_context(stage.erp()), open_until.enter_context(stage.crm())
    cursor = open_until.enter_context(crm.cursor())
    erp.execute("insert into customer (code, name, kind, status) values (%s, 'Probe', 'company', 'active')", (CUSTOMER,))
    cursor.execute("insert into leads (id, last_name, lead_source) values (%s, 'Probe', 'probe')", (LEAD,))

    def write_erp(token: str) -> None:
        erp.execute("update customer set name = %s where code = %s", (token, CUSTOMER))

    def read_crm() -> Any:
        cursor.execute("select name from accounts where erp_code = %s", (CUSTOMER,))
        return _first(cursor.fetchone())

    def write_crm(token: str) -> None:
        cursor.execute("update leads set last_name = %s where id = %s", (token, LEAD))

    def read_erp() -> Any:
        return _first(erp.execute("select person from sales_lead where crm_id = %s", (LEAD,)).fetchone())

    return Probe("ERP → CRM", write_erp, read_crm, check), Probe("CRM → ERP", write_crm, read_erp, check)


def _first(row: tuple[Any, ...] | None) -> Any:
    return row[0] if row else None
