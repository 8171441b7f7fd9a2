using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.Streams;

/// <summary>
/// A stream: entries of fields and values in the order of their ids, and the consumer groups that read them. It is a handle on
/// the root block; see StreamLayout.cs for the picture. It follows Redis's t_stream.c in which entry begins a node, what a
/// deletion leaves behind, and what counts as a tombstone.
/// </summary>
/// <remarks>
/// Used by one thread at a time. A copy of the handle is as good as the handle until the stream's key is deleted. Invariants:
/// <see cref="Length"/> is the number of entries that are not marked deleted. Every node has such an entry. FirstId is the id of
/// the first of them, 0-0 in an empty stream. A pending entry is in its group's tree and in that of exactly one consumer of the
/// group.
/// </remarks>
public readonly unsafe partial struct StreamValue
{
    // Bits of an entry's flags.
    const long Deleted = 1, SameFields = 2;

    readonly Arena _arena;
    readonly StreamRoot* _root;

    internal StreamValue(Arena arena, byte* root)
    {
        _arena = arena;
        _root = (StreamRoot*)root;
    }

    /// <summary>A stream for reading only.</summary>
    internal static StreamValue ForReading(Record record) => new(null!, record.Root);

    internal byte* Root => (byte*)_root;

    /// <summary>Number of entries, without deleted ones.</summary>
    public long Length => _root->Length;

    /// <summary>The last id ever given. New entries have larger ones.</summary>
    public StreamId LastId
    {
        get => _root->LastId;
        set => _root->LastId = value;
    }

    /// <summary>The id of the first entry; 0-0 in an empty stream.</summary>
    public StreamId FirstId => _root->FirstId;

    /// <summary>The largest id that was ever deleted by name.</summary>
    public StreamId MaxDeletedId
    {
        get => _root->MaxDeletedId;
        set => _root->MaxDeletedId = value;
    }

    /// <summary>Number of entries ever added.</summary>
    public ulong EntriesAdded => _root->EntriesAdded;

    /// <summary>Number of listpacks that hold the entries.</summary>
    public long NodeCount => _root->Nodes.Count;

    /// <summary>Number of nodes of the tree that finds the listpacks.</summary>
    public long IndexNodeCount => _root->Nodes.NodeCount;

    internal static StreamValue Create(Arena arena)
    {
        var root = (StreamRoot*)arena.Allocate((nuint)sizeof(StreamRoot));
        *root = default;
        return new(arena, (byte*)root);
    }

    /// <summary>The id of the last entry that is not deleted; 0-0 if there is none.</summary>
    public StreamId LastEntryId
    {
        get
        {
            if (_root->Length == 0) return StreamId.Min;
            var last = new StreamCursor(this, StreamId.Min, StreamId.Max, reverse: true);
            return last.MoveNext() ? last.Id : StreamId.Min;
        }
    }

    /// <summary>
    /// The id of the first entry, including a deleted one that is still in its node. The largest id of all if there is no entry.
    /// </summary>
    public StreamId FirstIdWithTombstones
    {
        get
        {
            var first = new StreamCursor(this, StreamId.Min, StreamId.Max, reverse: false, withDeleted: true);
            return first.MoveNext() ? first.Id : StreamId.Max;
        }
    }

    /// <summary>Whether the stream has an entry of this id.</summary>
    public bool Contains(StreamId id) => new StreamCursor(this, id, id, reverse: false).MoveNext();

    /// <summary>Bytes of the arena that nodes, trees and groups take, without the root.</summary>
    internal static long BytesOf(byte* root)
    {
        var stream = (StreamRoot*)root;
        var bytes = stream->Nodes.AllocatedBytes + stream->NodeBytes + stream->Groups.AllocatedBytes;
        for (var group = stream->Groups.First(); group.IsValid; group.MoveNext()) bytes += StreamGroup.BytesOf((StreamGroupBlock*)group.Item);
        return bytes;
    }

    /// <summary>
    /// Frees up to <paramref name="budget"/> nodes, pending entries and consumers. True once the root is freed, too.
    /// </summary>
    internal bool FreeSome(ref int budget)
    {
        var nodes = new NodeFreer(_arena);
        if (!_root->Nodes.FreeSome(_arena, ref budget, ref nodes)) return false;
        while (_root->Groups.Count > 0)
        {
            var group = new StreamGroup(_arena, (StreamGroupBlock*)_root->Groups.Last().Item);
            if (!group.FreeSome(ref budget)) return false;
            _root->Groups.RemoveAt(_arena, _root->Groups.Count - 1);
        }
        _arena.Free(Root);
        return true;
    }

    readonly struct NodeFreer(Arena arena) : ITreeVisitor<StreamNode>
    {
        public void Visit(ref StreamNode item) => arena.Free(item.Block);
    }

    /// <summary>Copies the whole stream within the same arena.</summary>
    internal StreamValue Copy()
    {
        var copy = Create(_arena);
        for (var node = _root->Nodes.First(); node.IsValid; node.MoveNext())
        {
            copy.AddNode(node.Item.Id, new ReadOnlySpan<byte>(node.Item.Block, Listpack.Bytes(node.Item.Block)));
        }
        copy.Restore(_root->Length, _root->LastId, _root->FirstId, _root->MaxDeletedId, _root->EntriesAdded);
        foreach (var group in Groups)
        {
            copy.TryCreateGroup(group.Name, group.LastId, group.EntriesRead, out var other);
            other.CopyFrom(group);
        }
        return copy;
    }

    /// <summary>
    /// Adds a node behind the others as it is, for copies and for loading. Does not update length and ids: the caller sets them
    /// by <see cref="Restore"/> after the last node.
    /// </summary>
    internal void AddNode(StreamId id, ReadOnlySpan<byte> listpack)
    {
        var block = _arena.Allocate((nuint)listpack.Length);
        listpack.CopyTo(new Span<byte>(block, listpack.Length));
        AddNode(new StreamNode { Id = id, Block = block, Live = (uint)StreamNodes.Live(block), Deleted = (uint)StreamNodes.Deleted(block) });
    }

    /// <summary>Sets what the nodes do not tell, after all nodes were added.</summary>
    internal void Restore(long length, StreamId lastId, StreamId firstId, StreamId maxDeletedId, ulong entriesAdded)
    {
        _root->Length = length;
        _root->LastId = lastId;
        _root->MaxDeletedId = maxDeletedId;
        _root->EntriesAdded = entriesAdded;
        _root->FirstId = firstId;
    }

    void AddNode(StreamNode node)
    {
        _root->Nodes.Append(_arena, node);
        _root->NodeBytes += (long)Arena.SizeOf(node.Block);
        SeekTail();
    }

    void DropNode(StreamId id)
    {
        var dropped = _root->Nodes.Remove(_arena, new StreamIdProbe(id), out var node);
        Debug.Assert(dropped);
        _root->NodeBytes -= (long)Arena.SizeOf(node.Block);
        _arena.Free(node.Block);
        SeekTail();
    }

    void SeekTail() => _root->Tail = _root->Nodes.Count == 0 ? null : (StreamNode*)Unsafe.AsPointer(ref _root->Nodes.Last().Item);

    /// <summary>Begins a change of a node's listpack, which <see cref="Close"/> ends.</summary>
    ArenaBlock Open(in StreamNode node)
    {
        _root->NodeBytes -= (long)Arena.SizeOf(node.Block);
        return new(_arena, node.Block);
    }

    void Close(ref StreamNode node, ArenaBlock block)
    {
        node.Block = block.Block;
        _root->NodeBytes += (long)Arena.SizeOf(node.Block);
    }

    /// <summary>The node that may hold the entry of an id: the last that does not begin behind it.</summary>
    internal TreeCursor<StreamNode> NodeOf(StreamId id)
    {
        // Most look-ups are for the end.
        if (_root->Tail != null && id >= _root->Tail->Id) return _root->Nodes.Last();
        var node = _root->Nodes.UpperBound(new StreamIdProbe(id));
        node.MovePrevious();
        return node;
    }

    internal ref OrderedTree<StreamNode> Nodes => ref _root->Nodes;
}
