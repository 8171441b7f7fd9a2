using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Index;

/// <summary>All keys of a database, as whatever outlives its place there sees them: after FLUSHDB the database has another table.</summary>
interface IKeyTable
{
    Arena Arena { get; }

    long Count { get; }

    /// <summary>Keys that have a deadline.</summary>
    long Expiring { get; }

    /// <summary>The snapshot's walk over these keys; null if there is none.</summary>
    SnapshotPart? Part { get; set; }

    /// <summary>Removes one bucket and returns its records, at most 7, in no order: only to empty the table.</summary>
    int TakeLine(Span<Record> records);

    /// <summary>Gives the memory of a table back that holds no key any more.</summary>
    void Free();
}
