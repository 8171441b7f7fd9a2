using System.Globalization;
using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Monitoring;

/// <summary>
/// The latest calls that exceeded a bound, newest first. There are three logs: of time (which SLOWLOG shows, too), of the bytes
/// of the request, and of the bytes of the reply. Under the executor's lock.
/// </summary>
sealed class CommandLog(Redactions redactions, Clock clock)
{
    /// <summary>Most arguments kept of a call, and most bytes of each (Redis's SLOWLOG_ENTRY_MAX_ARGC and _MAX_STRING).</summary>
    const int MaxArguments = 32, MaxArgumentBytes = 128;

    readonly LinkedList<Entry> _entries = [];
    long _limit, _nextId;

    /// <param name="Id">Never reused, even after a reset of the log.</param>
    /// <param name="Time">Unix seconds.</param>
    /// <param name="Amount">The value that exceeded the bound: microseconds or bytes.</param>
    /// <param name="Arguments">Shortened and redacted.</param>
    public sealed record Entry(long Id, long Time, long Amount, byte[][] Arguments, string Peer, byte[] ClientName);

    public int Count => _entries.Count;

    /// <summary>The newest entry; null if there is none.</summary>
    public Entry? Last => _entries.First?.Value;

    public IEnumerable<Entry> Newest => _entries;

    public void Clear() => _entries.Clear();

    /// <summary>Keeps no more entries than <paramref name="limit"/> from now on.</summary>
    public void Bound(long limit)
    {
        _limit = limit;
        Trim();
    }

    public void Add(Client client, in Request request, long amount)
    {
        _entries.AddFirst(new Entry(_nextId++, clock.Now / 1000, amount, Shorten(request),
            client.Connection.Remote, client.Name));
        Trim();
    }

    void Trim()
    {
        while (_entries.Count > _limit) _entries.RemoveLast();
    }

    byte[][] Shorten(in Request request)
    {
        var kept = new byte[Math.Min(request.Count, MaxArguments)][];
        for (var i = 0; i < kept.Length; i++) kept[i] = Shorten(redactions.Shown(request, i));
        if (request.Count > MaxArguments) kept[^1] = Text($"... ({request.Count - MaxArguments + 1} more arguments)");
        return kept;
    }

    static byte[] Shorten(ReadOnlySpan<byte> argument) => argument.Length <= MaxArgumentBytes
        ? argument.ToArray()
        : [.. argument[..MaxArgumentBytes], .. Text($"... ({argument.Length - MaxArgumentBytes} more bytes)")];

    static byte[] Text(FormattableString text) => Encoding.ASCII.GetBytes(text.ToString(CultureInfo.InvariantCulture));
}
