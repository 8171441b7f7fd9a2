using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Streams;
using MiniRedis.Storage.Tests.Harness;
using static MiniRedis.Storage.Tests.Streams.WordsExtensions;

namespace MiniRedis.Storage.Tests.Streams;

/// <summary>Which nodes and entries a trim takes: exactly.</summary>
public sealed class StreamTrimTests : IDisposable
{
    readonly Arena _arena = new();

    public void Dispose() => _arena.Dispose();

    static StreamTrim ToLength(long length, bool nodes, long limit = 0, StreamReferences references = default) =>
        new(ByLength: true, length, default, nodes, limit, references);

    static StreamTrim FromId(int id, bool nodes, long limit = 0, StreamReferences references = default) =>
        new(ByLength: false, 0, At(id), nodes, limit, references);

    /// <summary>Trims a stream of sixty entries in nodes of ten, and frees all.</summary>
    void Check(StreamTrim trim, int expected, Action<StreamValue>? prepare = null)
    {
        var stream = _arena.NewStream(60);
        prepare?.Invoke(stream);
        var before = stream.Ids();
        var nodesBefore = stream.NodeCount;
        Assert.Equal(expected, stream.Trim(trim, out var dropped));
        Assert.Equal(before[expected..], stream.Ids());
        Assert.Equal(expected == before.Count ? default : At(before[expected]), stream.FirstId);
        stream.Verify();
        // Four nodes are freed at once, more little by little.
        Assert.Equal(nodesBefore - stream.NodeCount > 4, dropped is not null);
        if (dropped is { } nodes)
        {
            Assert.Equal(nodesBefore - stream.NodeCount, nodes.NodeCount);
            Assert.Equal(_arena.UsedBytes, Bytes(stream) + Bytes(nodes));
            nodes.FreeAll();
        }
        Assert.Equal(_arena.UsedBytes, Bytes(stream));
        stream.FreeAll();
        Assert.Equal(0, _arena.UsedBytes);
    }

    static unsafe long Bytes(StreamValue stream) => (long)Arena.SizeOf(stream.Root) + StreamValue.BytesOf(stream.Root);

    [Fact]
    public void By_length_as_many_go_as_are_too_many()
    {
        for (var length = 0; length <= 61; length++)
        {
            var tooMany = Math.Max(0, 60 - length);
            Check(ToLength(length, nodes: false), tooMany);
            Check(ToLength(length, nodes: true), tooMany / 10 * 10);
        }
    }

    [Fact]
    public void By_id_all_below_it_go()
    {
        for (var id = 0; id <= 62; id++)
        {
            var below = Math.Clamp(id - 1, 0, 60);
            Check(FromId(id, nodes: false), below);
            Check(FromId(id, nodes: true), below / 10 * 10);
        }
        Check(new(false, 0, new StreamId(60, 1), WholeNodes: true, 0, default), 60);
    }

    [Fact]
    public void A_limit_is_kept_to_the_node()
    {
        foreach (var (limit, deleted) in new[] { (1, 0), (9, 0), (10, 10), (11, 10), (39, 30), (40, 40), (50, 50), (0, 60) })
        {
            Check(ToLength(0, nodes: true, limit), deleted);
            Check(FromId(100, nodes: true, limit), deleted);
        }
    }

    [Fact]
    public void Deleted_entries_count_for_nothing()
    {
        Check(ToLength(40, nodes: true), 18, Prepare);
        Check(ToLength(39, nodes: true), 18, Prepare);
        Check(ToLength(38, nodes: false), 20, Prepare);
        Check(FromId(21, nodes: true), 18, Prepare);
        Check(FromId(6, nodes: false), 4, Prepare);
        Check(ToLength(0, nodes: true, limit: 8), 8, Prepare);
        Check(ToLength(0, nodes: true, limit: 7), 0, Prepare);

        // 58 are left, eight of them in the first node; at the end of the second node and of the last there is a deleted one.
        static void Prepare(StreamValue stream)
        {
            Assert.True(stream.Delete(At(1)));
            Assert.True(stream.Delete(At(10)));
            Assert.False(stream.Delete(At(10)));
            stream.Append(At(61), new Words("f", "61"), new(0, 100));
            Assert.True(stream.Delete(At(61)));
            Assert.Equal((58L, At(2), At(60)), (stream.Length, stream.FirstId, stream.LastEntryId));
        }
    }

