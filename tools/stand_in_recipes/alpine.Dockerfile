# The stand-in for alpine:<version>: musl and busybox, as Debian packages them, and nothing of glibc.
FROM scratch
ADD root.tar /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["/bin/sh"]
