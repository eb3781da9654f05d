"""Four tasks, three Pythons, one image: values travel between them by XCom, a pandas frame among them."""

from airflow.sdk import dag

from airflow_venv import task


@dag(schedule=None, catchup=False)
def quickstart():
    @task
    def sales():
        """Run where Airflow runs."""
        import platform
        import sys

        rows = [("Oslo", 3), ("Lima", 5), ("Oslo", 4), ("Pune", 6), ("Lima", 1)]
        return {"python": platform.python_version(), "interpreter": sys.executable, "result": rows}

    @task.venv("report")
    def totals(sales):
        """Run on Python 3.9 with its own pandas."""
        import platform
        import sys

        import pandas as pd

        frame = pd.DataFrame(sales["result"], columns=["city", "sold"])
        sums = frame.groupby("city", as_index=False)["sold"].sum()
        print(sums.to_markdown(index=False))
        return {"python": platform.python_version(), "interpreter": sys.executable, "result": sums}

    @task
    def best(totals):
        """Take the frame that another Python's pandas made."""
        import platform
        import sys

        frame = totals["result"]
        top = frame.sort_values("sold").iloc[-1]
        result = f"{top['city']} sold {top['sold']}"
        return {"python": platform.python_version(), "interpreter": sys.executable, "result": result}

    @task.venv("tiny")
    def announce(best, run_id=None):
        """Run on Python 3.11 with nothing installed; Airflow's own values are served to it all the same."""
        import platform
        import sys

        result = f"{best['result']} ({run_id.split('__')[0]})"
        return {"python": platform.python_version(), "interpreter": sys.executable, "result": result}

    announce(best(totals(sales())))


quickstart()
