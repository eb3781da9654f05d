# The stand-in for quay.io/astronomer/astro-runtime:<version>: the -base image and the triggers that copy the project in.
ARG BASE
FROM $BASE
LABEL io.astronomer.docker.airflow.onbuild=true
ONBUILD COPY packages.txt .
ONBUILD USER root
ONBUILD RUN /usr/local/bin/install-system-packages
ONBUILD COPY requirements.txt .
ONBUILD RUN /usr/local/bin/install-python-dependencies
ONBUILD USER astro
ONBUILD COPY --chown=astro:0 . .
