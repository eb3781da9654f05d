FROM quay.io/astronomer/astro-runtime:12.1.0-base

LABEL maintainer="Data <data@example.com>"
ENV ASTRONOMER_ENVIRONMENT=local
USER root
COPY packages.txt .
RUN if [ -s packages.txt ]; then \
      apt-get update && cat packages.txt | tr '\r\n' '\n' | sed -e 's/#.*//' | \
      xargs apt-get install -y --no-install-recommends; \
    fi
USER astro
ONBUILD COPY --chown=astro:0 . .
ONBUILD RUN pip install -r requirements.txt
