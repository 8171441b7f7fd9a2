using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Lists;

/// <summary>
/// The two forms of a list, when one becomes the other, and what happens where memory is refused. Elements are words of <see cref="Chain"/>.
/// </summary>
public sealed unsafe class ListValueTests : IDisposable
{
    readonly Keyspace _keyspace = new(1, new HashSeed(1, 2));

    public void Dispose() => _keyspace.Dispose();

    Database Database => _keyspace[0];

    Arena Arena => _keyspace.Arena;

    ListValue Open(ListLimits limits)
    {
        var at = Database.Lookup("list");
        return new(Database, at.Found ? at : ListValue.Create(Database, at, "list"u8), limits);
    }

    ListValue Make(ListLimits limits, string words, bool head = false)
    {
        var list = Open(limits);
        foreach (var word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            list.Prepare(Chain.Value(word).Length, 1);
            list.Push(Chain.Value(word), head);
        }
        return list;
    }

    /// <summary>A list of one listpack, or of nodes of three elements.</summary>
    ListValue MakeEither(bool isNative, string words = "a b c d e") => Make(new(isNative ? 3 : 128, 0), words);

    static string Text(ListValue list) => Visited(list, 0, long.MaxValue, backward: false);

    static string Visited(ListValue list, long index, long count, bool backward)
    {
        var words = new Chain.Words([], int.MaxValue);
        list.Visit(index, count, backward, ref words);
        return string.Join(' ', words.Seen);
    }

    static string Text(Record record)
    {
        var words = new Chain.Words([], int.MaxValue);
        ListValue.Read(record, ref words);
        return string.Join(' ', words.Seen);
    }

