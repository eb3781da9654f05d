# The stand-in for apache/airflow:<version>-python<X.Y>: the same user, places, variables, shell and entry point;
# fewer providers and database clients.
ARG BASE
FROM $BASE
SHELL ["/bin/bash", "-o", "pipefail", "-o", "errexit", "-o", "nounset", "-o", "nolog", "-c"]
ENV DEBIAN_FRONTEND=noninteractive LANGUAGE=C.UTF-8 LANG=C.UTF-8 LC_ALL=C.UTF-8 LC_CTYPE=C.UTF-8 LC_MESSAGES=C.UTF-8 \
    PIP_CACHE_DIR=/tmp/.cache/pip UV_CACHE_DIR=/tmp/.cache/uv GUNICORN_CMD_ARGS="--worker-tmp-dir /dev/shm"
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl dumb-init git libev4 openssh-client rsync sqlite3 sudo \
 && rm -rf /var/lib/apt/lists/*
ARG PREFIX
ENV PATH=/home/airflow/.local/bin:$PREFIX/bin:$PATH VIRTUAL_ENV=/home/airflow/.local \
    AIRFLOW_UID=50000 AIRFLOW_USER_HOME_DIR=/home/airflow AIRFLOW_HOME=/opt/airflow AIRFLOW_IMAGE_TYPE=prod
RUN adduser --gecos "" --disabled-password --quiet airflow --uid 50000 --gid 0 --home /home/airflow \
 && mkdir -p /opt/airflow/dags /opt/airflow/logs \
 && chown -R airflow:0 /home/airflow /opt/airflow && chmod -R g+rwX /home/airflow /opt/airflow
USER airflow
ARG AIRFLOW_VERSION UNTIL
RUN --mount=from=uv,source=uv,target=/usr/bin/uv --mount=type=cache,id=stand-in-uv,uid=50000,target=/tmp/.cache/uv \
    python3 -m venv /home/airflow/.local \
 && UV_LINK_MODE=copy uv pip install --quiet --exclude-newer "$UNTIL" "apache-airflow[pandas]==$AIRFLOW_VERSION" pyarrow \
 && find /home/airflow/.local -name '*.pyc' -delete \
 && chmod -R g+rwX /home/airflow/.local
USER root
COPY --chmod=755 entrypoint /entrypoint
COPY --chmod=744 pip-as-root /root/bin/pip
RUN chmod g=u /etc/passwd && usermod -g 0 airflow -G 0
ENV DUMB_INIT_SETSID=1 PS1="(airflow)" AIRFLOW_VERSION=$AIRFLOW_VERSION AIRFLOW_PYTHON_VERSION=$PYTHON_VERSION \
    AIRFLOW__CORE__LOAD_EXAMPLES=false PATH=/root/bin:$PATH
WORKDIR /opt/airflow
EXPOSE 8080
USER 50000
LABEL org.apache.airflow.distro=debian org.apache.airflow.uid=50000 org.apache.airflow.version=$AIRFLOW_VERSION
ENTRYPOINT ["/usr/bin/dumb-init", "--", "/entrypoint"]
CMD []
