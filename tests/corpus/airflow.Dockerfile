# syntax=docker/dockerfile:1
ARG AIRFLOW_VERSION=3.1.0
FROM apache/airflow:${AIRFLOW_VERSION}-python3.12
USER root
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      build-essential \
      # the ODBC driver needs these two
      unixodbc \
      unixodbc-dev \
 && apt-get clean \
 && rm -rf /var/lib/apt/lists/*
USER airflow
COPY --chown=airflow:root requirements.txt /
RUN pip install --no-cache-dir "apache-airflow==${AIRFLOW_VERSION}" -r /requirements.txt
COPY --chown=airflow:root dags/ ${AIRFLOW_HOME}/dags/
ENV AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__CORE__EXECUTOR=CeleryExecutor
