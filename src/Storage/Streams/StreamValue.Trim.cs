using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.Streams;

/// <summary>What happens to the groups' pending entries when the stream's entries are deleted (KEEPREF, DELREF, ACKED).</summary>
public enum StreamReferences
{
    /// <summary>They stay, although their entries are gone.</summary>
    Keep,

    /// <summary>They are removed, too.</summary>
    Delete,

    /// <summary>Only entries that every group has been given and has acknowledged are deleted.</summary>
    Acknowledged,
}

/// <summary>Down to which length, or from which id on, a stream is kept.</summary>
/// <param name="ByLength">Whether it is MAXLEN rather than MINID.</param>
/// <param name="MaxLength">Entries to keep.</param>
/// <param name="MinId">The smallest id to keep.</param>
/// <param name="WholeNodes">Whether only whole nodes are deleted: the ~ of the commands.</param>
/// <param name="Limit">The most entries that are deleted; 0 for no limit.</param>
/// <param name="References">What happens to pending entries.</param>
public readonly record struct StreamTrim(
    bool ByLength, long MaxLength, StreamId MinId, bool WholeNodes, long Limit, StreamReferences References);

/// <summary>Deletes entries: from the beginning, or by id.</summary>
public readonly unsafe partial struct StreamValue
{
    /// <summary>More nodes than these are not freed at once.</summary>
    const int FreedAtOnce = 4;

    /// <summary>
    /// Deletes entries from the beginning. Returns how many. Many nodes are not freed but returned as a stream that has only
    /// these: see <see cref="StreamStorage.Trim"/>.
    /// </summary>
    internal long Trim(in StreamTrim trim, out StreamValue? dropped)
    {
        _arena.BeginEdit();
        // Without groups there are no references.
        var references = _root->Groups.Count == 0 ? StreamReferences.Keep : trim.References;
        var deleted = TrimNodes(trim, references, out dropped);
        StreamId? after = null;
        while (!trim.WholeNodes)
        {
            var at = after is { } last ? _root->Nodes.UpperBound(new StreamIdProbe(last)) : _root->Nodes.First();
            if (!at.IsValid || trim.ByLength && _root->Length <= trim.MaxLength) break;
            after = at.Item.Id;
            var lastId = LastIdOf(at.Item);
            deleted += TrimWithin(at, trim, references);
            // The next entries have larger ids, or enough are deleted. But acknowledged entries may lie among others.
            if (references != StreamReferences.Acknowledged || !trim.ByLength && lastId >= trim.MinId) break;
        }
        if (deleted > 0) SeekFirst();
        return deleted;
    }

    /// <summary>Deletes the nodes at the beginning of which nothing is kept.</summary>
    long TrimNodes(in StreamTrim trim, StreamReferences references, out StreamValue? dropped)
    {
        dropped = null;
        long deleted = 0, nodes = 0;
        for (var at = _root->Nodes.First(); at.IsValid; at.MoveNext(), nodes++)
        {
            long live = at.Item.Live;
            var left = _root->Length - deleted;
            if (trim.ByLength && (left <= trim.MaxLength || left - live < trim.MaxLength) || !trim.ByLength && !EndsBefore(at, trim.MinId)) break;
            if (trim.Limit > 0 && deleted + live > trim.Limit) break;
            if (references == StreamReferences.Acknowledged && !IsAcknowledged(at)) break;
            if (references == StreamReferences.Delete) DropReferences(at);
            deleted += live;
        }
        // What waits to be freed has a tree of its own. Without memory for that, it is freed at once.
        if (nodes <= FreedAtOnce || !TryCopyNodes(nodes, out var shell))
        {
            _root->Length -= deleted;
            for (; nodes > 0; nodes--) DropNode(_root->Nodes.First().Item.Id);
            return deleted;
        }
        _root->Length -= deleted;
        _root->NodeBytes -= shell._root->NodeBytes;
        _root->Nodes.RemoveRange(_arena, 0, nodes);
        SeekTail();
        dropped = shell;
        return deleted;
    }

    /// <summary>A stream of the first nodes, which stay in this one too. False if there is no memory for it.</summary>
    bool TryCopyNodes(long nodes, out StreamValue shell)
    {
        shell = default;
        try
        {
            shell = Create(_arena);
            for (var at = _root->Nodes.First(); shell._root->Nodes.Count < nodes; at.MoveNext())
            {
                shell._root->Nodes.Append(_arena, at.Item);
                shell._root->NodeBytes += (long)Arena.SizeOf(at.Item.Block);
            }
            return true;
        }
        catch (MemoryRefusedException)
        {
            if (shell._root == null) return false;
            var budget = int.MaxValue;
            shell._root->Nodes.FreeSome(_arena, ref budget);
            _arena.Free(shell.Root);
            return false;
        }
    }

    /// <summary>Whether all ids of a node are smaller than a given one.</summary>
    static bool EndsBefore(TreeCursor<StreamNode> node, StreamId id)
    {
        // The first id of the next node bounds the last of this one, so no entry has to be read.
        var next = node;
        return next.MoveNext() && next.Item.Id <= id || LastIdOf(node.Item) < id;
    }

    /// <summary>Deletes entries of one node.</summary>
    long TrimWithin(TreeCursor<StreamNode> at, in StreamTrim trim, StreamReferences references)
    {
        ref var node = ref at.Item;
        long deleted = 0;
        var entry = new StreamCursor(at);
        while (entry.MoveNext())
        {
            if (trim.ByLength ? _root->Length <= trim.MaxLength : entry.Id >= trim.MinId) break;
            if (references == StreamReferences.Acknowledged && !IsAcknowledged(entry.Id)) continue;
            if (references == StreamReferences.Delete) DropReferences(entry.Id);
            node.Block[entry.FlagsAt] |= (byte)Deleted;
            _root->Length--;
            deleted++;
        }
        // The node may now hold only entries that were deleted before.
        if (deleted == node.Live) DropNode(node.Id);
        else CountDeleted(ref node, deleted);
        return deleted;
    }

    /// <summary>Deletes an entry; false if the stream does not have it.</summary>
    public bool Delete(StreamId id)
    {
        var at = NodeOf(id);
        if (!at.IsValid) return false;
        _arena.BeginEdit();
        var entry = new StreamCursor(at);
        do
        {
            if (!entry.MoveNext() || entry.Id > id) return false;
        }
        while (entry.Id != id);

        ref var node = ref at.Item;
        if (node.Live == 1) DropNode(node.Id);
        else
        {
            node.Block[entry.FlagsAt] |= (byte)Deleted;
            CountDeleted(ref node, 1);
        }
        _root->Length--;
        if (id > _root->MaxDeletedId) _root->MaxDeletedId = id;
        if (id == _root->FirstId) SeekFirst();
        return true;
    }

    void CountDeleted(ref StreamNode node, long deleted)
    {
        if (deleted == 0) return;
        var block = Open(node);
        node.Live -= (uint)deleted;
        node.Deleted += (uint)deleted;
        Listpack.Replace(ref block, StreamNodes.Count, node.Live);
        Listpack.Replace(ref block, StreamNodes.DeletedAt(block.Start), node.Deleted);
        Close(ref node, block);
    }

    void SeekFirst()
    {
        var first = new StreamCursor(this, StreamId.Min, StreamId.Max, reverse: false);
        _root->FirstId = first.MoveNext() ? first.Id : StreamId.Min;
    }

    /// <summary>The last id of a node, deleted or not.</summary>
    static StreamId LastIdOf(in StreamNode node)
    {
        var lp = node.Block;
        var at = Listpack.Last(lp);
        for (var elements = Listpack.Get(lp, at).Integer - 1; elements > 0; elements--) at = Listpack.Prev(lp, at);
        var ms = Listpack.Get(lp, at).Integer;
        var seq = Listpack.Get(lp, Listpack.Next(lp, at)).Integer;
        return new(node.Id.Ms + (ulong)ms, node.Id.Seq + (ulong)seq);
    }

    /// <summary>Whether every group has been given the entry and has acknowledged it.</summary>
    public bool IsAcknowledged(StreamId id)
    {
        foreach (var group in Groups)
        {
            if (group.LastId < id || group.TryGetPending(id, out _)) return false;
        }
        return true;
    }

    bool IsAcknowledged(TreeCursor<StreamNode> node)
    {
        var entry = new StreamCursor(node);
        while (entry.MoveNext())
        {
            if (!IsAcknowledged(entry.Id)) return false;
        }
        return true;
    }

    /// <summary>Removes an entry from the pending lists of all groups; false if it was in none.</summary>
    public bool DropReferences(StreamId id)
    {
        var dropped = false;
        foreach (var group in Groups) dropped |= group.Acknowledge(id);
        return dropped;
    }

    void DropReferences(TreeCursor<StreamNode> node)
    {
        var entry = new StreamCursor(node);
        while (entry.MoveNext()) DropReferences(entry.Id);
    }
}
