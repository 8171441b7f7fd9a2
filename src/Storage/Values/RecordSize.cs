using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Values;

/// <summary>What a record takes of memory, its value included.</summary>
public static unsafe class RecordSize
{
    extension(Record record)
    {
        /// <summary>Bytes the key takes of the arena, its share of the index left out.</summary>
        public long AllocatedBytes => (long)Arena.SizeOf(record.Block)
            + (record.IsNative ? Collections.AllocatedBytes(record.Type, record.Encoding, record.Root)
                : record.IsExternal ? (long)Arena.SizeOf(record.External) : 0);
    }
}
