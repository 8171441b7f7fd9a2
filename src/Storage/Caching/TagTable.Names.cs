using System.Diagnostics;
using MiniRedis.Storage.Caching.Purges;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Storage.Caching;

/// <summary>From a name to its id, and back; how many keys have it.</summary>
public sealed unsafe partial class TagTable
{
    LinearBuckets _buckets;

    // 1 + the first free id.
    uint _free;

    /// <summary>
    /// The ids of tags, each once, for a key that is about to have them: they are held. To be called in a change (Database.BeginChange),
    /// since it takes blocks one by one.
    /// </summary>
    /// <param name="names">The tags.</param>
    /// <param name="log">Knows when a tag that is new here was purged.</param>
    /// <param name="ids">Room for as many as there are names, behind those that the key has already.</param>
    /// <param name="count">How many the key has already; those are not held again.</param>
    /// <returns>How many the key has then.</returns>
    internal int Hold(TagNames names, PurgeLog log, Span<uint> ids, int count = 0)
    {
        foreach (var name in names)
        {
            var id = Intern(name, log);
            if (ids[..count].Contains(id)) continue;
            ids[count++] = id;
            EntryOf(id)->Keys++;
        }
        return count;
    }

    uint Intern(ReadOnlySpan<byte> name, PurgeLog log)
    {
        Debug.Assert(name.Length is > 0 and <= MaxNameLength);
        var hash = SipHash13.Hash(name, _seed);
        if (TryFind(name, hash, out var id)) return id;

        _buckets.Begin(_arena);
        if (_free == 0) AddEntries();
        var block = _arena.Allocate((nuint)(sizeof(ushort) + name.Length));
        *(ushort*)block = (ushort)name.Length;
        name.CopyTo(new Span<byte>(block + sizeof(ushort), name.Length));

        id = _free - 1;
        var entry = EntryOf(id);
        TakeFree(entry);
        *entry = new() { Name = block };
        Chain(id, entry, hash);
        Count++;
        GrowBuckets();
        NotePurges(id, entry, name, log);
        return id;
    }

    /// <summary>Finds the id of a tag that a key has.</summary>
    internal bool TryFind(ReadOnlySpan<byte> name, out uint id) => TryFind(name, SipHash13.Hash(name, _seed), out id);

    bool TryFind(ReadOnlySpan<byte> name, ulong hash, out uint id)
    {
        if (Count > 0)
        {
            for (var next = *_buckets[hash]; next != 0;)
            {
                id = next - 1;
                var entry = EntryOf(id);
                if (NameAt(entry->Name).SequenceEqual(name)) return true;
                next = entry->Next;
            }
        }
        id = 0;
        return false;
    }

    /// <summary>How many of the names are others than those of some ids. A name that stands twice counts once.</summary>
    internal int CountOthers(TagNames names, ReadOnlySpan<uint> ids)
    {
        var count = 0;
        var place = 0;
        foreach (var name in names)
        {
            if (!(TryFind(name, out var id) && ids.Contains(id)) && !names.HasBefore(name, place)) count++;
            place++;
        }
        return count;
    }

    /// <summary>As <see cref="Hold(TagNames, PurgeLog, Span{uint}, int)"/>, of the tags of a key of this or another database.</summary>
    internal int Hold(TagTable source, ReadOnlySpan<uint> sourceIds, PurgeLog log, Span<uint> ids)
    {
        for (var i = 0; i < sourceIds.Length; i++)
        {
            ids[i] = source == this ? sourceIds[i] : Intern(source.NameOf(sourceIds[i]), log);
            EntryOf(ids[i])->Keys++;
        }
        return sourceIds.Length;
    }

    /// <summary>A key that had these tags has them no more.</summary>
    internal void Release(ReadOnlySpan<uint> ids)
    {
        foreach (var id in ids)
        {
            var entry = EntryOf(id);
            Debug.Assert(entry->Keys > 0, "a tag was released more often than held");
            if (--entry->Keys == 0) Remove(id, entry);
        }
    }

    void Remove(uint id, Entry* entry)
    {
        var link = _buckets[SipHash13.Hash(NameAt(entry->Name), _seed)];
        while (*link != id + 1) link = &EntryOf(*link - 1)->Next;
        *link = entry->Next;
        entry->Softs.Clear(_arena);
        _arena.Free(entry->Name);
        *entry = default;
        AddFree(id, entry);
        Count--;
        ShrinkBuckets();
        ShrinkEntries();
    }

    static ReadOnlySpan<byte> NameAt(byte* block) => new(block + sizeof(ushort), *(ushort*)block);

    void AddEntries()
    {
        var entries = (Entry*)_entries.Add(_arena);
        for (var i = Entry.PerLine - 1; i >= 0; i--)
        {
            entries[i] = default;
            AddFree((_entries.Count - 1) * Entry.PerLine + (uint)i, entries + i);
        }
    }

    void AddFree(uint id, Entry* entry)
    {
        entry->Next = _free;
        if (_free != 0) EntryOf(_free - 1)->Keys = id + 1;
        _free = id + 1;
    }

    void TakeFree(Entry* entry)
    {
        Debug.Assert(entry->Name == null);
        if (entry->Next != 0) EntryOf(entry->Next - 1)->Keys = entry->Keys;
        if (entry->Keys != 0) EntryOf(entry->Keys - 1)->Next = entry->Next;
        else _free = entry->Next;
    }

    /// <summary>Gives the last lines back whose ids are free.</summary>
    void ShrinkEntries()
    {
        while (_entries.Count > 0)
        {
            var first = (_entries.Count - 1) * Entry.PerLine;
            var entries = EntryOf(first);
            for (var i = 0; i < Entry.PerLine; i++)
            {
                if (entries[i].Name != null) return;
            }
            for (var i = 0u; i < Entry.PerLine; i++) TakeFree(entries + i);
            _entries.RemoveLast(_arena);
            if (_entries.Count == 0) _entries.Clear(_arena);
        }
    }

    void Chain(uint id, Entry* entry, ulong hash)
    {
        var bucket = _buckets[hash];
        entry->Next = *bucket;
        *bucket = id + 1;
    }

    void GrowBuckets()
    {
        if (Count > _buckets.Count && _buckets.TrySplit(_arena, out var chain)) Distribute(chain);
    }

    void ShrinkBuckets()
    {
        if (Count == 0) _buckets.Clear(_arena);
        else if (Count < _buckets.Count / 2 && !_buckets.AreFew) Distribute(_buckets.Join(_arena));
    }

    void Distribute(uint next)
    {
        while (next != 0)
        {
            var id = next - 1;
            var entry = EntryOf(id);
            next = entry->Next;
            Chain(id, entry, SipHash13.Hash(NameAt(entry->Name), _seed));
        }
    }
}
