FROM debian:12 AS s0
RUN echo 0 \
  && true
COPY --from=s0 /etc/passwd /p0

FROM s0 AS s1
RUN echo 1 \
  && true
COPY --from=s0 /etc/passwd /p1

FROM s1 AS s2
RUN echo 2 \
  && true
COPY --from=s0 /etc/passwd /p2

FROM s2 AS s3
RUN echo 3 \
  && true
COPY --from=s0 /etc/passwd /p3

FROM s3 AS s4
RUN echo 4 \
  && true
COPY --from=s0 /etc/passwd /p4

FROM s4 AS s5
RUN echo 5 \
  && true
COPY --from=s0 /etc/passwd /p5

FROM s5 AS s6
RUN echo 6 \
  && true
COPY --from=s0 /etc/passwd /p6

FROM s6 AS s7
RUN echo 7 \
  && true
COPY --from=s0 /etc/passwd /p7

FROM s7 AS s8
RUN echo 8 \
  && true
COPY --from=s0 /etc/passwd /p8

FROM s8 AS s9
RUN echo 9 \
  && true
COPY --from=s0 /etc/passwd /p9

FROM s9 AS s10
RUN echo 10 \
  && true
COPY --from=s0 /etc/passwd /p10

FROM s10 AS s11
RUN echo 11 \
  && true
COPY --from=s0 /etc/passwd /p11

FROM s11 AS s12
RUN echo 12 \
  && true
COPY --from=s0 /etc/passwd /p12

FROM s12 AS s13
RUN echo 13 \
  && true
COPY --from=s0 /etc/passwd /p13

FROM s13 AS s14
RUN echo 14 \
  && true
COPY --from=s0 /etc/passwd /p14

FROM s14 AS s15
RUN echo 15 \
  && true
COPY --from=s0 /etc/passwd /p15

FROM s15 AS s16
RUN echo 16 \
  && true
COPY --from=s0 /etc/passwd /p16

FROM s16 AS s17
RUN echo 17 \
  && true
COPY --from=s0 /etc/passwd /p17

FROM s17 AS s18
RUN echo 18 \
  && true
COPY --from=s0 /etc/passwd /p18

FROM s18 AS s19
RUN echo 19 \
  && true
COPY --from=s0 /etc/passwd /p19

FROM s19 AS s20
RUN echo 20 \
  && true
COPY --from=s0 /etc/passwd /p20

FROM s20 AS s21
RUN echo 21 \
  && true
COPY --from=s0 /etc/passwd /p21

FROM s21 AS s22
RUN echo 22 \
  && true
COPY --from=s0 /etc/passwd /p22

FROM s22 AS s23
RUN echo 23 \
  && true
COPY --from=s0 /etc/passwd /p23

FROM s23 AS s24
RUN echo 24 \
  && true
COPY --from=s0 /etc/passwd /p24

FROM s24 AS s25
RUN echo 25 \
  && true
COPY --from=s0 /etc/passwd /p25

FROM s25 AS s26
RUN echo 26 \
  && true
COPY --from=s0 /etc/passwd /p26

FROM s26 AS s27
RUN echo 27 \
  && true
COPY --from=s0 /etc/passwd /p27

FROM s27 AS s28
RUN echo 28 \
  && true
COPY --from=s0 /etc/passwd /p28

FROM s28 AS s29
RUN echo 29 \
  && true
COPY --from=s0 /etc/passwd /p29

FROM s29 AS s30
RUN echo 30 \
  && true
COPY --from=s0 /etc/passwd /p30

FROM s30 AS s31
RUN echo 31 \
  && true
COPY --from=s0 /etc/passwd /p31

FROM s31 AS s32
RUN echo 32 \
  && true
COPY --from=s0 /etc/passwd /p32

FROM s32 AS s33
RUN echo 33 \
  && true
COPY --from=s0 /etc/passwd /p33

FROM s33 AS s34
RUN echo 34 \
  && true
COPY --from=s0 /etc/passwd /p34

FROM s34 AS s35
RUN echo 35 \
  && true
COPY --from=s0 /etc/passwd /p35

FROM s35 AS s36
RUN echo 36 \
  && true
COPY --from=s0 /etc/passwd /p36

FROM s36 AS s37
RUN echo 37 \
  && true
COPY --from=s0 /etc/passwd /p37

FROM s37 AS s38
RUN echo 38 \
  && true
COPY --from=s0 /etc/passwd /p38

FROM s38 AS s39
RUN echo 39 \
  && true
COPY --from=s0 /etc/passwd /p39
