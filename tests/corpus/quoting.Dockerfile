FROM debian
RUN echo "it's" 'a "test"' \"plain\" '\' "\\" `date`
RUN awk 'BEGIN { print "a\tb" }' | sed -e 's/\(.*\)/\1/' -e "s/'/\"/g"
RUN find . -name '*.py' -exec sed -i \
      's/foo/bar/' {} \;
RUN printf '%s\n' 'a \
b'
RUN echo "open \
    and closed"
RUN echo \\\\
RUN echo end\\
RUN true
