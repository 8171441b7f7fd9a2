using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Caching;

/// <summary>The invariants of the table, checked one by one: for tests.</summary>
public sealed unsafe partial class TagTable
{
    /// <summary>In place of an id: all keys with metadata.</summary>
    internal const uint AllKeys = uint.MaxValue;

    /// <summary>Bytes of the arena that the table takes, block by block.</summary>
    internal long CountBytes()
    {
        var bytes = _entries.Bytes + _buckets.Bytes + _allSofts.Bytes + Prefixes.CountBytes();
        for (var id = 0u; id < _entries.Count * Entry.PerLine; id++)
        {
            var entry = EntryOf(id);
            if (entry->Name != null) bytes += (long)Arena.SizeOf(entry->Name) + entry->Softs.Bytes;
        }
        return bytes;
    }

    /// <param name="keys">The keys of each id, counted anew.</param>
    /// <exception cref="InvalidOperationException">An invariant does not hold; the message says which.</exception>
    internal void Verify(Dictionary<uint, long> keys)
    {
        Invariant.Require(keys.GetValueOrDefault(AllKeys) == Keys, "the count of keys with metadata is wrong");
        long count = 0, free = 0;
        for (var id = 0u; id < _entries.Count * Entry.PerLine; id++)
        {
            var entry = EntryOf(id);
            if (entry->Name == null)
            {
                Invariant.Require(!keys.ContainsKey(id), "a key has a free id");
                free++;
                continue;
            }
            count++;
            Invariant.Require(entry->Keys > 0 && keys.GetValueOrDefault(id) == entry->Keys, "the count of a tag's keys is wrong");
            Invariant.Require(TryFind(NameOf(id), out var found) && found == id, "a tag is not found by its name");
            Invariant.Require(Math.Max(entry->Hard, entry->Softs.Last) <= _clock[id % ClockEntries], "the clock is behind a purge");
        }
        Invariant.Require(count == Count, "the count of tags is wrong");
        for (var next = _free; next != 0; next = EntryOf(next - 1)->Next) free--;
        Invariant.Require(free == 0, "a free id is not in the list");
        Invariant.Require(_clock.Max() <= _newest, "a purge is newer than the newest");
    }
}
