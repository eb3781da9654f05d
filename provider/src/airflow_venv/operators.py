"""The operators: Airflow's ExternalPythonOperator with another engine.

An operator holds what the DAG says. When its task runs it finds the environment, describes one run of the function as
a `Call`, has it run in one child process, and turns the outcome into a value or an exception of Airflow's.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_venv import config
from airflow_venv._compat import (
    BaseBranchOperator,
    BaseSensorOperator,
    ExternalPythonOperator,
    PokeReturnValue,
    ShortCircuitOperator,
    add_to_retry_rules,
    code_folder,
    stock_arguments,
    supervisor_socket,
)
from airflow_venv.call import Call, Error, FileFunction, FunctionSource, Warm
from airflow_venv.environment_mixin import EnvironmentMixin, check_one_of
from airflow_venv.environments import facts
from airflow_venv.errors import BrokenEnvironmentError
from airflow_venv.parameters import (
    apply_env_vars,
    check_settings,
    choose_serializer,
    connection_ids,
    exit_codes,
    warm_modules,
)
from airflow_venv.results import FunctionError, for_log, value_of
from airflow_venv.signature import Bound, bind, check_context_parameters
from airflow_venv.source.extract import unwrap
from airflow_venv.source.file_function import FileReference
from airflow_venv.source.imports import imported_modules
from airflow_venv.source.task_source import check_names, check_syntax, task_source
from airflow_venv.worker import developer, supervisor
from airflow_venv.worker.serializers import check_serializer
from airflow_venv.worker.services import Services
from airflow_venv.worker.standard_values import to_standard
from airflow_venv.worker.trace_context import trace_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence

    from airflow_venv.call import Outcome
    from airflow_venv.source import free_names

__all__ = [
    "VenvBranchOperator",
    "VenvOperator",
    "VenvSensor",
    "VenvShortCircuitOperator",
]

_OLDEST_PYTHON = (3, 7)


class _Namespace:
    """Stands for a module of which only the namespace is known."""


class VenvOperator(EnvironmentMixin, ExternalPythonOperator):
    """Run a function in a named Python environment.

    Takes everything that ExternalPythonOperator takes, in all versions of Airflow alike, and:

    Args:
        venv: name of the environment, as in the `PYENV` line of the Dockerfile. May be a template.
        python: path of an interpreter, instead of a name.
        python_callable: the function; or `"path/to/file.py:function"`, a file that Airflow never imports.
        serializer: how arguments and result travel: `pickle`, `cloudpickle`, `dill`, `json` or `arrow`.
        include: functions, classes and names of the module that the function uses; `"auto"` finds them.
        airflow_shim: let `import airflow` find stand-ins for Airflow's services in an environment without Airflow.
        export_connections: ids of connections to set as `AIRFLOW_CONN_*` in the function's process.
        warm: run the function in a fork of a process that has imported what it needs: `True`, `False`, or names of
            modules to import beside those that the function's own statements name. By default as `[venv] warm` says.
    """

    template_fields: Sequence[str] = ("venv", "python", "templates_dict", "op_args", "op_kwargs", "env_vars")
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "templates_dict": "json",
        "op_args": "py",
        "op_kwargs": "py",
        "env_vars": "json",
    }
    shallow_copy_attrs: Sequence[str] = ("python_callable", "op_kwargs", "include")
    decorated = False
    """Whether a decorator has made the task, which must be removed from the function's source."""
    is_async = False  # a coroutine function is run in the environment, not awaited in the worker

    def __init__(  # noqa: PLR0913 - an operator's options
        self,
        *,
        python_callable: Callable[..., Any] | str,
        venv: str | None = None,
        python: str | None = None,
        serializer: str | None = None,
        use_dill: bool = False,
        skip_on_exit_code: int | Container[int] | None = None,
        env_vars: Mapping[str, str | None] | None = None,
        inherit_env: bool = True,
        show_return_value_in_logs: bool = True,
        include: free_names.Include = (),
        airflow_shim: bool = False,
        export_connections: Sequence[str] = (),
        warm: bool | Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        check_settings(kwargs)
        check_one_of(venv, python)
        self.function_file = FileReference.parse(python_callable) if isinstance(python_callable, str) else None
        serializer = choose_serializer(serializer, use_dill=use_dill)
        super().__init__(
            python=python or "(by name)",  # the parent requires a path; it is corrected below
            python_callable=self.function_file.placeholder() if self.function_file else python_callable,
            **stock_arguments(serializer),
            **kwargs,
        )
        self._choose_environment(venv, python)
        self.serializer = serializer
        self.skip_on_exit_code = exit_codes(skip_on_exit_code)
        self.env_vars = env_vars
        self.inherit_env = inherit_env
        self.show_return_value_in_logs = show_return_value_in_logs
        self.include = include
        self.airflow_shim = airflow_shim
        self.export_connections = connection_ids(export_connections)
        self.warm = warm_modules(warm)
        if self.function_file is None and not kwargs.get("_airflow_mapped_validation_only"):
            check_context_parameters(self.python_callable, self.op_args, self.op_kwargs)
            check_names(self.python_callable, self.include, decorated=self.decorated)
            self._check_syntax()

    def execute(self, context: Any) -> Any:
        """Run the function once and return its value. Airflow calls this when the task runs."""
        self.python = self.resolve_python()
        call = self._call(context)
        self._log_environment(call.environment)
        with self._importable_module():
            outcome = supervisor.run(call, Services(context), self.log, above=supervisor_socket())
            value = self._value(outcome, call)
        if self.do_xcom_push:
            self._warn_about_xcom(value)
        if self.show_return_value_in_logs:
            self.log.info("Done. Returned value was: %s", for_log(value))
        else:
            self.log.info("Done. Returned value not shown")
        return value

    @contextlib.contextmanager
    def _importable_module(self) -> Iterator[None]:
        """Make the DAG file's classes available under the name of its module, as picklers require.

        `airflow dags test` imports the file twice, and some versions forget the module: then the classes that the
        function and its arguments use are not those that are found by name.
        """
        function, name = self.python_callable, str(self.python_callable.__module__)
        namespace = getattr(unwrap(function), "__globals__", None)
        current = sys.modules.get(name)
        if self.function_file is not None or namespace is None or namespace.get("__name__") != name:
            namespace = None
        if namespace is None or (current is not None and vars(current) is namespace):
            yield
            return
        module = _Namespace()
        module.__dict__ = namespace
        sys.modules[name] = module  # type: ignore[assignment] # picklers need nothing but attributes
        try:
            yield
        finally:
            if current is None:
                del sys.modules[name]
            else:
                sys.modules[name] = current

    def _value(self, outcome: Outcome, call: Call) -> Any:
        """Return the function's value, or raise Airflow's exception for its outcome.

        The function's own traceback is logged first, since Airflow logs an exception with the frames of the worker.
        """
        if isinstance(outcome, Error) and "\n" in outcome.traceback:
            self.log.error("%s", outcome.traceback)
        try:
            return value_of(outcome, self.skip_on_exit_code, call)
        except FunctionError as error:
            add_to_retry_rules(self, error.raised_types)
            raise error.with_traceback(None)  # noqa: B904 - the same exception, without the frames that made it

    def _call(self, context: Any) -> Call:
        """Describe one run of the function. The operator is not changed.

        Raises:
            BrokenEnvironmentError: the environment's Python is too old.
            ModuleNotFoundError: the serializer's package is missing beside Airflow.
            SourceError: the function's source or file cannot be read.
            ValueError: an argument is given twice.
        """
        environment = facts.read(str(self.python))
        self._check_facts(environment)
        check_serializer(self.serializer)
        args = tuple(to_standard(list(self.op_args)))
        kwargs = dict(to_standard(dict(self.op_kwargs)))
        if self.templates_dict:
            kwargs.setdefault("templates_dict", to_standard(self.templates_dict))
        folder = code_folder(context)
        if self.function_file is None:
            function: FunctionSource | FileFunction = self._source()
            bound = bind(self.python_callable, args, kwargs, context)
        else:
            dag_file = getattr(self.dag, "fileloc", None) if self.has_dag() else None
            function = self.function_file.find([str(Path(dag_file).parent) if dag_file else None, folder, None])
            bound = Bound(kwargs, all_context=True)
        return Call(
            environment=environment,
            function=function,
            args=args,
            kwargs=bound.kwargs,
            arg_names=bound.arg_names,
            context_names=bound.context_names,
            all_context=bound.all_context,
            string_args=tuple(itertools.chain.from_iterable(str(text).split("\n") for text in self.string_args)),
            serializer=self.serializer,
            env=self._variables(folder, trace_variables(context)),
            airflow_shim=self.airflow_shim,
            export_connections=self.export_connections,
            warm=self._warm(function),
            module_name=str(self.python_callable.__module__),
            terminal=developer.terminal(),
            debugpy=developer.debugpy_port(),
        )

    def _warm(self, function: FunctionSource | FileFunction) -> Warm | None:
        """Describe how to run the function in a fork; None if it is to have a new process."""
        chosen = config.option("warm") == "on" if self.warm is None else self.warm
        if chosen is False:
            return None
        imported = imported_modules(function) if isinstance(function, FunctionSource) else ()
        return Warm(
            modules=tuple(dict.fromkeys([*imported, *(() if chosen is True else chosen)])),
            variables=tuple(config.option("warm_env").replace(",", " ").split()),
            idle=float(config.option("warm_idle")),
            memory=int(config.option("warm_memory")) << 20,
            limit=int(config.option("warm_limit")),
        )

    def _warn_about_xcom(self, value: Any) -> None:
        """Warn about a package that Airflow needs to store the value; its error does not say which side lacks it."""
        kind = type(value)
        if kind.__module__.startswith("pandas.") and kind.__name__ == "DataFrame" and find_spec("pyarrow") is None:
            self.log.warning(
                "The value is a data frame, which Airflow stores in an XCom with pyarrow: install pyarrow beside "
                "Airflow (%s), not in the environment, or return plain data",
                sys.executable,
            )

    def _check_facts(self, environment: facts.Environment) -> None:
        """Refuse an interpreter that is too old; warn about a package that is expected and missing."""
        if environment.version is not None and environment.version[:2] < _OLDEST_PYTHON:
            raise BrokenEnvironmentError(
                f"{environment.python} is Python {environment.version_text}; tasks run in Python 3.7 or newer."
            )
        if self.expect_pendulum and environment.is_venv and not environment.has("pendulum"):
            self.log.warning(
                "expect_pendulum=True, but pendulum is not installed in %s: dates are datetimes", environment.prefix
            )

    def _variables(self, folder: str | None, trace: dict[str, str]) -> dict[str, str]:
        """Build the child's environment variables; the folder that DAGs are imported from ends its module path."""
        variables = {**(os.environ if self.inherit_env else {}), **trace}
        apply_env_vars(self.env_vars, variables)
        if folder:
            variables["PYTHONPATH"] = os.pathsep.join(filter(None, [variables.get("PYTHONPATH"), folder]))
        return variables

    def _check_syntax(self) -> None:
        """Check, while the DAG is parsed, that the environment's Python can read the function, if it exists here."""
        if self.venv is None or not self.python or config.option("parse_check") == "off":
            return
        version = facts.read_version(self.python)
        if version is not None:
            check_syntax(self._source(), version, f"The environment {self.venv!r}")

    def _source(self) -> FunctionSource:
        return task_source(self.python_callable, self.include, decorated=self.decorated)

    def get_python_source(self) -> str:
        """Return the function's source without the decorators that make a task of it, as Airflow shows it."""
        text = textwrap.dedent(self._source().pieces[-1].text)
        # Text at column 0 in a multi-line string keeps the function from being moved to the left.
        return "if 1:\n" + text if text[:1] in " \t" else text

    def on_kill(self) -> None:
        """End the function's process and its children when Airflow kills the task."""
        supervisor.kill_all()


# VenvOperator comes before Airflow's branch and sensor among the bases: in Airflow 2.4 to 2.7 a class without an
# __init__ of its own is given BaseOperator's, which would end the chain of __init__s before it came to ours.


class VenvBranchOperator(VenvOperator, BaseBranchOperator):
    """Run a function in an environment that returns the ids of the tasks or task groups to follow."""

    def execute(self, context: Any) -> Any:
        """Run the function and skip the tasks that it did not choose."""
        return BaseBranchOperator.execute(self, context)

    def choose_branch(self, context: Any) -> Any:
        """Return the ids that the function chose."""
        return VenvOperator.execute(self, context)


class VenvShortCircuitOperator(ShortCircuitOperator, VenvOperator):
    """Run a function in an environment; what follows is skipped if it returns something false."""


class VenvSensor(VenvOperator, BaseSensorOperator):
    """Run a function in an environment again and again until it returns something true."""

    def execute(self, context: Any) -> Any:
        """Poke until the function returns something true or the timeout is over."""
        return BaseSensorOperator.execute(self, context)

    def poke(self, context: Any) -> Any:
        """Run the function once."""
        value = VenvOperator.execute(self, context)
        return value if isinstance(value, PokeReturnValue) else PokeReturnValue(bool(value))
