using System.Runtime.InteropServices;

namespace MiniRedis.Server.Lifecycle;

/// <summary>The names by which other servers and Sentinels know this one. Under the executor's lock.</summary>
sealed class ServerIds
{
    /// <summary>40 hexadecimal digits, new at every start.</summary>
    public string Run { get; } = New();

    /// <summary>40 hexadecimal digits that name the history of changes this server's data have.</summary>
    public string Replication { get; private set; } = New();

    public void ChangeReplication() => Replication = New();

    static string New()
    {
        Span<ulong> words = stackalloc ulong[3];
        SystemRandom.Fill(words);
        return Convert.ToHexStringLower(MemoryMarshal.AsBytes(words)[..20]);
    }
}
