using System.Diagnostics;
using System.Runtime.InteropServices;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Index;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Snapshots;

/// <summary>
/// Copies of records with their values, one behind the other, for another thread to read as if they were records of the arena.
/// <code>
///   | database (4) | bytes (4) | record | external value, if any | metadata, if any | padding to 8 | database | ...
/// </code>
/// In the copy of a record with an external value, the pointer leads to the copy of the value behind it. Metadata name the tags
/// there (<see cref="MetadataImage"/>).
/// </summary>
/// <remarks>One thread fills it and hands it to another, which disposes of it.</remarks>
sealed unsafe class ImageChunk : ISnapshotBatch
{
    /// <summary>Room of an ordinary chunk. A record that needs more has a chunk to itself.</summary>
    public const int OrdinaryBytes = 256 * 1024;

    const int HeadBytes = 2 * sizeof(int);

    byte* _start;
    readonly int _capacity;
    int _used;
    int _next;

    public ImageChunk(int capacity)
    {
        _capacity = capacity;
        _start = (byte*)NativeMemory.Alloc((nuint)capacity);
    }

    ~ImageChunk() => Free();

    /// <summary>Bytes of memory that the chunk takes.</summary>
    public long Bytes => _capacity;

    /// <summary>The next one on the stack of empty chunks. Only the feed uses it.</summary>
    public ImageChunk? Below { get; set; }

    /// <summary>Room that a record needs.</summary>
    public static int SizeFor(SnapshotPart part, Record record) =>
        Pad(HeadBytes + (int)record.Size) + (record.IsExternal ? Pad((int)record.ExternalLength) : 0)
        + (record.HasMetadata ? sizeof(long) + Pad(new MetadataImage(part.Tags, record).Bytes) : 0);

    /// <summary>Adds a record whose value is not native; false if there is no room.</summary>
    public bool TryAdd(SnapshotPart part, Record record)
    {
        Debug.Assert(!record.IsNative);
        var bytes = SizeFor(part, record);
        if (bytes > _capacity - _used) return false;
        var head = _start + _used;
        ((int*)head)[0] = part.Database;
        ((int*)head)[1] = bytes;
        var image = new Record(head + HeadBytes);
        if (record.HasMetadata) CopyWithMetadata(part.Tags, record, image, head + bytes);
        else Buffer.MemoryCopy(record.Block, image.Block, (long)record.Size, (long)record.Size);
        if (record.IsExternal)
        {
            image.External = head + Pad(HeadBytes + (int)image.Size);
            Buffer.MemoryCopy(record.External, image.External, record.ExternalLength, record.ExternalLength);
        }
        _used += bytes;
        return true;
    }

    /// <summary>Copies a record and, to before <paramref name="end"/>, its metadata.</summary>
    static void CopyWithMetadata(TagTable tags, Record record, Record image, byte* end)
    {
        var saved = new MetadataImage(tags, record);
        *(ulong*)image.Block = *(ulong*)record.Block;
        if (saved.Deadline >= 0)
        {
            image.Block[4] |= (byte)RecordFlags.HasExpiry;
            *(long*)(image.Block + RecordLayout.HeaderSize) = saved.Deadline;
        }
        var rest = (long)record.Size - RecordLayout.PayloadOffset(record.Flags);
        Buffer.MemoryCopy(
            record.Block + RecordLayout.PayloadOffset(record.Flags), image.Block + RecordLayout.PayloadOffset(image.Flags), rest, rest);
        saved.Write(image, end - Pad(saved.Bytes));
    }

    public bool Next(out int database, out Record record)
    {
        if (_next == _used)
        {
            database = 0;
            record = default;
            return false;
        }
        var head = _start + _next;
        database = ((int*)head)[0];
        record = new(head + HeadBytes);
        _next += ((int*)head)[1];
        return true;
    }

    /// <summary>Empties it, to be filled again.</summary>
    public void Reset() => _used = _next = 0;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    void Free()
    {
        NativeMemory.Free(_start);
        _start = null;
    }

    static int Pad(int bytes) => bytes + 7 & ~7;
}