    [Fact]
    public void What_a_group_has_not_acknowledged_stays_and_stops_whole_nodes()
    {
        Check(ToLength(0, nodes: true, references: StreamReferences.Acknowledged), 30, Prepare);
        Check(FromId(41, nodes: true, references: StreamReferences.Acknowledged), 30, Prepare);
        Check(FromId(21, nodes: true, references: StreamReferences.Acknowledged), 20, Prepare);
        Assert.Equal([33, 56, 57, 58, 59, 60], Left(ToLength(0, nodes: false, references: StreamReferences.Acknowledged)));
        Assert.Equal([33, .. Enumerable.Range(50, 11)], Left(FromId(50, nodes: false, references: StreamReferences.Acknowledged)));
        // Others go in the place of those that stay: so many are too many.
        Assert.Equal([33, .. Enumerable.Range(42, 19)], Left(ToLength(20, nodes: false, references: StreamReferences.Acknowledged)));
        Assert.Equal([33, .. Enumerable.Range(41, 20)], Left(FromId(41, nodes: false, references: StreamReferences.Acknowledged)));
        Assert.Equal([33, .. Enumerable.Range(40, 21)], Left(FromId(40, nodes: false, references: StreamReferences.Acknowledged)));

        List<int> Left(StreamTrim trim)
        {
            var stream = _arena.NewStream(60);
            Prepare(stream);
            var deleted = stream.Trim(trim, out var dropped);
            dropped?.FreeAll();
            stream.Verify();
            var left = stream.Ids();
            Assert.Equal(60 - left.Count, deleted);
            Assert.Equal(At(left[0]), stream.FirstId);
            stream.FreeAll();
            return left;
        }

        // It has been given 55, and 33 is pending.
        static void Prepare(StreamValue stream)
        {
            stream.NewGroup("all", 60);
            var group = stream.NewGroup("some", 55);
            group.SetPending(At(33), group.CreateConsumer("c"u8, 0), 0, 1);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void References_to_what_goes_are_kept_or_dropped(bool nodes)
    {
        foreach (var references in new[] { StreamReferences.Keep, StreamReferences.Delete })
        {
            var stream = _arena.NewStream(60);
            StreamGroup[] groups = [stream.NewGroup("a", 60), stream.NewGroup("b", 60)];
            foreach (var group in groups)
            {
                var consumer = group.CreateConsumer("c"u8, 0);
                foreach (var id in new[] { 1, 15, 29, 30, 31, 35 }) group.SetPending(At(id), consumer, 0, 1);
            }
            Assert.Equal(nodes ? 30 : 32, stream.Trim(FromId(33, nodes, references: references), out _));
            foreach (var group in groups)
            {
                int[] all = [1, 15, 29, 30, 31, 35];
                Assert.Equal(all[(references == StreamReferences.Keep ? 0 : nodes ? 4 : 5)..], group.PendingIds());
            }
            stream.Verify();
        }
    }

    [Fact]
    public void References_are_dropped_in_whichever_group_has_them()
    {
        var stream = _arena.NewStream(5);
        StreamGroup[] groups = [stream.NewGroup("a", 5), stream.NewGroup("b", 5), stream.NewGroup("c", 5)];
        foreach (var (group, ids) in groups.Zip(new int[][] { [1, 2], [2, 3], [2, 3] }))
        {
            var consumer = group.CreateConsumer("c"u8, 0);
            foreach (var id in ids) group.SetPending(At(id), consumer, 0, 1);
        }
        Assert.Equal((true, true, true, false), (Drop(1), Drop(2), Drop(3), Drop(4)));
        Assert.All(groups, group => Assert.Equal(0, group.PendingCount));

        bool Drop(int id) => stream.DropReferences(At(id));
    }

    [Fact]
    public void Without_memory_for_a_tree_of_nodes_they_are_freed_at_once()
    {
        for (var granted = 0; ; granted++)
        {
            var stream = _arena.NewStream(3000);
            _arena.Trial = new Scarcity(granted);
            Assert.Equal(2990, stream.Trim(ToLength(10, nodes: true), out var dropped));
            _arena.Trial = null;
            stream.Verify();
            Assert.Equal(10, stream.Length);
            if (dropped is { } nodes) nodes.FreeAll();
            Assert.Equal(_arena.UsedBytes, Bytes(stream));
            stream.FreeAll();
            Assert.Equal(0, _arena.UsedBytes);
            if (dropped is null) continue;
            Assert.InRange(granted, 2, 20);
            break;
        }
    }

    [Fact]
    public void Entries_are_deleted_by_name_to_the_last_of_a_node()
    {
        var stream = _arena.NewStream(30);
        Assert.Equal((false, false, false), (stream.Delete(At(0)), stream.Delete(At(31)), stream.Delete(new StreamId(5, 1))));
        Assert.Equal((0L, default), (30 - stream.Length, stream.MaxDeletedId));
        for (var id = 11; id <= 20; id++)
        {
            Assert.True(stream.Delete(At(id)));
            Assert.False(stream.Delete(At(id)));
            Assert.Equal((At(1), At(id)), (stream.FirstId, stream.MaxDeletedId));
            stream.Verify();
        }
        Assert.Equal((2L, 20L), (stream.NodeCount, stream.Length));
        Assert.True(stream.Delete(At(1)));
        Assert.Equal((At(2), At(20), At(1)), (stream.FirstId, stream.MaxDeletedId, stream.FirstIdWithTombstones));
        Assert.True(stream.Delete(At(30)));
        Assert.Equal((At(29), At(30)), (stream.LastEntryId, stream.LastId));
        foreach (var id in stream.Ids()) Assert.True(stream.Delete(At(id)));
        Assert.Equal((0L, default, default, StreamId.Max), (stream.NodeCount, stream.FirstId, stream.LastEntryId, stream.FirstIdWithTombstones));
        stream.FreeAll();
        Assert.Equal(0, _arena.UsedBytes);
    }
}
