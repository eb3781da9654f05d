# syntax=docker/dockerfile:1.7
FROM python:3.13-slim
RUN <<EOF
set -eux
apt-get update
apt-get install -y --no-install-recommends git
rm -rf /var/lib/apt/lists/*
EOF
COPY <<-'ENTRY' /usr/local/bin/entry
	#!/bin/sh
	# FROM here on it is a shell
	exec "$@"
	ENTRY
COPY <<ONE <<TWO /etc/conf.d/
one=$HOME
ONE
two=\$HOME
TWO
RUN python3 <<PY && echo done
import sys
print(f"{sys.version=} \\")
PY
RUN <<-EOT bash -ex
	chmod +x /usr/local/bin/entry
	EOT
ENTRYPOINT ["entry"]
