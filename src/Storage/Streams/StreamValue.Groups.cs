using System.Diagnostics;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.Streams;

/// <summary>The consumer groups of a stream, and how far they have read.</summary>
public readonly unsafe partial struct StreamValue
{
    /// <summary>The groups in the order of their names.</summary>
    public StreamGroups Groups => new(_arena, _root->Groups.First());

    public long GroupCount => _root->Groups.Count;

    public bool TryGetGroup(ReadOnlySpan<byte> name, out StreamGroup group)
    {
        var found = _root->Groups.Find(new GroupNameProbe(name));
        group = found == null ? default : new(_arena, (StreamGroupBlock*)*found);
        return found != null;
    }

    /// <summary>Creates a group. False, and nothing changes, if there is a group of that name.</summary>
    /// <param name="name">Any bytes.</param>
    /// <param name="lastId">The last id that it counts as having been given.</param>
    /// <param name="entriesRead">
    /// The number of entries that it counts as having read; -1 if not known. More than were ever added count as these.
    /// </param>
    /// <param name="group">The new group, or the existing one.</param>
    public bool TryCreateGroup(ReadOnlySpan<byte> name, StreamId lastId, long entriesRead, out StreamGroup group)
    {
        if (TryGetGroup(name, out group)) return false;
        _arena.BeginEdit();
        var block = (StreamGroupBlock*)_arena.Allocate((nuint)(sizeof(StreamGroupBlock) + name.Length));
        *block = new() { LastId = lastId, EntriesRead = AtMostAdded(entriesRead), NameLength = name.Length };
        name.CopyTo(new Span<byte>(block + 1, name.Length));
        try
        {
            _root->Groups.Insert(_arena, (nint)block, new GroupNameProbe(name));
        }
        catch (MemoryRefusedException)
        {
            _arena.Free((byte*)block);
            throw;
        }
        group = new(_arena, block);
        return true;
    }

    /// <summary>Removes a group and frees it at once: without memory, nothing can wait to be freed.</summary>
    internal void Destroy(StreamGroup group)
    {
        _arena.BeginEdit();
        var removed = _root->Groups.Remove(_arena, new GroupNameProbe(group.Name), out _);
        Debug.Assert(removed);
        var budget = int.MaxValue;
        group.FreeSome(ref budget);
    }

    /// <summary>
    /// Takes a group out of the stream and returns it as a stream that has only this group. The keyspace frees that little by
    /// little: see <see cref="StreamStorage.DestroyGroup"/>. False, and nothing changes, if there is no memory for it.
    /// </summary>
    internal bool TryDetach(ReadOnlySpan<byte> name, out StreamValue shell)
    {
        _arena.BeginEdit();
        shell = default;
        if (!TryGetGroup(name, out var group)) return false;
        try
        {
            shell = Create(_arena);
            shell._root->Groups.Append(_arena, (nint)group.Block);
        }
        catch (MemoryRefusedException)
        {
            shell.FreeShell();
            return false;
        }
        return _root->Groups.Remove(_arena, new GroupNameProbe(name), out _);
    }

    /// <summary>As the other overload, for a consumer of a group of this stream.</summary>
    internal bool TryDetach(StreamGroup group, StreamConsumer consumer, out StreamValue shell)
    {
        _arena.BeginEdit();
        shell = default;
        try
        {
            shell = Create(_arena);
            shell.TryCreateGroup([], StreamId.Min, StreamGroup.Unknown, out var discarded);
            discarded.Adopt(consumer);
            group.MoveConsumer(consumer, discarded);
            return true;
        }
        catch (MemoryRefusedException)
        {
            shell.FreeShell();
            return false;
        }
    }

    /// <summary>Frees a stream that has become no shell: at most a root, and a group without consumers.</summary>
    void FreeShell()
    {
        if (_root == null) return;
        var budget = int.MaxValue;
        FreeSome(ref budget);
    }

    // How far a group has come. A stream counts the entries that were ever added, and a group those that it was given: what is left to
    // give is the difference. That is right as long as no entry behind the group's last one has gone, which the stream knows only in part:
    // trimming takes from the beginning, so nothing but the first entry's id has to be looked at; XDEL takes from anywhere, and only the
    // largest id that it took is remembered.
    //
    //     ids   1   2   3   4   5   6   7   8          added 8, length 4
    //           trimmed .   |   |   X   |   |          first 4, largest deleted 6
    //                       first   deleted
    //     a group at 7: nothing behind it has gone, 8 - 7 are left. At 3: unknown, since 6 may not have been the only one.
    //
    // As in Redis 7.4.3 and 8.0 (streamReplyWithCGLag, streamEstimateDistanceFromFirstEverEntry). A group never has more entries than the
    // stream: a number of a client's is cut to that, or what is left would be less than nothing, and Redis 8 would not load the file.

    /// <summary>
    /// How many entries had been added when the entry of an id was. This is not known if entries behind it were deleted, nor for
    /// ids between the first and the last.
    /// </summary>
    /// <returns>-1 if it is not known.</returns>
    public long EntriesUpTo(StreamId id)
    {
        var added = Added;
        if (added == 0) return 0;
        if (_root->Length == 0 && id <= _root->LastId) return added;
        if (!id.IsZero && id < _root->MaxDeletedId) return -1;
        if (id == _root->LastId) return added;
        if (id > _root->LastId) return -1;
        if (HasHoles) return -1;
        if (id < _root->FirstId) return added - _root->Length;
        return id == _root->FirstId ? added - _root->Length + 1 : -1;
    }

    /// <summary>Whether an entry behind the first one may have been deleted.</summary>
    bool HasHoles => _root->MaxDeletedId >= _root->FirstId;

    /// <summary>Whether an entry from <paramref name="start"/> on may have been deleted by XDEL, in a stream that has entries.</summary>
    bool HasTombstoneFrom(StreamId start) => HasHoles && start <= _root->MaxDeletedId;

    /// <summary>The number of entries that a group has still to be given; null if deletions make that unknown.</summary>
    public long? LagOf(StreamGroup group)
    {
        var added = Added;
        if (added == 0 || _root->Length == 0) return 0;
        if (group.LastId < _root->FirstId && !HasHoles) return _root->Length;
        if (group.EntriesRead != StreamGroup.Unknown && !HasTombstoneFrom(group.LastId)) return added - group.EntriesRead;
        var read = EntriesUpTo(group.LastId);
        return read == StreamGroup.Unknown ? null : added - read;
    }

    /// <summary>Notes that a group is given an entry behind all that it was given so far.</summary>
    public void Advance(StreamGroup group, StreamId id)
    {
        // Entries between the last one and this one may have gone, trimmed or deleted.
        var counts = group.EntriesRead != StreamGroup.Unknown && group.LastId >= _root->FirstId && !HasTombstoneFrom(group.LastId);
        if (counts) group.EntriesRead = Math.Min(group.EntriesRead, Added - 1) + 1;
        else if (_root->EntriesAdded > 0) group.EntriesRead = EntriesUpTo(id);
        group.LastId = id;
    }

    /// <summary>Sets how far a group has come.</summary>
    /// <param name="group">One of this stream.</param>
    /// <param name="lastId">The last id that it counts as having been given.</param>
    /// <param name="entriesRead">As <see cref="TryCreateGroup"/> takes it.</param>
    public void SetProgress(StreamGroup group, StreamId lastId, long entriesRead)
    {
        group.LastId = lastId;
        group.EntriesRead = AtMostAdded(entriesRead);
    }

    /// <summary>Sets the number of entries that count as ever added, and with it how many a group can have read.</summary>
    /// <param name="added">Not less than <see cref="Length"/>.</param>
    public void SetEntriesAdded(long added)
    {
        _root->EntriesAdded = (ulong)added;
        foreach (var group in Groups) group.EntriesRead = AtMostAdded(group.EntriesRead);
    }

    /// <summary>
    /// Entries ever added, as far as a group can count them: XSETID takes the largest number of 63 bits, and one more entry would make a
    /// negative one, which XGROUP refuses in a replica or an append-only file.
    /// </summary>
    long Added => (long)Math.Min(_root->EntriesAdded, long.MaxValue);

    long AtMostAdded(long entriesRead) => entriesRead < 0 ? StreamGroup.Unknown : Math.Min(entriesRead, Added);
}

/// <summary>The groups of a stream, for a foreach.</summary>
public unsafe struct StreamGroups
{
    readonly Arena _arena;
    TreeCursor<nint> _next;

    internal StreamGroups(Arena arena, TreeCursor<nint> first)
    {
        _arena = arena;
        _next = first;
    }

    public StreamGroup Current { get; private set; }

    public readonly StreamGroups GetEnumerator() => this;

    public bool MoveNext()
    {
        if (!_next.IsValid) return false;
        Current = new(_arena, (StreamGroupBlock*)_next.Item);
        _next.MoveNext();
        return true;
    }
}
