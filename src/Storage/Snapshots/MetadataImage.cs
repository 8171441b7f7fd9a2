using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Snapshots;

/// <summary>
/// The metadata of a key as a snapshot keeps them: with the names of the tags, and with what soft purges have taken off the
/// lifetime. In the snapshot's record, the two words of the metadata are address and length of these bytes
/// (<see cref="SavedMetadata.Of"/>).
/// </summary>
readonly unsafe ref struct MetadataImage
{
    readonly TagTable _tags;
    readonly MetadataCell _cell;
    readonly long _window;

    public MetadataImage(TagTable tags, Record record)
    {
        _tags = tags;
        _cell = new(record);
        (Deadline, _window) = tags.LifetimeOf(record);
        Bytes = SavedMetadata.SizeFor(_cell, tags);
    }

    /// <summary>The deadline, in unix milliseconds; -1 for none.</summary>
    public long Deadline { get; }

    /// <summary>Bytes that <see cref="Write"/> writes.</summary>
    public int Bytes { get; }

    /// <summary>Writes the metadata of a snapshot's record to <paramref name="block"/>.</summary>
    public void Write(Record image, byte* block)
    {
        SavedMetadata.Write(_cell.Read() with { StaleWindow = _window }, _cell.Tags, _tags, new Span<byte>(block, Bytes));
        image.Metadata[0] = (ulong)block;
        image.Metadata[1] = (ulong)Bytes;
    }

    public static byte* BlockOf(Record image) => (byte*)image.Metadata[0];
}
