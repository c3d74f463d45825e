"""The crosswalk's entries that a batch needs: read once, kept up to date, and added to together with the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from cdc.failpoint import reach
from cdc.mapping.expression.runtime.identifier import ROOT, stable_uuid, version_5
from cdc.model.reference import Ref, Xref
from cdc.sql.crosswalk import source_key
from cdc.target.store import Store


class Entries:
    """Entries of one batch; `node` is the database that its writes came from."""

    def __init__(self, store: Store, node: str) -> None:
        self._store, self._node = store, node
        self._known: dict[str, dict[str, str]] = defaultdict(dict)
        self._shared: dict[str, dict[str, int]] = defaultdict(dict)

    def load(self, refs: Iterable[Ref], gone: Iterable[Ref]) -> None:
        """Read all entries that the refs ask for, entity by entity; and of the keys that go, which have a row in common with others."""
        asked: dict[str, dict[str, None]] = defaultdict(dict)
        for ref in refs:
            if isinstance(ref.reference, Xref):
                asked[ref.reference.entity][source_key(ref.texts)] = None
        for entity, keys in asked.items():
            self._known[entity].update(self._store.entries(entity, self._node, list(keys)))
        rows: dict[str, dict[str, None]] = defaultdict(dict)
        for ref in gone:
            if isinstance(ref.reference, Xref) and (key := self.target_key(ref)) is not None:
                rows[ref.reference.entity][key] = None
        for entity, keys in rows.items():
            self._shared[entity].update(self._store.shared(entity, self._node, list(keys)))

    def target_key(self, ref: Ref) -> str | None:
        assert isinstance(ref.reference, Xref)
        return self._known[ref.reference.entity].get(source_key(ref.texts))

    def record(self, entity: str, entries: Mapping[str, str]) -> None:
        if entries:
            self._store.record(entity, self._node, entries)
            reach("crosswalk.recorded")
            self._known[entity].update(entries)

    def taken(self, entities: Iterable[str], keys: Sequence[str]) -> frozenset[str]:
        """Return those target keys that are some source row's."""
        return frozenset().union(*(self._store.taken(entity, self._node, keys) for entity in entities if keys))

    def rename(self, old: Ref, new: Ref) -> None:
        """Let the entry of the old key be that of the new one."""
        assert isinstance(new.reference, Xref)
        known, (was, now) = self._known[new.reference.entity], (source_key(old.texts), source_key(new.texts))
        self._store.rename(new.reference.entity, self._node, was, now)
        known[now] = known.pop(was)

    def let_go(self, ref: Ref) -> bool:
        """Return whether the key's row has to stay since another source key leads to it, too; then this one's entry goes instead."""
        assert isinstance(ref.reference, Xref)
        entity, target = ref.reference.entity, self.target_key(ref)
        if target is None or self._shared[entity].get(target, 1) == 1:
            return False
        self._store.forget(entity, self._node, source_key(ref.texts))
        del self._known[entity][source_key(ref.texts)]
        self._shared[entity][target] -= 1
        return True

    def made(self, entity: str, key: str) -> str:
        """Return a UUID that is the same whenever it is made again: should the entry be lost, the row is still found."""
        return stable_uuid(version_5(ROOT.bytes, f"xref {entity}"), self._node, key)
