using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tables;

namespace MiniRedis.Storage.Index;

/// <summary>What the key index must know of the deadlines of a hash's fields: whether there are any, and the earliest.</summary>
static unsafe class FieldDeadlines
{
    /// <summary>Whether the record is a hash of which a field has a deadline.</summary>
    public static bool Any(Record record) => record.Type == ObjectType.Hash && record.Encoding switch
    {
        ObjectEncoding.HashTable => ((PackedTable*)record.Root)->Expiring > 0,
        ObjectEncoding.ListPackEx => EarliestIn(record.PackedStart) > 0,
        _ => false,
    };

    /// <summary>The tick of a field's earliest deadline, or an earlier one.</summary>
    public static uint EarliestTick(Record record, ExpiryClock clock)
    {
        if (record.Type != ObjectType.Hash) return ExpiryClock.None;
        if (record.Encoding == ObjectEncoding.HashTable) return ((PackedTable*)record.Root)->EarliestTick;
        if (record.Encoding != ObjectEncoding.ListPackEx) return ExpiryClock.None;
        var earliest = EarliestIn(record.PackedStart);
        return earliest > 0 ? clock.TickOfDeadline(earliest) : ExpiryClock.None;
    }

    /// <summary>The deadline of a listpackex's first field, which is the earliest; 0 if there is none.</summary>
    public static long EarliestIn(byte* lp)
    {
        var field = Listpack.First(lp);
        return field < 0 ? 0 : Listpack.Get(lp, Listpack.Next(lp, Listpack.Next(lp, field))).Integer;
    }
}
