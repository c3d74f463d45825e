"""The statements of a session's plans, built when a plan, and the columns that a change carries, first come."""

from __future__ import annotations

from cdc.model.write import TargetPlan
from cdc.sql import mysql as sql
from cdc.target.collapse import Mask
from cdc.target.mysql.privileges import sees_triggers
from cdc.target.mysql.session import Session


class Shapes:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._keys: dict[TargetPlan, sql.Keys] = {}
        self._upserts: dict[tuple[TargetPlan, Mask], sql.Upsert] = {}
        self._fires: dict[TargetPlan, bool] = {}
        self._made: set[str] = set()

    def keys(self, plan: TargetPlan) -> sql.Keys:
        if plan not in self._keys:
            self._keys[plan] = sql.keys(plan, self._session.dialect)
        return self._keys[plan]

    def upsert(self, plan: TargetPlan, mask: Mask) -> sql.Upsert:
        if (plan, mask) not in self._upserts:
            made = sql.upsert(plan, mask, len(self._upserts), self._session.dialect, triggers=self.fires(plan))
            self._upserts[plan, mask] = made
        return self._upserts[plan, mask]

    def fires(self, plan: TargetPlan) -> bool:
        """Return whether the table has triggers, as far as this account can tell."""
        if plan not in self._fires:
            self._fires[plan] = plan.table.triggers or not sees_triggers(self._session.rows, plan.table.name)
        return self._fires[plan]

    def prepare(self, stage: sql.Stage) -> None:
        """Make a stage's table, once a session. It is no part of the transaction: neither logged nor rolled back."""
        if stage.create not in self._made:
            self._session.execute(stage.create)
            self._made.add(stage.create)
