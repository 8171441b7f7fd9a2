using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Streams;
using static MiniRedis.Storage.Tests.Streams.WordsExtensions;

namespace MiniRedis.Storage.Tests.Streams;

/// <summary>How far a group has come, and what that makes of trimmed and deleted entries.</summary>
public sealed class StreamProgressTests : IDisposable
{
    readonly Arena _arena = new();

    public void Dispose() => _arena.Dispose();

    static long Trim(StreamValue stream, int length) =>
        stream.Trim(new(ByLength: true, length, default, WholeNodes: false, 0, StreamReferences.Keep), out _);

    void Check(StreamValue stream, params (int Id, long UpTo)[] expected)
    {
        foreach (var (id, upTo) in expected) Assert.Equal((id, upTo), (id, stream.EntriesUpTo(At(id))));
    }

    /// <summary>What is left for a new group that stands at an id.</summary>
    static long? Lag(StreamValue stream, int id, long read = StreamGroup.Unknown)
    {
        var group = stream.NewGroup("probe", id, read);
        var lag = stream.LagOf(group);
        stream.Destroy(group);
        return lag;
    }

    [Fact]
    public void An_empty_stream_has_nothing_to_give()
    {
        var stream = _arena.NewStream(0);
        Check(stream, (0, 0), (5, 0));
        Assert.Equal((0, 0), (Lag(stream, 0), Lag(stream, 5, 3)));
    }

    [Fact]
    public void In_a_whole_stream_first_and_last_id_are_known()
    {
        var stream = _arena.NewStream(8);
        Check(stream, (0, 0), (1, 1), (2, -1), (7, -1), (8, 8), (9, -1));
        Assert.Equal((8, 7, 3), (Lag(stream, 0), Lag(stream, 1), Lag(stream, 5, 5)));
        Assert.Equal((null, 0, null), (Lag(stream, 5), Lag(stream, 8), Lag(stream, 9)));
        // A number that a client made up is believed as far as it goes.
        Assert.Equal((8, 0, 8), (Lag(stream, 0, 5), Lag(stream, 3, 100), Lag(stream, 3, 0)));
    }

    [Fact]
    public void A_trimmed_stream_knows_its_first_id_and_those_before()
    {
        var stream = _arena.NewStream(8);
        Assert.Equal(3, Trim(stream, 5));
        Check(stream, (0, 3), (2, 3), (3, 3), (4, 4), (5, -1), (8, 8), (9, -1));
        Assert.Equal((5, 5, 4, null), (Lag(stream, 0), Lag(stream, 3), Lag(stream, 4), Lag(stream, 5)));
    }

    [Fact]
    public void Behind_a_hole_only_the_last_id_is_known()
    {
        var stream = _arena.NewStream(8);
        Trim(stream, 5);
        Assert.True(stream.Delete(At(6)));
        Check(stream, (0, -1), (3, -1), (4, -1), (6, -1), (7, -1), (8, 8));
        Assert.Equal((null, null, null, null), (Lag(stream, 0), Lag(stream, 3, 3), Lag(stream, 6, 6), Lag(stream, 7)));
        Assert.Equal((1, 0), (Lag(stream, 7, 7), Lag(stream, 8)));
    }

    [Fact]
    public void A_deleted_first_entry_is_as_if_trimmed()
    {
        var stream = _arena.NewStream(8);
        Trim(stream, 5);
        Assert.True(stream.Delete(At(4)));
        Check(stream, (0, 4), (3, -1), (4, 4), (5, 5), (6, -1), (8, 8));
        Assert.Equal((4, 4, 4, 3), (Lag(stream, 0), Lag(stream, 3, 3), Lag(stream, 4, 4), Lag(stream, 5, 5)));
        // A hole at the first entry itself.
        var other = _arena.NewStream(8);
        other.MaxDeletedId = At(1);
        Assert.Equal((null, null), (Lag(other, 0), Lag(other, 1, 1)));
        Assert.Equal(7, Lag(other, 1) ?? 7);
        Assert.Equal(6, Lag(other, 2, 2));
    }

