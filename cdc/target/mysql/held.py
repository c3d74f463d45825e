"""A mapping → the keys of its rows that are there, for a TRUNCATE that is to be applied."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.model.change import Row
from cdc.model.write import TargetPlan
from cdc.sql import mysql as sql
from cdc.sql.mysql_literals import reader
from cdc.target.mysql.reference import MySQLStore
from cdc.target.mysql.session import Session
from cdc.target.plans import owner_of
from cdc.target.reference import entered


def held(session: Session, plan: TargetPlan, node: str, most: int) -> Sequence[Row]:
    """Do what `Target.held` says."""
    try:
        if owner := owner_of(plan):
            return entered(owner, MySQLStore(session), node, most)
        read = [reader(plan.columns[at]) for at in plan.key]
        return [tuple(to(text) for to, text in zip(read, row, strict=True)) for row in session.rows(sql.held(plan, most))]
    finally:
        session.let_go()
