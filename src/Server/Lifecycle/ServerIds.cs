using System.Runtime.InteropServices;

namespace MiniRedis.Server.Lifecycle;

/// <summary>The name by which Sentinels and operators know this run of the server. Under the executor's lock.</summary>
sealed class ServerIds
{
    /// <summary>40 hexadecimal digits, new at every start.</summary>
    public string Run { get; } = NewId();

    /// <summary>40 random hexadecimal digits.</summary>
    public static string NewId()
    {
        Span<ulong> words = stackalloc ulong[3];
        SystemRandom.Fill(words);
        return Convert.ToHexStringLower(MemoryMarshal.AsBytes(words)[..20]);
    }
}
