FROM ubuntu:14.04
MAINTAINER Someone "someone@example.com"
RUN     echo "deb http://archive.ubuntu.com/ubuntu precise main universe" > /etc/apt/sources.list
RUN     apt-get update
ENV     DEBIAN_FRONTEND noninteractive
RUN     apt-get -y install   lib32gcc1      libc6-i386  \
  lib32stdc++6
ADD     . /src
EXPOSE  22 80:80 8000-8010/udp
VOLUME  ["/var/log"] 
CMD     ["/usr/sbin/sshd",   "-D"]
