using System.Diagnostics;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Caching.Purges;

/// <summary>
/// Which keys were written after a purge of their prefix: a number (the order of the latest purge at that time) for the hash of a key.
/// <code>
///   notes     four a line         | hash (8) | number (4) | 1 + the next note of the bucket (4) |
///   buckets   sixteen a line      | 1 + the first note (4) |
/// </code>
/// Some 20 bytes a key. Notes go all at once, when a walk has removed what was not written. Both arrays grow line by line, the buckets by
/// linear hashing, as those of the <see cref="TagTable"/>: never in one pause.
/// </summary>
/// <remarks>
/// Two keys with the same 64 bits of a keyed hash, which is all but impossible, are not told apart. Used by its keyspace's thread.
/// </remarks>
unsafe struct WriteNotes
{
    struct Note
    {
        public ulong Hash;
        public uint Number, Next;

        public const int PerLine = LineArray.LineSize / 16;
    }

    const int BucketsPerLine = LineArray.LineSize / sizeof(uint);

    LineArray _notes, _buckets;
    uint _mask, _split;

    /// <summary>Keys that were noted.</summary>
    public uint Count { get; private set; }

    /// <summary>Bytes of the arena.</summary>
    public readonly long Bytes => _notes.Bytes + _buckets.Bytes;

    /// <summary>The number that was noted for a hash; 0 if none was.</summary>
    public readonly uint Find(ulong hash)
    {
        if (Count == 0) return 0;
        for (var next = *BucketOf(hash); next != 0;)
        {
            var note = NoteAt(next - 1);
            if (note->Hash == hash) return note->Number;
            next = note->Next;
        }
        return 0;
    }

    /// <summary>Notes a number for a hash, in place of an earlier one. To be called in a change: it may take a block.</summary>
    public void Put(Arena arena, ulong hash, uint number)
    {
        Debug.Assert(number > 0);
        if (Count > 0)
        {
            for (var next = *BucketOf(hash); next != 0; next = NoteAt(next - 1)->Next)
            {
                if (NoteAt(next - 1)->Hash != hash) continue;
                NoteAt(next - 1)->Number = number;
                return;
            }
        }
        if (_buckets.Count == 0)
        {
            new Span<byte>(_buckets.Add(arena), LineArray.LineSize).Clear();
            (_mask, _split) = (BucketsPerLine - 1, 0);
        }
        if (Count % Note.PerLine == 0) _notes.Add(arena);
        *NoteAt(Count) = new() { Hash = hash, Number = number };
        Chain(Count++);
        GrowBuckets(arena);
    }

    /// <summary>Drops all notes and gives their memory back.</summary>
    public void Clear(Arena arena)
    {
        _notes.Clear(arena);
        _buckets.Clear(arena);
        (Count, _mask, _split) = (0, 0, 0);
    }

    public void MoveBlocks(BlockMover mover)
    {
        _notes.MoveBlocks(mover);
        _buckets.MoveBlocks(mover);
    }

    readonly Note* NoteAt(uint index) => (Note*)_notes[index / Note.PerLine] + index % Note.PerLine;

    readonly uint BucketCount => _mask + 1 + _split;

    readonly uint* BucketOf(ulong hash)
    {
        var bucket = (uint)hash & _mask;
        return BucketAt(bucket < _split ? (uint)hash & (_mask * 2 + 1) : bucket);
    }

    readonly uint* BucketAt(uint bucket) => (uint*)_buckets[bucket / BucketsPerLine] + bucket % BucketsPerLine;

    readonly void Chain(uint index)
    {
        var note = NoteAt(index);
        var bucket = BucketOf(note->Hash);
        note->Next = *bucket;
        *bucket = index + 1;
    }

    /// <summary>Splits a bucket, if there are more notes than buckets. Without memory for it, chains are longer.</summary>
    void GrowBuckets(Arena arena)
    {
        if (Count <= BucketCount) return;
        if (BucketCount % BucketsPerLine == 0)
        {
            if (!_buckets.TryMakeRoom(arena)) return;
            new Span<byte>(_buckets.Add(arena), LineArray.LineSize).Clear();
        }
        var next = *BucketAt(_split);
        *BucketAt(_split) = 0;
        if (++_split > _mask) (_mask, _split) = (_mask * 2 + 1, 0);
        while (next != 0)
        {
            var index = next - 1;
            next = NoteAt(index)->Next;
            Chain(index);
        }
    }
}
