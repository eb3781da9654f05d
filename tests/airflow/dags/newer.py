"""A file that only Python 3.12 and newer can parse; Airflow never imports it."""

type Number = int


def main[T](x: T):
    import json
    import os
    import sys

    with open(os.environ["RESULTS"], "a") as file:
        file.write(json.dumps(["from_file", [list(sys.version_info[:2]), x]]) + "\n")
