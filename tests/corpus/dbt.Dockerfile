ARG build_for=linux/amd64
FROM --platform=$build_for python:3.11.2-slim-bullseye as base
ARG dbt_core_ref=dbt-core@v1.9.0
RUN apt-get update \
  && apt-get dist-upgrade -y \
  && apt-get install -y --no-install-recommends \
    build-essential=12.9 \
    ca-certificates=20210119 \
    git=1:2.30.2-1+deb11u2 \
  && apt-get clean \
  && rm -rf \
    /var/lib/apt/lists/* \
    /tmp/* \
    /var/tmp/*
ENV PYTHONIOENCODING=utf-8
ENV LANG=C.UTF-8
RUN python -m pip install --upgrade "pip==24.0" "setuptools==69.2.0" "wheel==0.43.0" --no-cache-dir
WORKDIR /usr/app/dbt/
ENTRYPOINT ["dbt"]
FROM base as dbt-core
RUN python -m pip install --no-cache-dir "dbt-core @ git+https://github.com/dbt-labs/${dbt_core_ref}#subdirectory=core"
