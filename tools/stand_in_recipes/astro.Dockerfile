# The stand-in for quay.io/astronomer/astro-runtime:<version>-base: Airflow in the interpreter's own site-packages, user astro.
ARG BASE
FROM $BASE
SHELL ["/bin/bash", "-o", "pipefail", "-e", "-u", "-x", "-c"]
ENV AIRFLOW_HOME=/usr/local/airflow ASTRO_USER_HOME=/home/astro AIRFLOW__CORE__LOAD_EXAMPLES=False \
    ASTRONOMER_USER=astro ASTRONOMER_UID=50000
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl git sudo tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 50000 --gid 0 --create-home --shell /bin/bash astro \
 && mkdir -p /usr/local/airflow/dags && chown -R astro:0 /usr/local/airflow
ARG AIRFLOW_VERSION UNTIL
RUN --mount=from=uv,source=uv,target=/usr/bin/uv --mount=type=cache,id=stand-in-uv-of-root,target=/tmp/.cache/uv \
    UV_CACHE_DIR=/tmp/.cache/uv UV_LINK_MODE=copy \
    uv pip install --quiet --system --exclude-newer "$UNTIL" "apache-airflow[pandas]==$AIRFLOW_VERSION" pyarrow \
 && find /usr/local/lib -name '*.pyc' -delete
COPY --chmod=755 entrypoint /entrypoint
COPY --chmod=755 install-system-packages install-python-dependencies /usr/local/bin/
WORKDIR /usr/local/airflow
ARG RUNTIME_VERSION
LABEL io.astronomer.docker=true io.astronomer.docker.runtime.version=$RUNTIME_VERSION \
      io.astronomer.docker.airflow.version=$AIRFLOW_VERSION
ENV ASTRONOMER_RUNTIME_VERSION=$RUNTIME_VERSION
EXPOSE 8080
USER astro
ENTRYPOINT ["tini", "--", "/entrypoint"]
CMD ["airflow", "version"]