    void Delete()
    {
        Database.Delete(Database.Lookup("list"));
        while (_keyspace.DiscardedCount > 0) _keyspace.FreeDiscarded(100);
        Assert.Equal(0, _keyspace.UsedBytes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_list_is_read_as_it_was_written(bool isNative)
    {
        var list = MakeEither(isNative);
        Assert.Equal(isNative, list.At.Record.IsNative);
        Assert.Equal(-1, list.At.Record.ExpireAt);
        Assert.Equal("a b c d e", Text(list));
        Assert.Equal("a b c d e", Text(list.At.Record));
        Assert.Equal(5, list.Count);
        Assert.Equal(5, ListValue.CountOf(list.At.Record));
        Assert.Equal("a", Latin1.Text(list.Peek(head: true)));
        Assert.Equal("e", Latin1.Text(list.Peek(head: false)));
        list.Push("f"u8, head: true);
        list.RemoveEnd(head: false);
        Assert.Equal("f a b c d", Text(list));
        list.RemoveEnd(head: true);
        list.Push("g"u8, head: false);
        Assert.Equal("a b c d g", Text(list));
        KeyspaceInvariants.Verify(_keyspace);
        Delete();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_index_that_does_not_exist_shows_nothing_and_replaces_nothing(bool isNative)
    {
        var list = MakeEither(isNative);
        foreach (var index in (long[])[-1, 5, int.MaxValue, 1L << 32, long.MaxValue, long.MinValue])
        {
            foreach (var backward in (bool[])[false, true]) Assert.Equal("", Visited(list, index, 2, backward));
        }
        foreach (var index in (long[])[-6, 5, 1L << 32, long.MaxValue, long.MinValue]) Assert.False(list.TryReplace(index, "x"u8));
        Assert.Equal("a b c d e", Text(list));
        foreach (var index in (long[])[0, 4, -4, -2]) Assert.True(list.TryReplace(index, "x"u8));
        Assert.Equal("x x c x x", Text(list));
        Assert.Equal("c x x", Visited(list, 2, 3, backward: true));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Elements_are_inserted_removed_and_found(bool isNative)
    {
        var list = MakeEither(isNative, "a x b x x");
        Assert.True(list.TryInsert("x"u8, "7"u8, after: false));
        Assert.True(list.TryInsert("x"u8, "8"u8, after: true));
        Assert.True(list.TryInsert("a"u8, "9"u8, after: false));
        Assert.False(list.TryInsert("y"u8, "10"u8, after: false));
        Assert.Equal("9 a 7 x 8 b x x", Text(list));
        Assert.Equal([3, 6, 7], Find(list, "x", 9, backward: false, most: 9));
        Assert.Equal([3, 6], Find(list, "x", 9, backward: false, most: 2));
        Assert.Equal([3], Find(list, "x", 6, backward: false, most: 9));
        Assert.Equal([0, 1, 4], Find(list, "x", 9, backward: true, most: 9));
        Assert.Equal([0, 1], Find(list, "x", 4, backward: true, most: 9));
        Assert.Empty(Find(list, "y", 9, backward: true, most: 9));
        Assert.Equal(2, list.Remove("x"u8, 2, backward: true));
        Assert.Equal("9 a 7 x 8 b", Text(list));
        Assert.Equal(1, list.Remove("x"u8, 2, backward: false));
        Assert.Equal(0, list.Remove("x"u8, 2, backward: false));
        Assert.Equal("9 a 7 8 b", Text(list));
    }

    static List<long> Find(ListValue list, string word, long within, bool backward, int most)
    {
        var distances = new Distances([], most);
        list.Find(Chain.Value(word), within, backward, ref distances);
        return distances.Seen;
    }

    readonly struct Distances(List<long> seen, int most) : IListFound
    {
        public List<long> Seen => seen;

        public bool Found(long distance)
        {
            seen.Add(distance);
            return seen.Count < most;
        }
    }

    [Theory]
    [InlineData(0, 0, "a b c d e")]
    [InlineData(5, 0, "a b c d e")]
    [InlineData(0, 2, "c d e")]
    [InlineData(1, 3, "a e")]
    [InlineData(3, 2, "a b c")]
    [InlineData(0, 5, "")]
    public void A_range_is_removed(int index, int count, string expected)
    {
        foreach (var isNative in (bool[])[false, true])
        {
            var list = MakeEither(isNative);
            list.RemoveRange(index, count);
            Assert.Equal(expected, Text(list));
            KeyspaceInvariants.Verify(_keyspace);
            Delete();
        }
    }

    [Theory]
    [InlineData("pop")]
    [InlineData("replace")]
    [InlineData("insert")]
    [InlineData("remove")]
    [InlineData("remove range")]
    public void A_list_follows_its_record(string change)
    {
        var list = MakeEither(isNative: false, "a b100 c");
        var before = list.At.Record;
        switch (change)
        {
            case "pop":
                list.RemoveEnd(head: true);
                list.RemoveEnd(head: true);
                break;
            case "replace": Assert.True(list.TryReplace(0, Chain.Value("x200"))); break;
            case "insert": Assert.True(list.TryInsert("c"u8, Chain.Value("x200"), after: true)); break;
            case "remove": Assert.Equal(1, list.Remove(Chain.Value("b100"), 1, backward: true)); break;
            default: list.RemoveRange(1, 1); break;
        }
        Assert.NotEqual(before, list.At.Record);
        Assert.Equal(Database.Lookup("list").Record, list.At.Record);
    }

    [Fact]
    public void A_list_becomes_nodes_before_it_has_too_many_elements()
    {
        var list = Make(new(4, 0), "a b c");
        list.Prepare(1, 1);
        Assert.False(list.At.Record.IsNative);
        list.Prepare(1, 2);
        Assert.True(list.At.Record.IsNative);
        Assert.Equal("a b c", Text(list));
        Assert.Equal(ObjectEncoding.QuickList, list.At.Record.Encoding);
        KeyspaceInvariants.Verify(_keyspace);
        // Another call changes nothing.
        list.Prepare(1, 2);
        list.Push("d"u8, head: true);
        Assert.Equal("d a b c", Text(list));
    }

    [Fact]
    public void A_list_becomes_nodes_before_it_has_too_many_bytes()
    {
        // 7 bytes, and 1,000 with 4.
        var list = Make(new(-2, 0), "a1000");
        list.Prepare(8192 - 1011, 1);
        Assert.False(list.At.Record.IsNative);
        list.Prepare(8192 - 1010, 1);
        Assert.True(list.At.Record.IsNative);
        Assert.Equal((1, 1L, new ListLimits(-2, 0), 1011L), ListValue.Describe(list.At.Record));
    }

    [Fact]
    public void A_list_of_nodes_tells_of_them()
    {
        var list = Make(new(2, 3, PlainFrom: 10), "a b c d10");
        Assert.Equal((3, 4L, new ListLimits(2, 3), 13 + 10 + 10L), ListValue.Describe(list.At.Record));
    }

    [Fact]
    public void Room_for_one_element_is_made_when_it_comes()
    {
        var list = Make(new(-2, 0), "a");
        var (record, bytes) = (list.At.Record, _keyspace.UsedBytes);
        list.Prepare(200, 1);
        Assert.Equal(record, list.At.Record);
        Assert.Equal(bytes, _keyspace.UsedBytes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Room_for_many_elements_is_made_at_once(bool head)
    {
        // In the record, and in a block of its own.
        foreach (var (word, count) in ((string, int)[])[("a4", 10), ("a90", 40)])
        {
            var list = Open(new(-2, 0));
            list.Prepare(Chain.Value(word).Length * count, count);
            var (record, bytes) = (list.At.Record, _keyspace.UsedBytes);
            for (var i = 0; i < count; i++) list.Push(Chain.Value(word), head);
            Assert.Equal(record, list.At.Record);
            Assert.Equal(bytes, _keyspace.UsedBytes);
            Assert.False(record.IsNative);
            Delete();
        }
    }

    [Theory]
    [InlineData(true, 3, false)]
    [InlineData(true, 2, true)]
    [InlineData(false, 4, true)]
    public void A_list_of_one_small_node_becomes_a_listpack(bool shrinking, int elements, bool becomes)
    {
        var list = Make(new(4, 0), "a b c d e");
        Assert.True(list.At.Record.IsNative);
        list.TryPack(shrinking);
        Assert.True(list.At.Record.IsNative);
        list.RemoveRange(elements, 5 - elements);
        list.TryPack(shrinking);
        Assert.Equal(becomes, !list.At.Record.IsNative);
        Assert.Equal("a b c d"[..(2 * elements - 1)], Text(list));
        list.Verify();
        KeyspaceInvariants.Verify(_keyspace);
        // It is the list that the key holds now.
        list.Push("f"u8, head: true);
        Assert.Equal("f " + "a b c d"[..(2 * elements - 1)], Text(Open(new(4, 0))));
        Delete();
    }

    [Fact]
    public void A_list_of_one_long_element_stays_as_it_is()
    {
        var list = Make(new(4, 0, PlainFrom: 10), "a b c d e10");
        list.RemoveRange(0, 4);
        list.TryPack();
        Assert.True(list.At.Record.IsNative);
        Assert.Equal("e10", Text(list));
    }

    [Fact]
    public void A_list_stays_as_it_is_where_memory_for_a_listpack_is_refused()
    {
        var list = Make(new(4, 0), "a b c d e");
        list.RemoveRange(2, 3);
        while (_keyspace.DiscardedCount > 0) _keyspace.FreeDiscarded(100);
        var bytes = _keyspace.UsedBytes;
        Arena.Trial = new Scarcity(blocks: 0);
        list.TryPack();
        Arena.Trial = null;
        Assert.True(list.At.Record.IsNative);
        Assert.Equal("a b", Text(list));
        Assert.Equal(bytes, _keyspace.UsedBytes);
        KeyspaceInvariants.Verify(_keyspace);
    }

    /// <summary>Any block of a conversion may be refused, and then nothing has happened.</summary>
    [Fact]
    public void A_conversion_that_is_refused_has_not_begun()
    {
        Make(new(4, 0), "a b c d");
        var (before, bytes) = (Open(new(4, 0)).At.Record, _keyspace.UsedBytes);
        var refusals = 0;
        for (var isUnchanged = true; isUnchanged; refusals++)
        {
            Arena.Trial = new Scarcity(refusals);
            Arena.BeginAttempt();
            try
            {
                Open(new(4, 0)).Prepare(1, 1);
            }
            catch (MemoryRefusedException)
            {
            }
            isUnchanged = Arena.TryGiveUp();
            Arena.Trial = null;
            if (!isUnchanged) break;
            Assert.Equal(before, Open(new(4, 0)).At.Record);
            Assert.Equal("a b c d", Text(Open(new(4, 0))));
            Assert.Equal(bytes, _keyspace.UsedBytes);
        }
        Assert.Equal(3, refusals);
        Assert.True(Open(new(4, 0)).At.Record.IsNative);
        Assert.Equal("a b c d", Text(Open(new(4, 0))));
        KeyspaceInvariants.Verify(_keyspace);
    }

    [Theory]
    [InlineData("push")]
    [InlineData("pop")]
    [InlineData("replace")]
    [InlineData("insert")]
    [InlineData("remove")]
    [InlineData("remove range")]
    public void A_change_cannot_be_given_up(string change)
    {
        foreach (var isNative in (bool[])[false, true])
        {
            var list = MakeEither(isNative);
            Arena.BeginAttempt();
            switch (change)
            {
                case "push": list.Push("f"u8, head: false); break;
                case "pop": list.RemoveEnd(head: true); break;
                case "replace": Assert.True(list.TryReplace(1, "x"u8)); break;
                case "insert": Assert.True(list.TryInsert("b"u8, "x"u8, after: true)); break;
                case "remove": Assert.Equal(1, list.Remove("b"u8, 1, backward: false)); break;
                default: list.RemoveRange(1, 1); break;
            }
            Assert.False(Arena.IsAttempt);
            Delete();
        }
    }

    [Fact]
    public void A_draft_becomes_the_value_of_its_key_or_leaves_nothing_behind()
    {
        Database.Set("list", "text");
        var draft = ListValue.Draft(Database, "list"u8, new(2, 0));
        foreach (var word in (string[])["a", "b", "c"]) draft.Push(Chain.Value(word), head: false);
        Assert.Equal("text", Database.Get("list"));
        Assert.Equal("a b c", Text(draft.Publish()));
        Assert.Equal("a b c", Text(Open(new(2, 0))));

        draft = ListValue.Draft(Database, "list"u8, new(2, 0));
        draft.Push("d"u8, head: false);
        draft.Abandon();
        Assert.Equal("a b c", Text(Open(new(2, 0))));
        KeyspaceInvariants.Verify(_keyspace);
        Delete();
    }

    [Fact]
    public void A_draft_that_is_refused_leaves_nothing_behind()
    {
        for (var blocks = 0; blocks < 5; blocks++)
        {
            Arena.BeginAttempt();
            Arena.Trial = new Scarcity(blocks);
            Assert.Throws<MemoryRefusedException>(() =>
            {
                var draft = ListValue.Draft(Database, "list"u8, new(1, 0));
                for (var i = 0; i < 10; i++) draft.Push("a"u8, head: false);
            });
            Assert.True(Arena.TryGiveUp());
            Arena.Trial = null;
            Assert.Equal(0, _keyspace.UsedBytes);
        }
    }

    [Theory]
    [InlineData(128, 1, false)]
    [InlineData(2, 0, false)]
    [InlineData(2, 1, true)]
    public void Compressed_nodes_are_shown_as_copies(int fill, int depth, bool showsCopies) =>
        Assert.Equal(showsCopies, Make(new(fill, depth), "a b c").ShowsCopies);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Damage_is_found(bool isNative)
    {
        var list = MakeEither(isNative);
        if (isNative) ((ListRoot*)list.At.Record.Root)->Count++;
        else list.At.Record.PackedStart[4]++;
        var isFound = false;
        try
        {
            list.Verify();
        }
        catch (InvalidOperationException)
        {
            isFound = true;
        }
        Assert.True(isFound);
    }
}
