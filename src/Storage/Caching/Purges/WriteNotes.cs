using System.Diagnostics;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Caching.Purges;

/// <summary>
/// Which keys were written after a purge of their prefix: a number (the order of the latest purge at that time) for the hash of a key.
/// <code>
///   notes     four a line         | hash (8) | number (4) | 1 + the next note of the bucket (4) |
///   buckets   sixteen a line      | 1 + the first note (4) |
/// </code>
/// Some 20 bytes a key. Notes go all at once, when a walk has removed what was not written. Both arrays grow line by line, the buckets
/// (<see cref="LinearBuckets"/>) one by one: never in one pause.
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

    LineArray _notes;
    LinearBuckets _buckets;

    /// <summary>Keys that were noted.</summary>
    public uint Count { get; private set; }

    /// <summary>Bytes of the arena.</summary>
    public readonly long Bytes => _notes.Bytes + _buckets.Bytes;

    /// <summary>The number that was noted for a hash; 0 if none was.</summary>
    public readonly uint Find(ulong hash)
    {
        if (Count == 0) return 0;
        for (var next = *_buckets[hash]; next != 0;)
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
            for (var next = *_buckets[hash]; next != 0; next = NoteAt(next - 1)->Next)
            {
                if (NoteAt(next - 1)->Hash != hash) continue;
                NoteAt(next - 1)->Number = number;
                return;
            }
        }
        _buckets.Begin(arena);
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
        Count = 0;
    }

    public void MoveBlocks(BlockMover mover)
    {
        _notes.MoveBlocks(mover);
        _buckets.MoveBlocks(mover);
    }

    readonly Note* NoteAt(uint index) => (Note*)_notes[index / Note.PerLine] + index % Note.PerLine;

    readonly void Chain(uint index)
    {
        var note = NoteAt(index);
        var bucket = _buckets[note->Hash];
        note->Next = *bucket;
        *bucket = index + 1;
    }

    void GrowBuckets(Arena arena)
    {
        if (Count <= _buckets.Count || !_buckets.TrySplit(arena, out var next)) return;
        while (next != 0)
        {
            var index = next - 1;
            next = NoteAt(index)->Next;
            Chain(index);
        }
    }
}
