#pragma warning disable IDE0005 // Two test projects compile this file, and the other has some of these namespaces everywhere.
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.SortedSets;
using MiniRedis.Storage.Streams;
using MiniRedis.Storage.Tables;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.Tests.Harness;

static unsafe class KeyspaceInvariants
{
    /// <summary>The invariants of everything, and that no byte in use is nobody's.</summary>
    public static void Verify(Keyspace keyspace)
    {
        while (keyspace.DiscardedCount > 0) keyspace.FreeDiscarded(1000);
        long bytes = 0;
        foreach (var database in keyspace.Databases)
        {
            database.VerifyIndex();
            bytes += database.IndexBytes + database.Tags.CountBytes();
            foreach (var record in RecordsOf(database))
            {
                bytes += record.AllocatedBytes;
                // A mark that outlives its snapshot keeps the key out of the next one.
                Assert.False(record.IsCaptured && keyspace.Snapshot is null);
                if (!record.IsNative) continue;
                switch (record.Type)
                {
                    case ObjectType.List: new QuickList(keyspace.Arena, (ListRoot*)record.Root).Verify(); break;
                    case ObjectType.Stream: database.Stream(record).Verify(); break;
                    case ObjectType.SortedSet: ((SortedSetRoot*)record.Root)->Verify(keyspace.Seed); break;
                    default: ((PackedTable*)record.Root)->Verify(); break;
                }
            }
        }
        Assert.Equal(keyspace.UsedBytes, bytes);
    }

    static List<Record> RecordsOf(Database database)
    {
        var collector = new Collector([]);
        database.VisitAll(ref collector);
        return collector.Records;
    }

    readonly struct Collector(List<Record> records) : IRecordVisitor
    {
        public List<Record> Records => records;

        public void Visit(Record record) => records.Add(record);
    }
}
