using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Streams;
using static MiniRedis.Storage.Tests.Streams.WordsExtensions;

namespace MiniRedis.Storage.Tests.Streams;

/// <summary>Which id an entry gets, when a node is full, and how much room nodes take.</summary>
public sealed unsafe class StreamAppendTests : IDisposable
{
    readonly Arena _arena = new();

    public void Dispose() => _arena.Dispose();

    /// <summary>An entry of many fields and values that are all the same long text.</summary>
    readonly struct Long(int fields, byte[] text) : IStreamEntry
    {
        public int Count => fields;

        public ReadOnlySpan<byte> Field(int index) => text;

        public ReadOnlySpan<byte> Value(int index) => text;
    }

    [Fact]
    public void The_next_id_has_the_time_or_follows_the_last()
    {
        var stream = _arena.NewStream(0);
        stream.LastId = new(5, 7);
        Assert.Equal(new StreamId(6, 0), stream.NextId(6));
        Assert.Equal(new StreamId(5, 8), stream.NextId(5));
        Assert.Equal(new StreamId(5, 8), stream.NextId(4));
        Assert.Equal((true, new StreamId(5, 8)), (stream.TryNextIdOf(5, out var id), id));
        Assert.Equal((true, new StreamId(4, 0)), (stream.TryNextIdOf(4, out id), id));
        stream.LastId = new(5, ulong.MaxValue);
        Assert.Equal(new StreamId(6, 0), stream.NextId(5));
        Assert.False(stream.TryNextIdOf(5, out _));
        stream.LastId = StreamId.Max;
        Assert.False(stream.TryNextIdOf(ulong.MaxValue, out _));
    }

    [Fact]
    public void An_id_that_is_not_larger_and_an_entry_that_no_node_could_hold_are_refused()
    {
        var stream = _arena.NewStream(3);
        Assert.Equal(StreamAppend.IdTooSmall, stream.Append(At(3), new Words("f", "v"), default));
        Assert.Equal(StreamAppend.IdTooSmall, stream.Append(At(2), new Words("f", "v"), default));
        Assert.Equal(StreamAppend.TooLarge, stream.Append(At(4), new Long(600, new byte[1 << 20]), default));
        Assert.Equal((3L, At(3), 3ul), (stream.Length, stream.LastId, stream.EntriesAdded));
        stream.Verify();
    }

    [Fact]
    public void A_node_takes_so_many_entries_deleted_ones_too()
    {
        var stream = StreamValue.Create(_arena);
        for (var i = 1; i <= 14; i++)
        {
            stream.Append(At(i), new Words("f", "v"), new(0, 3));
            Assert.Equal((i + 2) / 3, stream.NodeCount);
        }
        stream.Delete(At(13));
        stream.Append(At(15), new Words("f", "v"), new(0, 3));
        Assert.Equal(5, stream.NodeCount);
        stream.Append(At(16), new Words("f", "v"), new(0, 3));
        Assert.Equal(6, stream.NodeCount);
    }

    [Fact]
    public void A_node_is_full_if_an_entry_would_reach_its_bytes()
    {
        var stream = _arena.NewStream(1);
        for (var i = 2; i < 40; i++)
        {
            var nodes = stream.NodeCount;
            var bytes = Listpack.Bytes(stream.Nodes.Last().Item.Block) + 3;
            // Fields and values count with their bytes alone.
            var isNew = i % 3 == 0;
            stream.Append(At(i), new Words("f", "vv"), new(isNew ? bytes : bytes + 1, 0));
            Assert.Equal(nodes + (isNew ? 1 : 0), stream.NodeCount);
        }
        stream.Verify();
    }

    [Fact]
    public void A_node_grows_in_few_steps_and_gives_back_what_it_does_not_need()
    {
        var stream = StreamValue.Create(_arena);
        var sizes = new HashSet<nuint>();
        for (var i = 1; i <= 2_000; i++)
        {
            stream.Append(At(i), new Words("field", "0123456789"), new(16_000, 0));
            var last = stream.Nodes.Last().Item.Block;
            if (stream.NodeCount == 1) sizes.Add(Arena.SizeOf(last));
            // At most twice as much as it needs, and 4096 bytes above.
            Assert.InRange((long)Arena.SizeOf(last), Listpack.Bytes(last), Math.Max(2_600, Listpack.Bytes(last) * 5 / 4 + 4_096));
        }
        Assert.InRange(sizes.Count, 2, 40);
        var full = stream.Nodes.First();
        for (var i = stream.NodeCount; i > 1; i--, full.MoveNext())
        {
            var block = full.Item.Block;
            Assert.InRange((long)Arena.SizeOf(block), Listpack.Bytes(block), Listpack.Bytes(block) * 9 / 8 + 64);
        }
        stream.Verify();
    }

    [Fact]
    public void An_entry_names_its_fields_only_if_they_are_not_the_first_one_s()
    {
        var stream = StreamValue.Create(_arena);
        string[][] entries =
        [
            ["a", "1", "b", "2"], ["a", "3", "b", "4"], ["b", "5", "a", "6"], ["a", "7"], ["a", "8", "b", "9", "c", "10"], [], ["a", "x", "b", "y"],
        ];
        var bytes = new List<int>();
        for (var i = 0; i < entries.Length; i++)
        {
            stream.Append(new(7, (ulong)i), new Words(entries[i]), default);
            bytes.Add(Listpack.Bytes(stream.Nodes.First().Item.Block));
        }
        Assert.Equal(1, stream.NodeCount);
        // Flags, two differences, two values and the number of elements; fields and their number where they differ.
        Assert.Equal(33, bytes[0]);
        Assert.Equal([12, 20, 15, 25, 10], Enumerable.Range(1, 5).Select(i => bytes[i] - bytes[i - 1]));
        var entry = new StreamCursor(stream, StreamId.Min, StreamId.Max, reverse: false);
        foreach (var words in entries)
        {
            Assert.True(entry.MoveNext());
            Assert.Equal(words.Length / 2, entry.FieldCount);
            for (var i = 0; i < words.Length; i += 2)
            {
                entry.NextField(out var field, out var value);
                Assert.Equal((words[i], words[i + 1]), (Harness.Latin1.Text(field), Harness.Latin1.Text(value)));
            }
        }
        stream.Verify();
    }
}
