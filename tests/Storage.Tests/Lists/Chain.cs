using System.Text;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;
using static MiniRedis.Storage.Tests.Harness.Latin1;

namespace MiniRedis.Storage.Tests.Lists;

/// <summary>
/// A list of nodes in an arena of its own, and its text: <c>a b | [c] | (d60 e60)</c>. A word is an element, "d60" stands for sixty times
/// "d". A node in brackets is plain, one in parentheses compressed.
/// </summary>
sealed unsafe class Chain : IDisposable
{
    readonly int _plainFrom;

    /// <param name="limits">The list's limits.</param>
    /// <param name="nodes">The nodes that it begins with, each as full as the text says.</param>
    public Chain(ListLimits limits, string nodes)
    {
        _plainFrom = (int)limits.PlainFrom;
        Root = QuickList.CreateRoot(Arena, limits);
        foreach (var node in nodes.Split(" | ", StringSplitOptions.RemoveEmptyEntries))
        {
            var elements = node.Trim('(', ')', '[', ']');
            if (node.Contains('[', StringComparison.Ordinal)) List.Push(Value(elements), head: false);
            else List.AppendListpack(Pack(elements));
        }
        Is(nodes);
    }

    public Arena Arena { get; } = new();

    public ListRoot* Root { get; }

    public QuickList List => new(Arena, Root, _plainFrom);

    public void Dispose() => Arena.Dispose();

    /// <summary>The bytes that a word stands for.</summary>
    public static byte[] Value(string word) =>
        word.Length > 1 && char.IsLetter(word[0]) ? Bytes(new string(word[0], int.Parse(word.AsSpan(1), null))) : Bytes(word);

    static string Word(string value) =>
        value.Length > 1 && char.IsLetter(value[0]) && value.Distinct().Count() == 1 ? $"{value[0]}{value.Length}" : value;

    byte[] Pack(string words)
    {
        var packed = ArenaBlock.Create(Arena, 0);
        foreach (var word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries)) Listpack.Append(ref packed, Value(word));
        var bytes = new ReadOnlySpan<byte>(packed.Start, Listpack.Bytes(packed.Start)).ToArray();
        Arena.Free(packed.Block);
        return bytes;
    }

    /// <summary>The node at a place of the chain.</summary>
    public ListNode* Node(int place)
    {
        var node = Root->Head;
        for (; place > 0; place--) node = node->Next;
        return node;
    }

    public void Insert(long index, string word, bool after) => List.Insert(List.Seek(index, out var local), local, Value(word), after);

    public void Replace(long index, string word) => List.Replace(List.Seek(index, out var local), local, Value(word));

    public void Push(string words, bool head)
    {
        foreach (var word in words.Split(' ')) List.Push(Value(word), head);
    }

    public void RemoveEnds(int count, bool head)
    {
        for (; count > 0; count--) List.RemoveEnd(head);
    }

    public long Remove(string word, long limit, bool backward) => List.RemoveMatches(new ListMatcher(Value(word)), limit, backward);

    /// <summary>The elements that a visit shows.</summary>
    public string Visited(long index, long count, bool backward)
    {
        var words = new Words([], int.MaxValue);
        List.Visit(index, count, backward, ref words);
        return string.Join(' ', words.Seen);
    }

    /// <summary>Requires these nodes, all invariants, and that every byte in use is a node's or the root's.</summary>
    public void Is(string nodes)
    {
        List.Verify();
        Assert.Equal(nodes, Text(Root));
        Assert.Equal(Arena.UsedBytes, Size(Root));
    }

    /// <summary>Bytes that a list takes.</summary>
    public static long Size(ListRoot* root) => (long)Arena.SizeOf((byte*)root) + QuickList.AllocatedBytes((byte*)root);

    /// <summary>The text of a list that has this root.</summary>
    public static string Text(ListRoot* root)
    {
        var text = new StringBuilder();
        for (var node = root->Head; node != null; node = node->Next)
        {
            // Shown as a list of its own, because nodes that were dropped belong to none.
            var alone = new ListRoot { Head = node, Tail = node, Count = node->Count };
            var words = new Words([], int.MaxValue);
            new QuickList(null!, &alone).Visit(0, node->Count, backward: false, ref words);
            var elements = string.Join(' ', words.Seen);
            if (node->IsPlain) elements = $"[{elements}]";
            if (node->IsCompressed) elements = $"({elements})";
            text.Append(text.Length > 0 ? " | " : "").Append(elements);
        }
        return text.ToString();
    }

    /// <summary>The blocks of the nodes: bytes, and unused ones in front behind a plus.</summary>
    public string Blocks()
    {
        var blocks = new List<string>();
        for (var node = Root->Head; node != null; node = node->Next)
            blocks.Add($"{(long)Arena.SizeOf((byte*)node)}{(node->Lead > 0 ? $"+{node->Lead}" : "")}");
        return string.Join(' ', blocks);
    }

    /// <summary>Notes elements until it has seen enough.</summary>
    public readonly struct Words(List<string> seen, int most) : IElementVisitor
    {
        public List<string> Seen => seen;

        public bool Visit(PackedElement element)
        {
            seen.Add(Word(Harness.Latin1.Text(element)));
            return seen.Count < most;
        }

        
    }
}
