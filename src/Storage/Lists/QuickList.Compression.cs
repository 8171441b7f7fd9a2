using System.Diagnostics;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Lists;

/// <summary>
/// Compression of inner nodes. A method that changes a node first expands it and settles it afterwards. A method that changes the
/// chain balances the ends.
/// </summary>
readonly unsafe partial struct QuickList
{
    /// <summary>Smaller nodes, and smaller gains, are not worth compressing (MIN_COMPRESS_BYTES and _IMPROVE in Redis).</summary>
    const int LeastCompressed = 48, LeastGain = 8;

    /// <summary>A scratch buffer that one long node made larger than this is not kept.</summary>
    const int ScratchKept = 256 * 1024;

    /// <summary>
    /// The most nodes that one insertion adds: an element that needs a node of its own, in the middle of a node, makes three of
    /// it.
    /// </summary>
    const int MostAddedAtOnce = 2;

    [ThreadStatic] static byte[]? t_scratch;

    static byte[] Scratch(int bytes)
    {
        if (t_scratch is { } scratch && scratch.Length >= bytes) return scratch;
        // Pinned, because it is read by address.
        scratch = GC.AllocateUninitializedArray<byte>(Math.Max(bytes, ListLimits.SafeBytes), pinned: true);
        if (bytes <= ScratchKept) t_scratch = scratch;
        return scratch;
    }

    /// <summary>
    /// The data of a node for reading: in place, or a copy if the node is compressed. The copy is valid until another node is
    /// opened on the same thread.
    /// </summary>
    static byte* Open(ListNode* node)
    {
        if (!node->IsCompressed) return ListNode.Data(node);
        var scratch = Scratch(node->Bytes);
        Decompress(node, scratch.AsSpan(0, node->Bytes));
        fixed (byte* data = scratch) return data;
    }

    static void Decompress(ListNode* node, Span<byte> to)
    {
        if (!Lzf.TryDecompress(new ReadOnlySpan<byte>(ListNode.Data(node), node->Stored), to))
            throw new UnreachableException("a node of a list does not decompress");
    }

    /// <summary>Decompresses a node that is going to be changed. Returns the node.</summary>
    ListNode* Expand(ListNode* node)
    {
        if (!node->IsCompressed) return node;
        var expanded = NewNode(node->Bytes, node->Form & ~ListNodeForm.Compressed, node->Count);
        Decompress(node, new Span<byte>(ListNode.Data(expanded), node->Bytes));
        return Substitute(node, expanded);
    }

    /// <summary>Compresses a node that has changed, if it is to be compressed. Returns the node.</summary>
    ListNode* Settle(ListNode* node) => Limits.Depth == 0 || IsNearEnd(node) ? node : Compress(node);

    /// <summary>
    /// Corrects the ends: the outermost nodes are not compressed, and nodes that have just moved behind them are.
    /// </summary>
    void Balance()
    {
        if (Limits.Depth == 0) return;
        var node = _root->Head;
        var i = 0;
        for (; node != null && i < Limits.Depth; i++) node = Expand(node)->Next;
        for (; node != null && i < Limits.Depth + MostAddedAtOnce; i++) node = Settle(node)->Next;

        node = _root->Tail;
        for (i = 0; node != null && i < Limits.Depth; i++) node = Expand(node)->Prev;
        for (; node != null && i < Limits.Depth + MostAddedAtOnce; i++) node = Settle(node)->Prev;
    }

    bool IsNearEnd(ListNode* node)
    {
        var towardsTail = node;
        for (var i = 0; i < Limits.Depth; i++)
        {
            node = node->Prev;
            towardsTail = towardsTail->Next;
            if (node == null || towardsTail == null) return true;
        }
        return false;
    }

    ListNode* Compress(ListNode* node)
    {
        var bytes = ListNode.RawBytes(node);
        if (node->IsCompressed || bytes < LeastCompressed) return node;
        var scratch = Scratch(bytes);
        var stored = Lzf.Compress(new ReadOnlySpan<byte>(ListNode.Data(node), bytes), scratch.AsSpan(0, bytes - LeastGain));
        if (stored == 0)
        {
            Trim(ref node);
            return node;
        }
        var compressed = NewNode(stored, node->Form | ListNodeForm.Compressed, node->Count);
        compressed->Bytes = bytes;
        compressed->Stored = stored;
        scratch.AsSpan(0, stored).CopyTo(new Span<byte>(ListNode.Data(compressed), stored));
        return Substitute(node, compressed);
    }
}
