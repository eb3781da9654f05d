"""The state stores of Airflow 3.3: `task_state_store` and `asset_state_store`. The worker does the work."""

from . import services
from .asset_events import reference


class StateStore:
    """Keeps plain values by key, for the task or for an asset, from one run to the next."""

    def __init__(self, name, asset=None):
        self._name = name
        self._asset = asset

    __iter__ = None  # or Python would ask for 0, 1, 2 and so on, without end

    def __getitem__(self, asset):
        return StateStore(self._name, reference(asset))

    def _ask(self, method, **arguments):
        return services.state(self._name, method, self._asset, arguments)

    def get(self, key, default=None):
        """Return the value of a key, or the default."""
        return self._ask("get", key=key, default=default)

    def set(self, key, value, **options):
        """Keep a value; a task's for as long as the `timedelta` `retention`, if one is passed."""
        self._ask("set", key=key, value=value, **options)

    def delete(self, key):
        """Forget a key."""
        self._ask("delete", key=key)

    def clear(self):
        """Forget all keys."""
        self._ask("clear")

    async def aget(self, key, default=None):
        """Return the value of a key, or the default."""
        return self.get(key, default)

    async def aset(self, key, value, **options):
        """Keep a value."""
        self.set(key, value, **options)

    async def adelete(self, key):
        """Forget a key."""
        self.delete(key)

    async def aclear(self):
        """Forget all keys."""
        self.clear()

    def __repr__(self):
        return f"<{self._name}>"
