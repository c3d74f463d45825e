"""A target with the crosswalk's table, over all kinds of targets: what tests of references and of adoption have in common."""

from contextlib import contextmanager

from cdc.sql import ledger
from tests.contract.targets import HARNESSES, batch


@contextmanager
def crosswalked(request):
    """Open the harness that the test's parameter names, and make the crosswalk's table."""
    with HARNESSES[request.param](request) as made:
        make = {"postgresql": ledger.POSTGRESQL_CROSSWALK, "mysql": ledger.MYSQL_CROSSWALK}
        for statement in make.get(made.kind, ()):
            (made.connection.execute if made.kind == "postgresql" else made.execute)(statement)
        yield made


def crosswalk(harness, entity):
    """Return the entity's entries: (node, source key) → target key."""
    if harness.kind == "memory":
        return {(node, source): target for (of, node, source), target in harness.database.crosswalk.items() if of == entity}
    query = f"select node, source_key, target_key from cdc.crosswalk where entity = '{entity}'"
    rows = harness.connection.execute(query).fetchall() if harness.kind == "postgresql" else harness.execute(query)
    return {(node, source): target for node, source, target in rows}


def opened(harness, *plans):
    target = harness.target(*plans)
    target.checkpoint()
    return target


def from_erp(*writes, upto="1"):
    return batch(*writes, upto=upto, origin=("erp",))
