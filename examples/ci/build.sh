#!/bin/sh
# Build and push the image, with a cache that any machine can use: build.sh REGISTRY/NAME [ARGUMENTS OF BUILDX ...]
set -eu
image=$1
shift
exec docker buildx build \
    --cache-from "type=registry,ref=$image:cache" \
    --cache-to "type=registry,ref=$image:cache,mode=max" \
    --tag "$image:$(git rev-parse --short HEAD 2>/dev/null || echo latest)" \
    --push "$@" "$(dirname "$0")"
