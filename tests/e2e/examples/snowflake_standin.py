"""A replacement for Snowflake's service: a `.pth` file loads it, and it provides sessions with a single table."""

import sys


class _Finder:
    """Changes `snowflake.snowpark` after it has been imported."""

    def find_spec(self, name, *_):
        if name != "snowflake.snowpark":
            return None
        sys.meta_path.remove(self)
        import importlib.util

        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            module.Session.builder = _Builder()

        spec.loader.exec_module = exec_module
        return spec


class _Builder:
    def configs(self, params):
        # The connection settings that the hook made from Airflow's connection.
        assert (params["user"], params["password"]) == ("alice", "w0nderland"), params
        assert params["account"] == "acme"
        return self

    def create(self):
        return _Session()


class _Session:
    def sql(self, text):
        assert text == "show tables"
        return self

    def collect(self):
        return ["sample_product_data"]

    def table(self, name):
        assert name == "sample_product_data"
        return self

    def show(self):
        print("| ID | NAME |")

    def to_pandas(self):
        import pandas as pd

        return pd.DataFrame({"ID": [1, 2, 3], "NAME": ["lamp", "desk", "chair"]})


sys.meta_path.insert(0, _Finder())
