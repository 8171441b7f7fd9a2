using System.Globalization;
using System.Text;
using MiniRedis.Server.Links;

namespace MiniRedis.Server.Following;

/// <summary>
/// The file with which a full synchronization begins, as it comes over the link: <c>$length</c> and so many bytes, or <c>$EOF:</c> and a mark
/// of 40 bytes, which follows the last one. A master that does not know the length sends nothing behind the mark before it has heard of the
/// replica. So, as in Redis, the mark is looked for only at the end of what has come: within the file the same bytes mean nothing.
/// </summary>
/// <remarks>The thread of the link. Failures are <see cref="LinkException"/>s.</remarks>
sealed class MasterPayload(Link link)
{
    const int MarkBytes = 40;

    byte[]? _mark;
    readonly byte[] _tail = new byte[MarkBytes];
    int _tailLength;

    /// <summary>Bytes of the file; -1 if the master does not tell.</summary>
    public long Length { get; private set; } = -1;

    /// <summary>Bytes received, the mark included.</summary>
    public long Received { get; private set; }

    /// <summary>Bytes of <see cref="Received"/> that are no part of the file.</summary>
    public int Surplus => _mark is null ? 0 : MarkBytes;

    /// <summary>Waits for the line that announces the file. Empty lines before it say that the master is alive.</summary>
    /// <param name="heard">Called for each sign of life.</param>
    public void Begin(Action heard)
    {
        string line;
        do
        {
            line = link.ReceiveLine();
            heard();
        }
        while (line.Length == 0);
        if (line[0] == '-') throw new LinkException($"MASTER aborted replication with an error: {line[1..]}");
        if (line[0] != '$')
        {
            throw new LinkException(
                $"Bad protocol from MASTER, the first byte is not '$' (we received '{line}'), are you sure the host and port are right?");
        }
        if (line.StartsWith("$EOF:", StringComparison.Ordinal) && line.Length >= 5 + MarkBytes)
            _mark = Encoding.Latin1.GetBytes(line, 5, MarkBytes);
        else if (long.TryParse(line.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var length)) Length = length;
        else throw new LinkException($"Bad protocol from MASTER: '{line}' announces no file");
    }

    /// <summary>Waits for the next bytes, the mark among them. Valid until the next call; empty at the end.</summary>
    public ReadOnlySpan<byte> Read()
    {
        if (Length >= 0 ? Received == Length : _tailLength == MarkBytes && _tail.AsSpan().SequenceEqual(_mark)) return default;
        var bytes = link.ReceiveBytes();
        if (Length >= 0) bytes = bytes[..(int)Math.Min(bytes.Length, Length - Received)];
        link.Take(bytes.Length);
        Received += bytes.Length;
        if (_mark is not null) KeepTail(bytes);
        return bytes;
    }

    void KeepTail(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= MarkBytes)
        {
            bytes[^MarkBytes..].CopyTo(_tail);
            _tailLength = MarkBytes;
            return;
        }
        var kept = Math.Min(_tailLength, MarkBytes - bytes.Length);
        _tail.AsSpan(_tailLength - kept, kept).CopyTo(_tail);
        bytes.CopyTo(_tail.AsSpan(kept));
        _tailLength = kept + bytes.Length;
    }
}
