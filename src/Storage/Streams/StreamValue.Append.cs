using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Streams;

/// <summary>The outcome of adding an entry.</summary>
public enum StreamAppend
{
    Added,

    /// <summary>The id is not larger than the stream's last id.</summary>
    IdTooSmall,

    /// <summary>The entry has more bytes than a node may ever have.</summary>
    TooLarge,
}

/// <summary>Fields and values of an entry that is going to be added, wherever they lie.</summary>
public interface IStreamEntry
{
    /// <summary>Number of pairs of field and value.</summary>
    int Count { get; }

    ReadOnlySpan<byte> Field(int index);

    ReadOnlySpan<byte> Value(int index);
}

/// <summary>When a node is full: the directives stream-node-max-bytes and stream-node-max-entries; 0 means no limit.</summary>
public readonly record struct StreamNodeLimits(long MaxBytes, long MaxEntries);

/// <summary>Adds entries.</summary>
public readonly unsafe partial struct StreamValue
{
    /// <summary>The most room that a node gets ahead of need (STREAM_LISTPACK_MAX_PRE_ALLOCATE in Redis).</summary>
    const int MostAhead = 4096;

    /// <summary>An id larger than the last one. It has the time <paramref name="now"/>, if that is later.</summary>
    public StreamId NextId(long now)
    {
        if ((ulong)now > _root->LastId.Ms) return new((ulong)now, 0);
        _root->LastId.TryNext(out var next);
        return next;
    }

    /// <summary>The id "ms-*": the next id of that millisecond. False if the millisecond has no more.</summary>
    public bool TryNextIdOf(ulong ms, out StreamId id)
    {
        id = new(ms, 0);
        return ms != _root->LastId.Ms || _root->LastId.TryNext(out id) && id.Ms == ms;
    }

    /// <summary>Adds an entry.</summary>
    public StreamAppend Append<TEntry>(StreamId id, TEntry entry, StreamNodeLimits limits)
        where TEntry : struct, IStreamEntry, allows ref struct
    {
        if (id <= _root->LastId) return StreamAppend.IdTooSmall;
        long bytes = 0;
        var fields = entry.Count;
        for (var i = 0; i < fields; i++) bytes += entry.Field(i).Length + entry.Value(i).Length;
        if (bytes > Listpack.MaxSafeSize / 4 && SizeAlone(entry) > Listpack.MaxSafeSize) return StreamAppend.TooLarge;

        _arena.BeginEdit();
        var same = true;
        if (_root->Tail == null || IsFull(*_root->Tail, bytes, limits)) BeginNode(id, entry);
        else
        {
            var lp = _root->Tail->Block;
            same = StreamNodes.Fields(lp, out var name) == fields;
            for (var i = 0; same && i < fields; i++, name = Listpack.Next(lp, name)) same = Listpack.Get(lp, name).Equals(entry.Field(i));
        }

        ref var node = ref *_root->Tail;
        var block = Open(node);
        Listpack.Replace(ref block, StreamNodes.Count, ++node.Live);
        MakeRoom(ref block, fields, bytes);
        Listpack.Append(ref block, same ? SameFields : 0);
        Listpack.Append(ref block, (long)(id.Ms - node.Id.Ms));
        Listpack.Append(ref block, (long)(id.Seq - node.Id.Seq));
        if (!same) Listpack.Append(ref block, fields);
        for (var i = 0; i < fields; i++)
        {
            if (!same) Listpack.Append(ref block, entry.Field(i));
            Listpack.Append(ref block, entry.Value(i));
        }
        Listpack.Append(ref block, same ? 3L + fields : 4L + 2L * fields);
        Close(ref node, block);
        if (_root->Length++ == 0) _root->FirstId = id;
        _root->EntriesAdded++;
        _root->LastId = id;
        return StreamAppend.Added;
    }

    /// <summary>Bytes of a node that has only this entry. Counts its fields as the master's and, if needed, as its own.</summary>
    static long SizeAlone<TEntry>(TEntry entry) where TEntry : struct, IStreamEntry, allows ref struct
    {
        long size = Listpack.EmptySize + 128;
        for (var i = 0; i < entry.Count; i++) size += 2L * Listpack.SizeOf(entry.Field(i)) + Listpack.SizeOf(entry.Value(i));
        return size;
    }

    static bool IsFull(in StreamNode node, long bytes, StreamNodeLimits limits)
    {
        var most = limits.MaxBytes is 0 or > Listpack.MaxSafeSize ? Listpack.MaxSafeSize : limits.MaxBytes;
        if (Listpack.Bytes(node.Block) + bytes >= most) return true;
        return limits.MaxEntries > 0 && (long)node.Live + node.Deleted >= limits.MaxEntries;
    }

    /// <summary>Gives back the room that the last node got ahead of need, and puts a new node behind it.</summary>
    void BeginNode<TEntry>(StreamId id, TEntry entry) where TEntry : struct, IStreamEntry, allows ref struct
    {
        if (_root->Tail != null)
        {
            ref var full = ref *_root->Tail;
            var used = (nuint)Listpack.Bytes(full.Block);
            _root->NodeBytes -= (long)Arena.SizeOf(full.Block);
            full.Block = _arena.Shrink(full.Block, used);
            _root->NodeBytes += (long)Arena.SizeOf(full.Block);
        }
        // The first node of a stream begins small, the others as large as the one before became.
        var size = Listpack.EmptySize + 24;
        for (var i = 0; i < entry.Count; i++) size += Listpack.SizeOf(entry.Field(i)) + Listpack.SizeOf(entry.Value(i));
        var block = ArenaBlock.Create(_arena, _root->Tail == null ? size : Math.Max(size, MostAhead / 4));
        Listpack.Append(ref block, 0L);
        Listpack.Append(ref block, 0L);
        Listpack.Append(ref block, (long)entry.Count);
        for (var i = 0; i < entry.Count; i++) Listpack.Append(ref block, entry.Field(i));
        Listpack.Append(ref block, 0L);
        AddNode(new StreamNode { Id = id, Block = block.Block });
    }

    /// <summary>Doubles a small block that is too small, so that it does not move with every entry.</summary>
    static void MakeRoom(ref ArenaBlock block, int fields, long bytes)
    {
        // Two elements a field and five around them; at most eleven bytes frame an element.
        var most = bytes + 11L * (2 * fields + 5);
        var used = Listpack.Bytes(block.Start);
        if (used + most <= (long)Arena.SizeOf(block.Block)) return;
        var ahead = used < MostAhead ? Math.Min(used, MostAhead - used) : 0;
        block.Reserve((int)Math.Max(ahead, 0));
    }
}
