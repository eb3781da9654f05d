FROM alpine
ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://mirrors.edge.kernel.org/pub/linux/kernel/Historic/linux-0.01.tar.gz /
ADD --keep-git-dir=true https://github.com/moby/buildkit.git#v0.10.1 /buildkit
ADD git@git.example.com:foo/bar.git /bar
COPY --parents ./x/a.txt ./y/a.txt /parents/
COPY --exclude=*.txt --exclude=*.md hom* /mydir/
COPY arr[[]0].txt /mydir/
COPY --chown=10:11 --chmod=u=rwX,go=rX files* /somedir/
COPY --link --from=busybox:1 /bin/sh /bin/
