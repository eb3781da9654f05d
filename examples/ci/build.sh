#!/bin/sh
# Build the image, check its environments, push it: build.sh REGISTRY/NAME [ARGUMENTS OF BUILDX ...]
set -eu
image=$1
shift
tag="$image:$(git rev-parse --short HEAD 2>/dev/null || echo latest)"
docker buildx build \
    --cache-from "type=registry,ref=$image:cache" \
    --cache-to "type=registry,ref=$image:cache,mode=max" \
    --tag "$tag" --load "$@" "$(dirname "$0")"
# Every environment starts, and has what the DAGs import from it.
docker run --rm "$tag" bash -c 'airflow-venv doctor dags'
docker push "$tag"
