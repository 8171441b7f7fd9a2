# Build: docker build -t miniredis .
# Run:   docker run -p 6379:6379 -v ./conf:/conf miniredis /conf/cache.conf
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish src/Server -c Release -o /app

# ASP.NET's image: the shared framework has the hosting libraries.
FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /data
COPY --from=build /app /app
COPY conf/cache.conf /etc/miniredis/cache.conf
EXPOSE 6379
ENTRYPOINT ["dotnet", "/app/miniredis.dll"]
# A container is reached from outside by design: bind to every address, and protect with requirepass or the network.
CMD ["/etc/miniredis/cache.conf", "--bind", "*", "--protected-mode", "no", "--dir", "/data"]
