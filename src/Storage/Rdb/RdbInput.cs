using System.Buffers;
using System.Diagnostics;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Rdb;

/// <summary>
/// The bytes of a file of any length, as a window that slides over them. An <see cref="RdbReader"/> sees a span and asks for the
/// next one when it ends. Meanwhile another thread reads the chunk after the window.
/// <code>
///   file      ....|=========|=========|.........
///   buffers       | present | read    |            six of them in turn, each with room in front of the chunk, where the
///                           | ahead   |            unread end of the window before goes, so that no piece is cut in two
/// </code>
/// A piece longer than a chunk gets a buffer of its own. The buffer is as long as the piece says, but never longer than the file:
/// a false length costs no memory.
/// </summary>
/// <remarks>
/// Used by one thread at a time. A span is valid until the fifth refill after it was taken. A refill brings a whole chunk, or all
/// that is left. So reading a field, its value and its deadline takes at most four, however long they are.
/// </remarks>
public sealed class RdbInput : IDisposable
{
    /// <summary>
    /// Bytes read at once: enough that a hand-over between threads does not count, and few enough for the processor's cache.
    /// </summary>
    const int ChunkBytes = 512 << 10;

    const int HeadRoom = 32 << 10;
    const int Buffers = 6;

    /// <summary>Longer buffers are left to the collector, as the pool would keep what one long piece of a file needed.</summary>
    const int MostPooled = 1 << 20;

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

    // Bytes of the file that were not yet asked for.
    long _unasked;

    /// <param name="stream">Is read from its present place, and closed with this.</param>
    /// <param name="length">Bytes of the file.</param>
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

    /// <summary>Bytes of the whole file.</summary>
    public long Length { get; private set; }

    /// <summary>Bytes consumed: the place of the window's first byte.</summary>
    public long Position { get; private set; }

    /// <summary>The checksum of the bytes consumed.</summary>
    public ulong Checksum { get; private set; }

    /// <summary>Why the operating system gave no more bytes; null if there was no error.</summary>
    public string? Failure { get; private set; }

    /// <summary>Whether the next chunk is here already, so that moving the window by one does not wait.</summary>
    public bool IsReady => _ahead is null or { IsCompleted: true };

    internal ReadOnlySpan<byte> Window => _window.AsSpan(_from, _to - _from);

    /// <summary>Bytes not consumed yet, in the window and behind it.</summary>
    public long Left => Length - Position;

    /// <summary>Drops the first bytes of the window, which are read.</summary>
    internal void Consume(int count)
    {
        Debug.Assert(count <= _to - _from);
        if (_checksums) Checksum = Crc64.Append(Checksum, _window.AsSpan(_from, count));
        _from += count;
        Position += count;
    }

    /// <summary>Moves the window. It then holds at least <paramref name="wanted"/> bytes, unless the file ends before.</summary>
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
            var length = (int)Math.Min(wanted + ChunkBytes, Left);
            var longer = length <= MostPooled ? ArrayPool<byte>.Shared.Rent(length) : GC.AllocateUninitializedArray<byte>(length);
            _longer[next] = longer;
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
        var ahead = new Task<int>(() => _stream.ReadAtLeast(buffer.AsSpan(HeadRoom, count), count, throwOnEndOfStream: false));
        Elsewhere.Run(ahead.RunSynchronously);
        _ahead = ahead;
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

    /// <summary>Notes how many bytes were read. A file that is cut while it is read is as long as the bytes that came.</summary>
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
        if (longer.Length <= MostPooled) ArrayPool<byte>.Shared.Return(longer);
        _longer[slot] = null;
    }

    public void Dispose()
    {
        if (_ahead is not null) EndReadAhead();
        for (var i = 0; i < Buffers; i++) Return(i);
        _stream.Dispose();
    }
}
