using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Values;

/// <summary>The memory that a record takes, its value included.</summary>
public static unsafe class RecordSize
{
    extension(Record record)
    {
        /// <summary>Bytes of the arena that the key takes, without its share of the index.</summary>
        public long AllocatedBytes => (long)Arena.SizeOf(record.Block)
            + (record.IsNative ? Collections.AllocatedBytes(record.Type, record.Encoding, record.Root)
                : record.IsExternal ? (long)Arena.SizeOf(record.External) : 0)
            + (record.HasMetadata && new MetadataCell(record) is { HasBlock: true } cell ? (long)Arena.SizeOf(cell.BlockAddress) : 0);
    }
}
