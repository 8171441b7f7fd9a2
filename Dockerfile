# Build: docker build -t miniredis .
# Run:   docker run -p 6379:6379 -v ./conf:/conf miniredis /conf/cache.conf
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
RUN apt-get update && apt-get install -y --no-install-recommends clang zlib1g-dev
WORKDIR /source
COPY . .
RUN dotnet publish src/Server -c Release -o /app

# The system libraries that a native executable takes, and no .NET.
FROM mcr.microsoft.com/dotnet/runtime-deps:10.0
COPY --from=build /app/miniredis /usr/local/bin/miniredis
COPY conf/cache.conf /etc/miniredis/cache.conf
RUN mkdir /data && chown $APP_UID /data
# Not root: the user that the image has for applications.
USER $APP_UID
WORKDIR /data
VOLUME /data
# Commands; metrics, /healthz and /readyz.
EXPOSE 6379 9121
HEALTHCHECK --interval=10s --timeout=3s CMD ["miniredis", "ping"]
ENTRYPOINT ["miniredis"]
# A container is reached from outside by design: bind to every address, and protect with requirepass or the network.
CMD ["/etc/miniredis/cache.conf", "--bind", "*", "--metrics-bind", "*", "--protected-mode", "no", "--dir", "/data"]
