using System.Buffers.Text;

namespace MiniRedis.Server.Links;

/// <summary>
/// Reads replies (RESP2) from bytes that come in pieces. It takes no byte beyond the reply, because what follows one may be of another
/// kind: after +FULLRESYNC comes a file.
/// </summary>
/// <remarks>
/// One thread. A reply is bounded as a whole: a server that answers more than <paramref name="mostBytes"/>, or that nests deeper than
/// <see cref="MostDepth"/>, breaks the protocol. Room for a bulk string grows with what arrives, not with what is announced.
/// </remarks>
/// <param name="mostBytes">Bytes of one reply with all that is in it.</param>
sealed class ReplyReader(int mostBytes = ReplyReader.DefaultMost)
{
    /// <summary>The longest INFO and the longest SENTINEL reply are some hundred kilobytes.</summary>
    public const int DefaultMost = 16 << 20;

    /// <summary>COMMAND nests five deep; nothing that a link asks for comes near.</summary>
    public const int MostDepth = 8;

    readonly List<OpenArray> _open = [];
    byte[] _bytes = new byte[64];
    int _length;
    // Bytes of the current bulk string and its end of line that are still to come; -1 outside of one.
    int _bulkLeft = -1;
    int _taken;

    sealed class OpenArray(int count)
    {
        public readonly List<LinkReply> Items = [];
        public readonly int Count = count;
    }

    /// <summary>Takes bytes from <paramref name="input"/> until a reply is complete, or all.</summary>
    /// <returns>The reply; null if more bytes are needed.</returns>
    /// <exception cref="LinkException">This is no reply, or too long a one.</exception>
    public LinkReply? Read(ref ReadOnlySpan<byte> input)
    {
        while (!input.IsEmpty)
        {
            var value = _bulkLeft >= 0 ? TakeBulk(ref input) : TakeLine(ref input);
            if (value is not null && Close(value) is { } reply)
            {
                _taken = 0;
                return reply;
            }
        }
        return null;
    }

    void Append(ReadOnlySpan<byte> bytes)
    {
        // Compared this way round, since the sum could overflow.
        if (bytes.Length > mostBytes - _taken) throw new LinkException("Protocol error: the reply is too long");
        _taken += bytes.Length;
        if (_length + bytes.Length > _bytes.Length) Array.Resize(ref _bytes, Math.Max(_length + bytes.Length, _bytes.Length * 2));
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    LinkReply? TakeBulk(ref ReadOnlySpan<byte> input)
    {
        var now = Math.Min(_bulkLeft, input.Length);
        Append(input[..now]);
        input = input[now..];
        _bulkLeft -= now;
        if (_bulkLeft > 0) return null;
        _bulkLeft = -1;
        if (!_bytes.AsSpan(0, _length).EndsWith("\r\n"u8)) throw new LinkException("Protocol error: a bulk string has no end");
        return Make(LinkReplyKind.Bulk, _bytes.AsSpan(0, _length - 2));
    }

    LinkReply? TakeLine(ref ReadOnlySpan<byte> input)
    {
        var end = input.IndexOf((byte)'\n');
        var now = end < 0 ? input.Length : end + 1;
        Append(input[..now]);
        input = input[now..];
        if (end < 0) return null;
        var line = _bytes.AsSpan(0, _length).TrimEnd("\r\n"u8);
        if (line.IsEmpty)
        {
            if (_open.Count > 0) throw Unexpected(line);
            return Make(LinkReplyKind.KeepAlive, line);
        }
        var rest = line[1..];
        switch (line[0])
        {
            case (byte)'+':
                return Make(LinkReplyKind.Status, rest);
            case (byte)'-':
                return Make(LinkReplyKind.Error, rest);
            case (byte)':':
                return Make(LinkReplyKind.Integer, rest);
            case (byte)'$':
                var length = Number(line);
                if (length < 0) return Make(LinkReplyKind.Null, default);
                if (length > mostBytes - 2) throw new LinkException("Protocol error: the reply is too long");
                _bulkLeft = length + 2;
                _length = 0;
                return null;
            case (byte)'*':
                var count = Number(line);
                if (count < 0) return Make(LinkReplyKind.Null, default);
                if (count == 0) return Make(LinkReplyKind.Array, default);
                if (_open.Count == MostDepth) throw new LinkException("Protocol error: the reply is nested too deeply");
                _open.Add(new OpenArray(count));
                _length = 0;
                return null;
            default:
                throw Unexpected(line);
        }
    }

    LinkReply Make(LinkReplyKind kind, ReadOnlySpan<byte> bytes)
    {
        var reply = new LinkReply(kind, bytes.ToArray(), []);
        _length = 0;
        return reply;
    }

    /// <summary>Puts a value into the array that it belongs to. Returns what is complete with it: null while an array is open.</summary>
    LinkReply? Close(LinkReply value)
    {
        while (_open.Count > 0)
        {
            var array = _open[^1];
            array.Items.Add(value);
            if (array.Items.Count < array.Count) return null;
            _open.RemoveAt(_open.Count - 1);
            value = new LinkReply(LinkReplyKind.Array, [], [.. array.Items]);
        }
        return value;
    }

    static int Number(ReadOnlySpan<byte> line) =>
        Utf8Parser.TryParse(line[1..], out int value, out var used) && used == line.Length - 1 && value >= -1 ? value : throw Unexpected(line);

    static LinkException Unexpected(ReadOnlySpan<byte> line) =>
        new($"Protocol error: got '{(line.IsEmpty ? "an empty line" : ((char)line[0]).ToString())}' where a reply should begin");
}
