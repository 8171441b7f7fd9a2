using System.Diagnostics;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Databases;

/// <summary>Gives keys a deadline and takes it away.</summary>
public sealed unsafe partial class Database
{
    /// <summary>Sets or changes the deadline of a found key. It slides no more.</summary>
    public Record SetExpiry(in KeyLookup at, long expireAtMs)
    {
        Debug.Assert(at.Found && expireAtMs >= 0);
        Capture(at);
        BeginChange();
        var record = at.Record;
        EndSliding(record);
        if (!record.HasExpiry)
        {
            record = MoveBody(at, RecordLayout.HeaderSize, RecordLayout.HeaderSize + sizeof(long));
            record.Block[4] |= (byte)RecordFlags.HasExpiry;
            CountExpiring(at.Hash, 1);
        }
        *(long*)(record.Block + RecordLayout.HeaderSize) = expireAtMs;
        NoteExpiry(at.Hash, expireAtMs);
        return record;
    }

    /// <summary>
    /// As <see cref="SetExpiry"/>, for a key that has been made already by a command that cannot be given up any more. False, and the key
    /// is as it was, if there is no memory for it.
    /// </summary>
    public bool TrySetExpiry(in KeyLookup at, long expireAtMs)
    {
        var size = (long)at.Record.Size;
        if (!at.Record.HasExpiry && !(Arena.TryFillReserve() && Arena.CanTake(size + size / 8, size))) return false;
        SetExpiry(at, expireAtMs);
        return true;
    }

    /// <summary>Takes the deadline of a found key away, if it has one (PERSIST).</summary>
    public Record ClearExpiry(in KeyLookup at)
    {
        Debug.Assert(at.Found);
        if (!at.Record.HasExpiry) return at.Record;
        Capture(at);
        BeginChange();
        EndSliding(at.Record);
        var record = MoveBody(at, RecordLayout.HeaderSize + sizeof(long), RecordLayout.HeaderSize);
        record.Block[4] &= unchecked((byte)~RecordFlags.HasExpiry);
        CountExpiring(at.Hash, -1);
        return record;
    }

    /// <summary>Notes that a field of the hash at a key has a deadline.</summary>
    internal void NoteFieldDeadline(in KeyLookup at, long expireAt) => NoteExpiry(at.Hash, expireAt);

    /// <summary>Changes the number of keys that hold a hash with deadlines of fields.</summary>
    internal void CountFieldDeadlines(in KeyLookup at, int change) => CountFieldExpiring(at.Hash, change);

    /// <summary>Changes the deadline of a key that has one.</summary>
    internal void Postpone(in KeyLookup at, long expireAt)
    {
        *(long*)(at.Record.Block + RecordLayout.HeaderSize) = expireAt;
        NoteExpiry(at.Hash, expireAt);
    }

    void CountExpiring(ulong hash, int change)
    {
        if (_slots is null) _index.Expiring += change;
        else _slots.CountExpiring(hash, change);
    }

    void CountFieldExpiring(ulong hash, int change)
    {
        if (_slots is null) _index.FieldExpiring += change;
        else _slots.CountFieldExpiring(hash, change);
    }

    void NoteExpiry(ulong hash, long expireAt)
    {
        if (_slots is null) _index.NoteExpiry(hash, expireAt);
        else _slots.NoteExpiry(hash, expireAt);
    }

    void NoteTick(ulong hash, uint tick)
    {
        if (_slots is null) _index.NoteTick(hash, tick);
        else _slots.NoteTick(hash, tick);
    }

    /// <summary>Shifts the bytes of a record from a place on, in the same block if it is large enough.</summary>
    Record MoveBody(in KeyLookup at, int from, int to)
    {
        var old = at.Record.Block;
        var size = at.Record.Size;
        var rest = size - (nuint)from;
        var newSize = size + (nuint)to - (nuint)from;
        var block = old;
        // After PERSIST a block may be too large by the 8 bytes of the deadline. It stays: PERSIST is rare.
        if (newSize > Arena.SizeOf(old))
        {
            block = Arena.Allocate(newSize);
            Buffer.MemoryCopy(old, block, Math.Min(from, to), Math.Min(from, to));
            *at.Entry = HashedPointer.Of(block, at.Hash);
        }
        Buffer.MemoryCopy(old + from, block + to, rest, rest);
        if (block != old) Arena.Free(old);
        return new(block);
    }
}
