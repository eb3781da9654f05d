FROM debian
RUN cat <<EOF > /a && cat <<'EOF2' > /b; cat <<-EOF3
first $HOME
EOF
second $HOME
EOF2
		third
	EOF3
ADD <<EOF /index.html
<html>&lt;</html>
EOF
RUN 3<<EOF cat <&3
by number
EOF
RUN cat << "E O F" | wc -l
spaced
E O F
RUN echo $((1 << 3)) $(( 2<<1 ))
RUN cat <<<"a here string"
ONBUILD RUN echo no heredoc here
