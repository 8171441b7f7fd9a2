using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Lists;

/// <summary>The list as a whole: free it in slices, copy it, measure it, verify it.</summary>
readonly unsafe partial struct QuickList
{
    /// <summary>Frees nodes until about <paramref name="budget"/> elements are gone. True once the root is freed, too.</summary>
    public static bool FreeSome(Arena arena, byte* rootBlock, ref int budget)
    {
        var root = (ListRoot*)rootBlock;
        while (root->Head != null)
        {
            if (budget <= 0) return false;
            // Freeing a node costs one call of the allocator, whatever it holds.
            budget--;
            var node = root->Head;
            root->Head = node->Next;
            arena.Free((byte*)node);
        }
        arena.Free(rootBlock);
        return true;
    }

    public static byte* Copy(Arena arena, byte* rootBlock)
    {
        var root = (ListRoot*)rootBlock;
        var copy = (ListRoot*)arena.Allocate((nuint)sizeof(ListRoot));
        *copy = *root;
        copy->Head = copy->Tail = copy->Mark = null;
        ListNode* last = null;
        for (var node = root->Head; node != null; node = node->Next)
        {
            var bytes = ListNode.DataBytes(node);
            var twin = (ListNode*)arena.Allocate((nuint)(ListNode.HeaderBytes + bytes));
            *twin = *node;
            twin->Lead = 0;
            Buffer.MemoryCopy(ListNode.Data(node), ListNode.Data(twin), bytes, bytes);
            twin->Prev = last;
            twin->Next = null;
            if (last == null) copy->Head = twin;
            else last->Next = twin;
            copy->Tail = last = twin;
        }
        return (byte*)copy;
    }

    /// <summary>Bytes of the arena that the nodes take.</summary>
    public static long AllocatedBytes(byte* rootBlock)
    {
        long bytes = 0;
        for (var node = ((ListRoot*)rootBlock)->Head; node != null; node = node->Next) bytes += (long)Arena.SizeOf((byte*)node);
        return bytes;
    }

    /// <summary>Throws if an invariant of the structure does not hold.</summary>
    public void Verify()
    {
        long count = 0;
        var nodes = 0;
        var hasMark = _root->Mark == null;
        ListNode* previous = null;
        for (var node = _root->Head; node != null; node = node->Next)
        {
            Require(node->Prev == previous, "a node does not point back");
            hasMark |= node == _root->Mark;
            Require(node->Count > 0, "a node is empty");
            var used = ListNode.HeaderBytes + node->Lead + ListNode.DataBytes(node);
            Require(used <= (int)Arena.SizeOf((byte*)node), "a node is larger than its block");
            Require(node->Lead == 0 || node->Form == ListNodeForm.Packed, "a node that is not packed has room in front");
            if (node->IsPlain) Require(node->Count == 1, "a plain node has several elements");
            else
            {
                var data = Open(node);
                Require(Listpack.IsValid(new ReadOnlySpan<byte>(data, ListNode.RawBytes(node))), "a node is no listpack");
                Require(Listpack.Count(data) == node->Count, "a node has lost count");
                Require(node->Count <= Limits.Elements, "a node has too many elements");
            }
            VerifyCompression(node);
            count += node->Count;
            nodes++;
            previous = node;
        }
        Require(_root->Tail == previous, "the tail is not the last node");
        Require(hasMark, "the mark is at a node that is not in the list");
        Require(_root->Count == count && _root->Nodes == nodes, "the root has lost count");
    }

    void VerifyCompression(ListNode* node)
    {
        if (node->IsCompressed) Require(Limits.Depth > 0 && !IsNearEnd(node), "a node at an end is compressed");
        else if (Limits.Depth > 0 && !IsNearEnd(node))
        {
            var data = new ReadOnlySpan<byte>(ListNode.Data(node), ListNode.RawBytes(node));
            var compressible = data.Length >= LeastCompressed && Lzf.Compress(data, new byte[data.Length - LeastGain]) > 0;
            Require(!compressible, "an inner node is not compressed");
        }
    }

    static void Require(bool holds, string otherwise)
    {
        if (!holds) throw new InvalidOperationException(otherwise);
    }
}
