"""The same model by two versions of scikit-learn: each trains and predicts in its own environment."""

from airflow.sdk import dag

from airflow_venv import task


@dag(schedule=None, catchup=False)
def two_models():
    def fit():
        """Train, and hand the model on as bytes: only the environment that made it has to understand them."""
        import pickle
        import platform

        import sklearn
        from sklearn.datasets import load_iris
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(max_iter=1000).fit(*load_iris(return_X_y=True))
        return {"sklearn": sklearn.__version__, "python": platform.python_version(), "model": pickle.dumps(model).hex()}

    def score(trained):
        """Load the model where it was made, and look at what it says."""
        import pickle

        import sklearn
        from sklearn.datasets import load_iris

        data, labels = load_iris(return_X_y=True)
        model = pickle.loads(bytes.fromhex(trained["model"]))  # noqa: S301 - of the task before
        return {"sklearn": sklearn.__version__, "accuracy": round(float(model.score(data, labels)), 3)}

    @task
    def compare(old, new):
        return f"{old['sklearn']}: {old['accuracy']}, {new['sklearn']}: {new['accuracy']}"

    def chain(name):
        fitted = task.venv(name, task_id=f"fit_{name}")(fit)()
        return task.venv(name, task_id=f"score_{name}")(score)(fitted)

    compare(chain("sklearn-old"), chain("sklearn-new"))


two_models()
