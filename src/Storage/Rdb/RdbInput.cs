using System.Buffers;
using System.Diagnostics;

namespace MiniRedis.Storage.Rdb;

/// <summary>
/// The bytes of a file, of any length, as a window that slides over them: an <see cref="RdbReader"/> sees a span, and asks for the next
/// one when it ends. The chunk after the window is read on another thread meanwhile.
/// <code>
///   file      ....|=========|=========|.........
///   buffers       | present | read    |            six of them in turn, each with room in front of the chunk, where the
///                           | ahead   |            unread end of the window before goes, so that no piece is cut in two
/// </code>
/// A piece that is longer than a chunk gets a buffer of its own. It is as long as the piece says, but never longer than the file:
/// a length that lies costs no memory.
/// </summary>
/// <remarks>
/// Used by one thread at a time. A span is good until the fifth refill after it was taken. Each brings a chunk, or all that is left, so
/// that to read a field, its value and its deadline, however long, takes four at most.
/// </remarks>
public sealed class RdbInput : IDisposable
{
    /// <summary>Read at once: enough that a thread per chunk does not count, and little of what the processor's cache holds.</summary>
    const int ChunkBytes = 512 << 10;

    const int HeadRoom = 32 << 10;
    const int Buffers = 6;

    readonly Stream _stream;
    readonly byte[]?[] _buffers = new byte[Buffers][];
    readonly int _chunkBytes;
    readonly byte[]?[] _longer = new byte[Buffers][];
    readonly bool _checksums;
    int _present;
    byte[] _window;
    int _from, _to;
    Task<int>? _ahead;
    int _askedAhead;

    // Bytes of the file that no read was asked for.
    long _unasked;

    /// <param name="stream">Read from where it stands; closed with this.</param>
    /// <param name="length">Bytes there are.</param>
    /// <param name="checksums">Whether <see cref="Checksum"/> is wanted.</param>
    public RdbInput(Stream stream, long length, bool checksums = true)
    {
        _stream = stream;
        _checksums = checksums;
        Length = length;
        _unasked = length;
        _chunkBytes = (int)Math.Min(ChunkBytes, length);
        _window = [];
        ReadAhead();
    }

    /// <summary>Bytes there are in all.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes consumed: the place of the window's first.</summary>
    public long Position { get; private set; }

    /// <summary>The checksum of the bytes consumed.</summary>
    public ulong Checksum { get; private set; }

    /// <summary>Why the operating system gave no more bytes; null if it did.</summary>
    public string? Failure { get; private set; }

    internal ReadOnlySpan<byte> Window => _window.AsSpan(_from, _to - _from);

    /// <summary>Bytes not consumed yet, in the window and behind it.</summary>
    public long Left => Length - Position;

    /// <summary>The first bytes of the window are done with.</summary>
    internal void Consume(int count)
    {
        Debug.Assert(count <= _to - _from);
        if (_checksums) Checksum = Crc64.Append(Checksum, _window.AsSpan(_from, count));
        _from += count;
        Position += count;
    }

    /// <summary>Moves the window: it then holds <paramref name="wanted"/> bytes at least, unless the file ends before.</summary>
    internal ReadOnlySpan<byte> Refill(long wanted)
    {
        if (wanted > Left || wanted <= _to - _from || wanted > Array.MaxLength - ChunkBytes || _ahead is null) return Window;
        var next = (_present + 1) % Buffers;
        var unread = _to - _from;
        var arrived = EndReadAhead();
        var chunk = _buffers[next]!;
        Return(next);
        if (unread <= HeadRoom && unread + arrived >= wanted)
        {
            Window.CopyTo(chunk.AsSpan(HeadRoom - unread));
            (_window, _from, _to) = (chunk, HeadRoom - unread, HeadRoom + arrived);
        }
        else
        {
            var longer = _longer[next] = ArrayPool<byte>.Shared.Rent((int)Math.Min(wanted + ChunkBytes, Left));
            Window.CopyTo(longer);
            chunk.AsSpan(HeadRoom, arrived).CopyTo(longer.AsSpan(unread));
            var have = unread + arrived;
            have += Read(longer.AsSpan(have, (int)Math.Min(longer.Length - have, _unasked)));
            (_window, _from, _to) = (longer, 0, have);
        }
        _present = next;
        ReadAhead();
        return Window;
    }

    void ReadAhead()
    {
        var count = (int)Math.Min(ChunkBytes, _unasked);
        _ahead = null;
        if (count == 0) return;
        var buffer = _buffers[(_present + 1) % Buffers] ??= GC.AllocateUninitializedArray<byte>(HeadRoom + _chunkBytes);
        _unasked -= count;
        _ahead = Task.Run(() => _stream.ReadAtLeast(buffer.AsSpan(HeadRoom, count), count, throwOnEndOfStream: false));
        _askedAhead = count;
    }

    int EndReadAhead()
    {
        var ahead = _ahead!;
        _ahead = null;
        try
        {
            return Arrived(ahead.GetAwaiter().GetResult(), _askedAhead);
        }
        catch (IOException failure)
        {
            return Fail(failure);
        }
    }

    int Read(Span<byte> into)
    {
        if (Failure is not null) return 0;
        _unasked -= into.Length;
        try
        {
            return Arrived(_stream.ReadAtLeast(into, into.Length, throwOnEndOfStream: false), into.Length);
        }
        catch (IOException failure)
        {
            return Fail(failure);
        }
    }

    /// <summary>A file that was cut while it is read is as long as what came of it.</summary>
    int Arrived(int count, int asked)
    {
        if (count == asked) return count;
        Length -= asked - count + _unasked;
        _unasked = 0;
        return count;
    }

    int Fail(IOException failure)
    {
        Failure = failure.Message;
        _unasked = 0;
        return 0;
    }

    void Return(int slot)
    {
        if (_longer[slot] is not { } longer) return;
        ArrayPool<byte>.Shared.Return(longer);
        _longer[slot] = null;
    }

    public void Dispose()
    {
        if (_ahead is not null) EndReadAhead();
        for (var i = 0; i < Buffers; i++) Return(i);
        _stream.Dispose();
    }
}
