using MiniRedis.Resp;

namespace MiniRedis.Server.Monitoring;

/// <summary>
/// Secret arguments of the running call. A handler marks them as it reads them (<c>CommandContext.Redact</c>). SLOWLOG and
/// MONITOR, which record a call when it is over, leave them out. Under the executor's lock.
/// </summary>
sealed class Redactions
{
    readonly List<int> _marked = [];

    /// <summary>Shown instead of a marked argument; the word is Redis's.</summary>
    public static ReadOnlySpan<byte> Substitute => "(redacted)"u8;

    public bool Any => _marked.Count > 0;

    public void Mark(int argument) => _marked.Add(argument);

    public void Clear() => _marked.Clear();

    /// <summary>Argument <paramref name="index"/> , or its substitute if it is marked.</summary>
    public ReadOnlySpan<byte> Shown(in Request request, int index) =>
        Any && _marked.Contains(index) ? Substitute : request[index];
}
