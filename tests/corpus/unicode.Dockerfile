FROM debian
# 日本語
ENV GREETING="¡Hola! 🐍"
RUN echo été && \
  # смотри
  echo привет
LABEL 名=値
COPY <<ÉOF /x
ça
ÉOF