    [Fact]
    public void A_stream_of_which_all_is_gone_has_been_read()
    {
        var stream = _arena.NewStream(3);
        foreach (var id in new[] { 1, 2, 3 }) Assert.True(stream.Delete(At(id)));
        Check(stream, (0, 3), (2, 3), (3, 3), (4, -1));
        Assert.Equal((0, 0), (Lag(stream, 0), Lag(stream, 3, 1)));
        // The last entry deleted, and others there.
        var other = _arena.NewStream(3);
        other.Delete(At(3));
        Check(other, (3, 3), (2, -1));
    }

    [Fact]
    public void A_group_counts_what_it_is_given_as_long_as_that_is_certain()
    {
        var stream = _arena.NewStream(8);
        Assert.Equal(1, Advanced(0, StreamGroup.Unknown, 1));
        Assert.Equal(2, Advanced(1, 1, 2));
        Assert.Equal(6, Advanced(5, 5, 6));
        Assert.Equal(-1, Advanced(5, StreamGroup.Unknown, 6));
        Assert.Equal(8, Advanced(5, StreamGroup.Unknown, 8));
        // Before the first entry: something may have gone between.
        Assert.Equal(1, Advanced(0, 5, 1));
        // No group has read more than there was.
        Assert.Equal(8, Advanced(1, 8, 2));
        Assert.Equal(8, Advanced(1, 7, 2));
        Assert.True(stream.Delete(At(6)));
        Assert.Equal(-1, Advanced(4, 4, 5));
        Assert.Equal(-1, Advanced(6, 6, 7));
        Assert.Equal(8, Advanced(7, 7, 8));
        Assert.Equal(3, Advanced(7, 2, 8));

        long Advanced(int lastId, long read, int id)
        {
            var group = stream.NewGroup("probe", lastId, read);
            stream.Advance(group, At(id));
            Assert.Equal(At(id), group.LastId);
            read = group.EntriesRead;
            stream.Destroy(group);
            return read;
        }
    }

    [Fact]
    public void A_stream_that_counts_no_entries_tells_nothing_of_them()
    {
        var stream = _arena.NewStream(3);
        stream.SetEntriesAdded(0);
        var group = stream.NewGroup("g", 0);
        stream.Advance(group, At(1));
        Assert.Equal((StreamGroup.Unknown, At(1)), (group.EntriesRead, group.LastId));
        Assert.Equal(0, stream.LagOf(group));
    }

    [Fact]
    public void A_group_has_read_no_more_than_was_added()
    {
        var stream = _arena.NewStream(8);
        Assert.Equal(8, stream.NewGroup("much", 0, 100).EntriesRead);
        Assert.Equal(0, stream.NewGroup("none", 0, 0).EntriesRead);
        Assert.Equal(StreamGroup.Unknown, stream.NewGroup("unknown", 0, -7).EntriesRead);
        var group = stream.NewGroup("g", 0);
        stream.SetProgress(group, At(4), 9);
        Assert.Equal((At(4), 8L), (group.LastId, group.EntriesRead));
        stream.SetProgress(group, At(5), 6);
        Assert.Equal((At(5), 6L), (group.LastId, group.EntriesRead));
        Trim(stream, 2);
        stream.SetEntriesAdded(4);
        Assert.Equal((4ul, 4L), (stream.EntriesAdded, group.EntriesRead));
        stream.TryGetGroup("unknown"u8, out var unknown);
        stream.TryGetGroup("none"u8, out var none);
        Assert.Equal((StreamGroup.Unknown, 0L), (unknown.EntriesRead, none.EntriesRead));
        // One more than a group can count.
        stream.SetEntriesAdded(long.MaxValue);
        stream.Append(At(9), new Words("f", "9"), default);
        Assert.Equal((1UL << 63, long.MaxValue), (stream.EntriesAdded, stream.EntriesUpTo(At(9))));
    }
}
