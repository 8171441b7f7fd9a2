using System.Buffers.Binary;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Caching;

/// <summary>
/// The metadata of a key, with the names of its tags in place of ids, in one run of bytes: as a snapshot hands them to the thread that
/// writes a file. That thread must not look at the <see cref="TagTable"/>.
/// <code>
///   | created (8) | window (8) | slide (8) | limit (8) | cost (8) | negative (2) | names of the tags |
/// </code>
/// </summary>
/// <param name="bytes">The bytes that <see cref="Write"/> has written.</param>
public readonly ref struct SavedMetadata(ReadOnlySpan<byte> bytes)
{
    const int HeadBytes = 42;

    readonly ReadOnlySpan<byte> _bytes = bytes;

    public CacheMetadata Metadata => new()
    {
        Created = Word(0),
        StaleWindow = Word(1),
        Slide = Word(2),
        SlideLimit = Word(3),
        Cost = Word(4),
        IsNegative = BinaryPrimitives.ReadUInt16LittleEndian(_bytes[40..]) != 0,
    };

    public TagNames Tags => new(_bytes[HeadBytes..]);

    /// <summary>Those of a record that a snapshot shows, if it has some (<see cref="Record.HasMetadata"/>).</summary>
    public static unsafe SavedMetadata Of(Record image) => new(new((byte*)image.Metadata[0], (int)image.Metadata[1]));

    long Word(int index) => BinaryPrimitives.ReadInt64LittleEndian(_bytes[(index * sizeof(long))..]);

    /// <summary>Bytes that the metadata of a record take.</summary>
    internal static int SizeFor(MetadataCell cell, TagTable tags)
    {
        var bytes = HeadBytes;
        foreach (var id in cell.Tags) bytes += TagNames.SizeFor(tags.NameOf(id));
        return bytes;
    }

    /// <summary>Writes the metadata of a record.</summary>
    internal static void Write(in CacheMetadata metadata, ReadOnlySpan<uint> ids, TagTable tags, Span<byte> to)
    {
        Put(to, 0, metadata.Created);
        Put(to, 1, metadata.StaleWindow);
        Put(to, 2, metadata.Slide);
        Put(to, 3, metadata.SlideLimit);
        Put(to, 4, metadata.Cost);
        BinaryPrimitives.WriteUInt16LittleEndian(to[40..], metadata.IsNegative ? (ushort)1 : (ushort)0);
        to = to[HeadBytes..];
        foreach (var id in ids)
        {
            to = to[TagNames.Put(to, tags.NameOf(id))..];
        }
    }

    static void Put(Span<byte> to, int index, long value) => BinaryPrimitives.WriteInt64LittleEndian(to[(index * sizeof(long))..], value);
}
