FROM busybox
ENV abc hello world = yes
ENV a=1 b="2 3" c='4 "5"' d=6\ 7 e=$a f=${b:-x} g=${c:+y}
ENV PATH=/opt/bin:$PATH \
    LD_LIBRARY_PATH=/opt/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
ARG only
ARG name=value other="a b" third
ENV DASHED a-b_c
ENV EMPTY=
ENV Q="'" W='"'
