"""Values of every kind, passed from one environment to the next, and mapped tasks."""

import datetime

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task

with DAG("values", schedule=None, start_date=datetime.datetime(2024, 1, 1), catchup=False):

    @task.venv("py38")
    def make():
        import datetime

        utc = datetime.timezone.utc
        return {
            "nothing": None,
            "truth": True,
            "number": 2**53,
            "fraction": 0.1,
            "text": "ü\n",
            "nested": {"a": [1, {"b": None}]},
            "set": {1},
            "moment": datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=utc),
            "day": datetime.date(2024, 1, 2),
            "span": datetime.timedelta(hours=25),
        }

    @task.venv("py313")
    def take(values):
        def shown(value):
            import datetime

            if isinstance(value, datetime.datetime):
                return [type(value).__name__, type(value).__module__, value.isoformat()]
            return [type(value).__name__, type(value).__module__, repr(value)]

        return {name: shown(value) for name, value in values.items()}

    @task.venv("py313")
    def make_zoned():
        import datetime
        import zoneinfo

        return datetime.datetime(2024, 7, 2, 3, 4, 5, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))

    @task.venv("py313")
    def take_zoned(moment):
        return [type(moment).__module__, moment.isoformat(), type(moment.tzinfo).__module__]

    @task.venv("py38")
    def nothing():
        pass

    @task.venv("py38", multiple_outputs=True)
    def two():
        return {"left": 1, "right": [2]}

    @task.venv("py313")
    def joined(left, right, none):
        return [left, right, none]

    @task.venv("py38")
    def numbers():
        return [1, 2, 3]

    @task.venv("py38")
    def double(n):
        return 2 * n

    @task.venv("py313")
    def total(doubled):
        return [type(doubled).__name__, sum(doubled)]

    take(make())
    take_zoned(make_zoned())
    both = two()
    joined(both["left"], both["right"], nothing())
    total(double.expand(n=numbers()))
