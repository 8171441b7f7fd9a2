using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Streams;

/// <summary>The invariants of a stream, checked one by one: for tests.</summary>
public readonly unsafe partial struct StreamValue
{
    internal void Verify()
    {
        _root->Nodes.Verify(Comparer<StreamNode>.Create((x, y) => x.Id.CompareTo(y.Id)));
        _root->Groups.Verify(Comparer<nint>.Create((x, y) =>
            StreamGroupBlock.Name((StreamGroupBlock*)x).SequenceCompareTo(StreamGroupBlock.Name((StreamGroupBlock*)y))));
        long length = 0, bytes = 0;
        StreamNode* tail = null;
        for (var node = _root->Nodes.First(); node.IsValid; node.MoveNext())
        {
            var lp = node.Item.Block;
            Invariant.Require(StreamNodes.IsValid(new ReadOnlySpan<byte>(lp, Listpack.Bytes(lp))), "a node is malformed");
            Invariant.Require((StreamNodes.Live(lp), StreamNodes.Deleted(lp)) == (node.Item.Live, node.Item.Deleted), "a node's counts are wrong");
            Invariant.Require(StreamNodes.Live(lp) > 0, "a node has no entry");
            length += StreamNodes.Live(lp);
            bytes += (long)Arena.SizeOf(lp);
            tail = (StreamNode*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref node.Item);
        }
        Invariant.Require(tail == _root->Tail, "the tail is not the last node");
        Invariant.Require(length == _root->Length, "the length is wrong");
        Invariant.Require(bytes == _root->NodeBytes, "the nodes' bytes are wrong");
        var first = new StreamCursor(this, StreamId.Min, StreamId.Max, reverse: false);
        Invariant.Require((first.MoveNext() ? first.Id : StreamId.Min) == _root->FirstId, "the first id is wrong");
        Invariant.Require(LastEntryId <= _root->LastId, "an entry lies behind the last id");
        foreach (var group in Groups) group.Verify();
    }
}
