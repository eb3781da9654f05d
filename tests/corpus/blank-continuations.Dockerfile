FROM busybox
RUN echo one \

    two \


    three
RUN echo four \
    # five

    six \
#seven
    eight
RUN true
