# The official image of uv: the program alone.
FROM scratch
COPY --from=uv uv /uv
