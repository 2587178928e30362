# A container image with the program. 'make dist' copies this file into the directory of the Debian package. Then run:
#   docker build -t ringdown .build/dist
#   docker run --rm -e GENESYS_REGION -e GENESYS_CLIENT_ID -v ~/.genesys-secret:/run/secret:ro \
#     -e GENESYS_CLIENT_SECRET_FILE=/run/secret ringdown token
FROM debian:12-slim
COPY ringdown_*.deb /tmp/
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libmicrohttpd12 libgnutls30 /tmp/ringdown_*.deb \
    && rm -rf /var/lib/apt/lists/* /tmp/ringdown_*.deb \
    && useradd --create-home --uid 10001 ringdown
USER ringdown
# Tokens are stored until the container is removed. Mount a volume here to store them longer, encrypted.
ENV RINGDOWN_CACHE_DIR=/home/ringdown/.cache/ringdown
ENTRYPOINT ["ringdown"]
CMD ["--help"]
