#!/usr/bin/env -S docker build -t x -f
# syntax=docker/dockerfile:1
FROM busybox
RUN true
