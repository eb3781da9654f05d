"""Represent the state stores of Airflow 3.3, `task_state_store` and `asset_state_store`, which the worker accesses."""

from . import services
from .asset_events import reference


class StateStore:
    """Store of plain values by key, for the task or an asset, that lasts from one run to the next.

    Args:
        name: `task_state_store` or `asset_state_store`.
        asset: the name and URI of the asset (see `asset_events.reference`), or None.
    """

    def __init__(self, name, asset=None):
        self._name = name
        self._asset = asset

    __iter__ = None  # otherwise, Python would call `__getitem__` with 0, 1, 2 and so on, without end

    def __getitem__(self, asset):
        return StateStore(self._name, reference(asset))

    def _ask(self, method, **arguments):
        return services.state(self._name, method, self._asset, arguments)

    def get(self, key, default=None):
        """Return the value of a key, or the default."""
        return self._ask("get", key=key, default=default)

    def set(self, key, value, **options):
        """Store a value under a key.

        Args:
            key: the key.
            value: the value, plain data.
            options: for a task's store, `retention`: a `timedelta` after which the value expires.
        """
        self._ask("set", key=key, value=value, **options)

    def delete(self, key):
        """Delete a key."""
        self._ask("delete", key=key)

    def clear(self):
        """Delete all keys."""
        self._ask("clear")

    async def aget(self, key, default=None):
        """Return the value of a key, or the default."""
        return self.get(key, default)

    async def aset(self, key, value, **options):
        """Store a value under a key (see `set`)."""
        self.set(key, value, **options)

    async def adelete(self, key):
        """Delete a key."""
        self.delete(key)

    async def aclear(self):
        """Delete all keys."""
        self.clear()

    def __repr__(self):
        return f"<{self._name}>"
