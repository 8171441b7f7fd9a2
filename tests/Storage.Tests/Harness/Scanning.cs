using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Tests.Harness;

static class Scanning
{
    /// <summary>A step of <see cref="Database.Scan"/> that appends its records to <paramref name="records"/>.</summary>
    public static ulong Scan(this Database database, ulong cursor, List<Record> records)
    {
        var collector = new Collector(records);
        return database.Scan(cursor, ref collector);
    }

    /// <summary>As <see cref="Scan"/>, of <see cref="Database.ScanSlot"/>.</summary>
    public static ulong ScanSlot(this Database database, int slot, ulong cursor, List<Record> records)
    {
        var collector = new Collector(records);
        return database.ScanSlot(slot, cursor, ref collector);
    }

    readonly struct Collector(List<Record> records) : IRecordVisitor
    {
        public void Visit(Record record) => records.Add(record);
    }
}
