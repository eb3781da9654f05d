# syntax = docker/dockerfile:1
# check=skip=JSONArgsRecommended;error=true
FROM alpine:3.20
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc,mode=0400,required npm ci
RUN --mount=type=ssh,id=default git clone git@example.com:x/y.git
RUN --mount=type=tmpfs,target=/tmp --network=none --security=sandbox make test
RUN --mount=type=secret,id=token,env=TOKEN \
	--mount=type=bind,from=golang:1.23,source=/usr/local/go,target=/usr/local/go,rw \
	/usr/local/go/bin/go version
CMD make run
