namespace MiniRedis.Server.Persistence.Aof;

/// <summary>
/// The bytes of a file of commands that are read and not consumed, in one piece: at least as many as the first command needs.
/// </summary>
/// <param name="file">Read from its position; not closed.</param>
sealed class AofInput(Stream file)
{
    const int FirstBufferBytes = 1 << 20;

    byte[] _buffer = new byte[FirstBufferBytes];
    int _start, _end;

    /// <summary>The start of the unread bytes, from the start of the file.</summary>
    public long Position { get; private set; } = file.Position;

    /// <summary>Bytes of the file.</summary>
    public long Length { get; } = file.Length;

    public ReadOnlySpan<byte> Unread => _buffer.AsSpan(_start, _end - _start);

    /// <summary>The last <paramref name="bytes"/> bytes that were consumed. Valid until <see cref="Fill"/>.</summary>
    public ReadOnlySpan<byte> Consumed(int bytes) => _buffer.AsSpan(_start - bytes, bytes);

    public void Consume(int bytes)
    {
        _start += bytes;
        Position += bytes;
    }

    /// <summary>
    /// Reads until there are more unread bytes than now, and at least <paramref name="wanted"/>. The unread bytes move to the
    /// front.
    /// </summary>
    /// <returns>False at the end of the file.</returns>
    public bool Fill(long wanted)
    {
        Unread.CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        wanted = Math.Max(wanted, _end + 1L);
        if (wanted > _buffer.Length)
        {
            // Never more than the file holds, whatever a header says.
            if (wanted > Math.Min(Length - Position, Array.MaxLength)) return false;
            Array.Resize(ref _buffer, (int)Math.Min(Math.Max(wanted, _buffer.Length * 2L), Array.MaxLength));
        }
        _end += file.ReadAtLeast(_buffer.AsSpan(_end), (int)wanted - _end, throwOnEndOfStream: false);
        return _end >= wanted;
    }
}
