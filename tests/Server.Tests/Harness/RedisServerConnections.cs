namespace MiniRedis.Server.Tests;

static class RedisServerConnections
{
    /// <summary>A second connection, which shows replies as they are on the wire.</summary>
    public static RawClient Connect(this RedisServerProcess server) => new(server.EndPoint);
}
