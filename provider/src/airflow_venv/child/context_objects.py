"""Represent the objects of Airflow's context: their plain fields, and methods that send requests to the worker."""

from . import airflow_exceptions, services


class Record:
    """Plain fields of one of Airflow's objects, as attributes."""

    _name = "record"

    def __init__(self, fields):
        self.__dict__.update(fields)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        fields = ", ".join(sorted(key for key in self.__dict__ if not key.startswith("_")))
        raise AttributeError(
            f"{self._name}.{name} does not reach an environment; of Airflow's {self._name} these fields do: {fields}"
        )

    def __repr__(self):
        name = self.__dict__.get("task_id") or self.__dict__.get("run_id") or self.__dict__.get("dag_id")
        return f"<{self._name} {name}>"

    def __eq__(self, other):
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = None


class DagRun(Record):
    """The DAG run that the task belongs to."""

    _name = "dag_run"


class Dag(Record):
    """The DAG."""

    _name = "dag"


class Task(Record):
    """The task, as the DAG file defines it."""

    _name = "task"

    @property
    def dag(self):
        """The DAG."""
        return services.get_current_context()["dag"]


class TaskInstance(Record):
    """This run of the task."""

    _name = "ti"

    def xcom_pull(self, task_ids=None, dag_id=None, key="return_value", include_prior_dates=False, **more):
        """Return XCom values. Arguments and result are those of Airflow's `TaskInstance.xcom_pull`."""
        return services.xcom_pull(task_ids, dag_id, key, include_prior_dates, **more)

    def xcom_push(self, key, value, **more):
        """Push plain data under a key. Raises TypeError for other values."""
        services.xcom_push(key, value, **more)

    @property
    def task(self):
        """The task."""
        return services.get_current_context()["task"]

    @property
    def dag_run(self):
        """The run of the DAG."""
        return services.get_current_context()["dag_run"]

    def get_dagrun(self):
        """Return the run of the DAG."""
        return self.dag_run

    def get_template_context(self):
        """Return the whole context."""
        return services.get_current_context()

    @property
    def log(self):
        """The task's log."""
        from .task_logger import log

        return log

    @property
    def key(self):
        """DAG, task, run, number of the try and map index, which identify this run of the task."""
        return (self.dag_id, self.task_id, self.run_id, self.try_number, self.map_index)


class Params(dict):
    """The run's parameters."""

    def dump(self):
        """Return the parameters as a plain dictionary."""
        return dict(self)


class Connections:
    """`conn` of the context: each attribute is the connection of that ID."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return services.get_connection(name)

    def get(self, name, default_conn=None):
        """Return a connection, or the default if it does not exist."""
        try:
            return services.get_connection(name)
        except airflow_exceptions.AirflowNotFoundException:
            return default_conn

    def __repr__(self):
        return "<conn: connections by attribute>"


class Variables:
    """`var.value` and `var.json` of the context: each attribute is the Variable of that name.

    Args:
        deserialize_json: whether values are JSON texts that are decoded.
    """

    def __init__(self, deserialize_json):
        self._deserialize_json = deserialize_json

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return services.get_variable(name, deserialize_json=self._deserialize_json)

    def get(self, name, default=None, **more):
        """Return a Variable, or the default if it does not exist."""
        default = more.pop("default_var", default)
        return services.get_variable(name, default, deserialize_json=self._deserialize_json)


class Var(dict):
    """`var` of the context: `value` and `json`, by key as in Airflow and by attribute as in its templates."""

    def __init__(self):
        dict.__init__(self, value=Variables(deserialize_json=False), json=Variables(deserialize_json=True))

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Connection:
    """A connection, with the attributes of Airflow's `Connection`."""

    def __init__(self, fields):
        self.__dict__.update(fields)

    @property
    def extra_dejson(self):
        """`extra` as a dictionary."""
        import json

        return json.loads(self.extra) if self.extra else {}

    def get_extra_dejson(self, nested=False):
        """Return `extra` as a dictionary.

        Args:
            nested: whether values that are JSON texts are decoded as well.
        """
        import json

        extra = self.extra_dejson
        for key, value in extra.items() if nested else ():
            try:
                extra[key] = json.loads(value) if isinstance(value, str) else value
            except ValueError:
                pass
        return extra

    def get_password(self):
        """Return the password."""
        return self.password

    def get_extra(self):
        """Return `extra` as a JSON text."""
        return self.extra

    def get_uri(self):
        """Return the connection as a URI, as Airflow writes it."""
        return self.uri

    def to_dict(self):
        """Return the fields as a dictionary, with `extra` decoded."""
        names = ("conn_id", "conn_type", "description", "host", "login", "password", "schema", "port")
        return dict({name: getattr(self, name) for name in names}, extra=self.extra_dejson)

    def as_json(self):
        """Return the fields as JSON, without the ID and without empty values."""
        import json

        return json.dumps({key: value for key, value in self.to_dict().items() if key != "conn_id" and value})

    def get_hook(self, **_):
        """Raise NotImplementedError: hooks belong to Airflow's providers."""
        raise NotImplementedError(
            "get_hook() needs Airflow and the connection's provider in the environment. Without them, pass get_uri() "
            "or the fields of the connection to the client library"
        )

    def __repr__(self):
        return str(self.conn_id)


class UnavailableValue:
    """Placeholder in `**context` for a value that cannot be sent to an environment. Any use of it raises an error.

    Args:
        name: the name of the value in the context.
        reason: why it cannot be sent.
    """

    def __init__(self, name, reason):
        self.__dict__["_message"] = f"{name!r} of Airflow's context does not reach an environment: {reason}"

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(self._message)

    def _refuse(self, *_, **__):
        raise TypeError(self._message)

    __call__ = __getitem__ = __iter__ = __len__ = __bool__ = __str__ = _refuse

    def __repr__(self):
        return f"<{self._message}>"


def _forward(name):
    def method(self, *arguments):
        return getattr(self._value(), name)(*arguments)

    return method


class LazyValue:
    """Context value that is requested from the worker on first use, as Airflow's own lazy values are.

    Args:
        name: the name of the value in the context.
    """

    __slots__ = ("_name", "_received")

    def __init__(self, name):
        self._name = name

    def _value(self):
        if not hasattr(self, "_received"):
            self._received = services.context_value(self._name)
        return self._received

    def __getattr__(self, name):
        if name in LazyValue.__slots__:
            raise AttributeError(name)
        return getattr(self._value(), name)

    def __bool__(self):
        return bool(self._value())

    __class__ = property(lambda self: type(self._value()))
    __hash__ = None
    __str__, __repr__, __eq__, __ne__ = map(_forward, ("__str__", "__repr__", "__eq__", "__ne__"))
    __lt__, __le__, __gt__, __ge__ = map(_forward, ("__lt__", "__le__", "__gt__", "__ge__"))
    __add__, __radd__, __sub__, __rsub__ = map(_forward, ("__add__", "__radd__", "__sub__", "__rsub__"))
    __getitem__, __iter__, __len__, __contains__ = map(_forward, ("__getitem__", "__iter__", "__len__", "__contains__"))
    __format__ = _forward("__format__")

    def __reduce_ex__(self, protocol):
        return self._value().__reduce_ex__(protocol)
