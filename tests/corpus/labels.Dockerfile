FROM scratch
LABEL org.opencontainers.image.title="a title" \
      org.opencontainers.image.description="a \"quoted\" description, \
over two lines" org.opencontainers.image.url=https://example.com/?a=b&c=d
LABEL multi.label1="value1" multi.label2="value2" other='single $quoted'
LABEL "com.example.vendor"="ACME Incorporated"
LABEL version 1.0 beta
STOPSIGNAL SIGKILL
