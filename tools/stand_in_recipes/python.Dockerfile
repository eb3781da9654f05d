# The stand-in for python:X.Y-slim-<suite>: an interpreter of this machine where the official image has its own.
# With PREFIX=/usr/python it is laid out as apache/airflow images have it since 3.1: the interpreter there, links in /usr/local.
ARG BASE
FROM $BASE
ARG PREFIX=/usr/local VERSION
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 PYTHON_VERSION=$VERSION
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      ca-certificates netbase tzdata \
      libbz2-1.0 libcrypt1 libexpat1 libffi8 libgdbm6 liblzma5 libncursesw6 libnsl2 \
      libreadline8 libsqlite3-0 libssl3 libtirpc3 libuuid1 zlib1g \
 && rm -rf /var/lib/apt/lists/*
ADD interpreter.tar $PREFIX
RUN if [ "$PREFIX" != /usr/local ]; then \
      for name in pip3 python3 python3-config; do ln -s "$PREFIX/bin/$name" "/usr/local/bin/$name"; done; \
      ln -s python3 /usr/local/bin/python; ln -s pip3 /usr/local/bin/pip; \
      for part in "$PREFIX"/lib/*; do rm -rf "/usr/local/lib/${part##*/}"; ln -s "$part" /usr/local/lib/; done; \
    fi \
 && ldconfig \
 && "$PREFIX/bin/python3" -m ensurepip --default-pip \
 && find "$PREFIX" -name '*.pyc' -delete \
 && "$PREFIX/bin/python3" -c 'import bz2, ctypes, lzma, readline, sqlite3, ssl, uuid, zlib' \
 && find "$PREFIX" -name '*.pyc' -delete
CMD ["python3"]
