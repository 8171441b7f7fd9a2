using System.Buffers.Text;

namespace MiniRedis.Server.Links;

/// <summary>Commands for another server, piece by piece: small ones leave together, and a long word is never there as a whole.</summary>
/// <remarks>One thread. Every method may send, and fails as <see cref="Link.Send"/> does.</remarks>
sealed class LinkWriter(Link link)
{
    /// <summary>As much as a batch of small keys takes; sockets take it in one go.</summary>
    const int BufferBytes = 16 * 1024;

    /// <summary>A sign, 19 digits, "\r\n", and '*' or '$'.</summary>
    const int MostLineBytes = 23;

    readonly byte[] _buffer = new byte[BufferBytes];
    int _used;

    /// <summary>Begins a command of so many words, its name included.</summary>
    public void BeginCommand(int words) => Line((byte)'*', words);

    public void Word(ReadOnlySpan<byte> word)
    {
        BeginWord(word.Length);
        Piece(word);
        EndWord();
    }

    public void Word(long number)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(number, digits, out var length);
        Word(digits[..length]);
    }

    /// <summary>Begins a word whose bytes come as <see cref="Piece"/>s.</summary>
    public void BeginWord(long length) => Line((byte)'$', length);

    public void Piece(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > BufferBytes - _used) Flush();
        if (bytes.Length > BufferBytes)
        {
            link.Send(bytes);
            return;
        }
        bytes.CopyTo(_buffer.AsSpan(_used));
        _used += bytes.Length;
    }

    public void EndWord() => Piece("\r\n"u8);

    /// <summary>Sends what has not left yet.</summary>
    public void Flush()
    {
        if (_used == 0) return;
        var bytes = _buffer.AsSpan(0, _used);
        _used = 0;
        link.Send(bytes);
    }

    void Line(byte kind, long number)
    {
        if (MostLineBytes > BufferBytes - _used) Flush();
        _buffer[_used++] = kind;
        Utf8Formatter.TryFormat(number, _buffer.AsSpan(_used), out var length);
        _used += length;
        _buffer[_used++] = (byte)'\r';
        _buffer[_used++] = (byte)'\n';
    }
}
