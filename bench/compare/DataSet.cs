using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>A kind of data whose memory is compared; the table of docs/measurements.md.</summary>
sealed record DataSet(string Name, string Command, Func<int, string[]> Words)
{
    const int WrittenAhead = 1000;

    static readonly string s_value = new('x', 64);

    public static IReadOnlyList<DataSet> All { get; } =
    [
        new("string of 64 bytes", "SET", i => ["SET", Key(i), s_value]),
        new("the same with a TTL", "SET", i => ["SET", Key(i), s_value, "EX", "100000"]),
        new("hash of 4 small fields", "HSET", i => ["HSET", Key(i), "name", "alice", "age", "42", "city", "oslo", "n", Text(i)]),
        new("member of a big sorted set", "ZADD", i => ["ZADD", "z", Text(i), Key(i)]),
        new("member of a big set", "SADD", i => ["SADD", "s", Key(i)]),
        new("64-byte element of a list", "RPUSH", _ => ["RPUSH", "l", s_value]),
        new("field (16+32) of a big hash", "HSET", i => ["HSET", "h", Key(i), s_value[..32]]),
        new("stream entry of 2 small fields", "XADD", i => ["XADD", "x", "*", "name", "alice", "n", Text(i)]),
    ];

    static string Text(int i) => i.ToString(CultureInfo.InvariantCulture);

    static string Key(int i) => string.Create(CultureInfo.InvariantCulture, $"key:{i:D12}");

    public bool Exists(RunningServer server)
    {
        using var connection = server.Connect();
        return !connection.Call(Command).Contains("unknown command", StringComparison.Ordinal);
    }

    /// <summary>Adds so many elements. Returns the growth of used_memory for each.</summary>
    public double Fill(RunningServer server, int count)
    {
        var before = server.UsedMemory;
        using var connection = server.Connect();
        for (var i = 0; i < count;)
        {
            var end = Math.Min(count, i + WrittenAhead);
            for (var j = i; j < end; j++) connection.Write(Words(j));
            connection.Flush();
            for (; i < end; i++)
            {
                var reply = connection.Read();
                if (reply[0] == '-') throw new InvalidOperationException($"{server.Name}: {reply}");
            }
        }
        return (double)(server.UsedMemory - before) / count;
    }
}
