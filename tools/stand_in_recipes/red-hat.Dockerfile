# The stand-in for images of the Red Hat family: their folders, marks and package manager's name, Debian's programs and libraries in
# them. The C library says the version that it stands for. OpenSSL is left out: theirs is not the one that the interpreter wants.
ARG BASE
FROM $BASE AS debian
ARG ID VERSION_ID MANAGER LIBRARIES
SHELL ["/bin/bash", "-euc"]
RUN root=/red-hat from=$(echo /usr/lib/*-linux-gnu); \
    mkdir -p $root/{etc/pki/tls/certs,home,root,tmp,usr/{bin,lib,lib64,local/bin,sbin},var/tmp}; \
    for name in bin lib lib64 sbin; do ln -s usr/$name $root/$name; done; \
    chmod 1777 $root/tmp $root/var/tmp; \
    programs=$(echo /usr/bin/{bash,sh,cat,chmod,chown,cp,env,grep,head,id,ls,mkdir,readlink,rm,sed,sort,stat,tail,touch,true}); \
    cp --dereference $programs $root/usr/bin/; \
    for file in $(ldd $programs | sed -n 's|.* => \(/[^ ]*\) .*|\1|p' | sort -u) \
        $from/lib{dl,m,pthread,resolv,rt,util,gcc_s,nss_files}.so.[0126] \
        $(for name in $LIBRARIES; do echo "$from/$name"; done); \
    do cp --dereference "$file" $root/usr/lib64/; done; \
    loader=$(echo /lib*/ld-linux-*.so.*); cp --dereference "$loader" "$root$loader"; \
    sed -i 's/\(stable release version\) 2\.36/\1 2.34/' $root/usr/lib64/libc.so.6; \
    echo /usr/lib64 > $root/etc/ld.so.conf; ldconfig -r $root; \
    cp "$(ls /usr/local/share/*-certificates.crt /etc/ssl/certs/ca-certificates.crt 2>/dev/null | head -n 1)" \
        $root/etc/pki/tls/certs/ca-bundle.crt; \
    ln -s certs/ca-bundle.crt $root/etc/pki/tls/cert.pem; \
    printf '#!/bin/sh\necho "a stand-in has no packages" >&2; exit 1\n' > "$root/usr/bin/$MANAGER"; \
    chmod 755 "$root/usr/bin/$MANAGER"; \
    printf 'ID="%s"\nID_LIKE="fedora"\nVERSION_ID="%s"\nPRETTY_NAME="%s %s"\n' "$ID" "$VERSION_ID" "$ID" "$VERSION_ID" \
        > $root/etc/os-release; \
    printf 'root:x:0:0:root:/root:/bin/bash\n' > $root/etc/passwd; printf 'root:x:0:\n' > $root/etc/group

FROM scratch
COPY --from=debian /red-hat /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["/bin/bash"]
