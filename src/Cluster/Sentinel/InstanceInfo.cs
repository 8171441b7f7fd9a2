using System.Globalization;

namespace MiniRedis.Cluster.Sentinel;

/// <summary>
/// What a Sentinel reads in an instance's INFO. A field that is absent is null, and the machine keeps what it knew, but for the
/// time without a master, which is zero then.
/// </summary>
sealed class InstanceInfo
{
    /// <summary>Of the 40 digits of a run id with the field's name.</summary>
    const int RunIdLine = 47;

    public string? RunId { get; private set; }
    public InstanceRole Role { get; private set; }
    public long MasterLinkDownTime { get; private set; }
    public string? MasterHost { get; private set; }
    public int? MasterPort { get; private set; }
    public bool? IsMasterLinkUp { get; private set; }
    public int? Priority { get; private set; }
    public ulong? Offset { get; private set; }
    public bool? IsAnnounced { get; private set; }
    public List<(string Host, int Port)> Replicas { get; } = [];

    public static InstanceInfo Parse(string text)
    {
        var info = new InstanceInfo();
        foreach (var line in text.AsSpan().EnumerateLines()) info.Read(line);
        return info;
    }

    void Read(ReadOnlySpan<char> line)
    {
        var colon = line.IndexOf(':');
        if (colon <= 0) return;
        var name = line[..colon];
        var value = line[(colon + 1)..];
        switch (name)
        {
            case "run_id" when line.Length >= RunIdLine: RunId = value[..40].ToString(); break;
            case "role": Role = RoleOf(value); break;
            case "master_link_down_since_seconds": MasterLinkDownTime = Number(value) * 1000; break;
            case "master_host": MasterHost = value.ToString(); break;
            case "master_port": MasterPort = (int)Number(value); break;
            case "master_link_status": IsMasterLinkUp = value.Equals("up", StringComparison.OrdinalIgnoreCase); break;
            case "slave_priority": Priority = (int)Number(value); break;
            case "slave_repl_offset": Offset = (ulong)Math.Max(0, Number(value)); break;
            case "replica_announced": IsAnnounced = Number(value) != 0; break;
            default:
                if (name.Length > 5 && name.StartsWith("slave") && char.IsAsciiDigit(name[5])) ReadReplica(value);
                break;
        }
    }

    static InstanceRole RoleOf(ReadOnlySpan<char> value) =>
        value.StartsWith("master") ? InstanceRole.Master : value.StartsWith("slave") ? InstanceRole.Replica : InstanceRole.None;

    /// <summary>Redis 2.8 and newer: "ip=127.0.0.1,port=6380,state=online,…". Older ones: "127.0.0.1,6380,online".</summary>
    void ReadReplica(ReadOnlySpan<char> value)
    {
        ReadOnlySpan<char> host, port;
        if (value.IndexOf("ip=") is >= 0 and var ip)
        {
            var at = value.IndexOf("port=");
            if (at < 0) return;
            host = UpToComma(value[(ip + 3)..]);
            port = UpToComma(value[(at + 5)..]);
        }
        else
        {
            host = UpToComma(value);
            if (host.Length + 1 >= value.Length) return;
            port = UpToComma(value[(host.Length + 1)..]);
        }
        Replicas.Add((host.ToString(), (int)Number(port)));
    }

    static ReadOnlySpan<char> UpToComma(ReadOnlySpan<char> text) => text.IndexOf(',') is >= 0 and var comma ? text[..comma] : text;

    /// <summary>A number, or 0 for what is none: an instance that writes rubbish is not to stop its Sentinels.</summary>
    static long Number(ReadOnlySpan<char> text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : 0;
}
