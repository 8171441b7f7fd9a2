using System.Text;

namespace MiniRedis.Cluster.Tests.Bus;

/// <summary>
/// Packets and files of redis-server 7.0.15: five nodes, of which one announces a hostname. A proxy in front of each bus port
/// kept what passed, while a replica took over by CLUSTER FAILOVER, and another one because its master stood still.
/// </summary>
static class Captured
{
    public static readonly string[] Packets =
        ["ping", "pong", "meet", "fail", "publish", "publishshard", "auth-request", "auth-ack", "update", "mfstart"];

    public static byte[] Packet(string name) => Read(name + ".bin");

    public static string File(string name) => Encoding.ASCII.GetString(Read(name));

    static byte[] Read(string name)
    {
        using var stream = typeof(Captured).Assembly.GetManifestResourceStream($"MiniRedis.Cluster.Tests.Bus.Captured.{name}")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
