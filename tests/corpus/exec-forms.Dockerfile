FROM busybox
RUN ["sh", "-c", "echo \"hi\" > /x"]
RUN [ "a" , "b" ]
RUN []
RUN ['not', 'json']
RUN ["not" "json"]
RUN [ -f /x ] || touch /x
CMD []
CMD [ ]
ENTRYPOINT ["\u0061\/b\\c"]
VOLUME ["/data", "/more data"]
VOLUME /a /b
ADD ["a b", "/c/"]
SHELL ["/bin/sh", "-ec"]
HEALTHCHECK CMD ["curl", "-f", "http://localhost"]
HEALTHCHECK NONE
