# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
# Three images, one for each service of compose.yaml: docker build --target broker . (or gate, or pushd).
# docs/operating.md, "With Docker", tells how they are used. Nothing in them runs as root.

FROM debian:12-slim AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends cmake gcc libc6-dev make pkg-config mosquitto-dev libmosquitto-dev \
        libcjson-dev libmagic-dev libsqlite3-dev libssl-dev zlib1g-dev uthash-dev libcurl4-openssl-dev libinih-dev \
        libmicrohttpd-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The folder of libraries without the name of the architecture, so that a mosquitto.conf is good on each.
RUN cmake -B /build -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_TESTING=OFF \
        -DCHAT_BENCH=OFF \
    && cmake --build /build --parallel \
    && DESTDIR=/out cmake --install /build --strip

FROM debian:12-slim AS page
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends nodejs npm python3 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY scripts scripts
COPY web web
RUN scripts/web /out/web

# What the three have in common: the user, the folders that are volumes, and the libraries of all programs.
FROM debian:12-slim AS common
# hadolint ignore=DL3008
RUN groupadd --system --gid 1883 mosquitto \
    && useradd --system --uid 1883 --gid mosquitto --home-dir /data --shell /usr/sbin/nologin mosquitto \
    && install -d -o mosquitto -g mosquitto -m 700 /config /data /backup /incoming \
    && install -d -o mosquitto -g mosquitto -m 750 /media \
    && apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libcjson1 libmosquitto1 libssl3 zlib1g \
    && rm -rf /var/lib/apt/lists/*

FROM common AS broker
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends mosquitto openssl libmagic1 libsqlite3-0 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/usr/lib/mosquitto_chat.so /out/usr/lib/mosquitto_ctrl_chat.so /usr/lib/
COPY --from=build /out/usr/bin/chatctl /usr/bin/
COPY --from=build /out/usr/share/doc/mosquitto-chat/examples /usr/share/doc/mosquitto-chat/examples/
COPY packages/docker/start-broker /usr/bin/
ENV CHAT_CONFIG=/config/mosquitto.conf
VOLUME ["/config", "/data", "/media", "/backup"]
EXPOSE 1883 8883 9001
USER mosquitto
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s CMD ["chatctl", "stats"]
ENTRYPOINT ["start-broker"]
CMD ["mosquitto", "-c", "/config/mosquitto.conf"]

FROM common AS gate
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl libcurl4 libinih1 libmicrohttpd12 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/usr/bin/chatgate /usr/bin/
COPY --from=page /out/web /usr/share/mosquitto-chat/web/
VOLUME ["/incoming"]
EXPOSE 8080
USER mosquitto
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s CMD ["curl", "-fsS", "http://127.0.0.1:8080/healthz"]
CMD ["chatgate", "-c", "/config/chatgate.conf"]

# No health check: a worker that cannot go on ends.
FROM common AS pushd
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libcurl4 libinih1 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/usr/bin/chatpushd /usr/bin/
COPY --from=build /out/usr/share/doc/mosquitto-chat/examples/chatpushd.conf.example /usr/share/doc/mosquitto-chat/examples/
USER mosquitto
CMD ["chatpushd", "-c", "/config/chatpushd.conf"]
