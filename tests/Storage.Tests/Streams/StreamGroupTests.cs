using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Streams;
using MiniRedis.Storage.Tests.Harness;
using static MiniRedis.Storage.Tests.Streams.WordsExtensions;

namespace MiniRedis.Storage.Tests.Streams;

/// <summary>Groups and consumers that come and go, also where memory is refused on the way.</summary>
public sealed class StreamGroupTests : IDisposable
{
    readonly Arena _arena = new();

    public void Dispose() => _arena.Dispose();

    /// <summary>A stream with a group of two consumers, each with ten pending entries.</summary>
    StreamValue Fill(out StreamGroup group)
    {
        var stream = _arena.NewStream(20);
        group = stream.NewGroup("group", 20);
        StreamConsumer[] consumers = [group.CreateConsumer("a"u8, 1), group.CreateConsumer("b"u8, 1)];
        for (var id = 1; id <= 20; id++) group.SetPending(At(id), consumers[id % 2], 5, 1);
        return stream;
    }

    /// <summary>Grants so many blocks to an attempt, from none on, until it succeeds; before that it must leave nothing behind.</summary>
    void TryWithEverMoreBlocks(StreamValue stream, Func<bool> attempt)
    {
        for (var granted = 0; ; granted++)
        {
            var before = (_arena.UsedBytes, stream.GroupCount);
            _arena.Trial = new Scarcity(granted);
            bool succeeded;
            try
            {
                succeeded = attempt();
            }
            catch (MemoryRefusedException)
            {
                succeeded = false;
            }
            _arena.Trial = null;
            stream.Verify();
            if (succeeded)
            {
                Assert.InRange(granted, 1, 10);
                return;
            }
            Assert.Equal(before, (_arena.UsedBytes, stream.GroupCount));
        }
    }

    [Fact]
    public void A_group_that_gets_no_memory_is_not_there()
    {
        var stream = _arena.NewStream(3);
        TryWithEverMoreBlocks(stream, () => stream.TryCreateGroup("first"u8, At(1), 1, out _));
        TryWithEverMoreBlocks(stream, () => stream.TryCreateGroup("second"u8, At(2), 2, out _));
        Assert.True(stream.TryGetGroup("second"u8, out var group));
        Assert.Equal((At(2), 2L), (group.LastId, group.EntriesRead));
        Assert.False(stream.TryCreateGroup("second"u8, At(3), 3, out var same));
        Assert.Equal((At(2), 2L), (same.LastId, group.EntriesRead));
        Assert.False(stream.TryGetGroup("third"u8, out _));
    }

    [Fact]
    public void A_group_is_taken_out_or_destroyed_with_all_that_it_has()
    {
        var stream = _arena.NewStream(20);
        var empty = _arena.UsedBytes;
        stream.FreeAll();
        stream = Fill(out var group);
        Assert.False(stream.TryDetach("other"u8, out _));
        StreamValue shell = default;
        TryWithEverMoreBlocks(stream, () => stream.TryDetach("group"u8, out shell));
        Assert.Equal((0L, 1L), (stream.GroupCount, shell.GroupCount));
        shell.FreeAll();
        Assert.Equal(empty, _arena.UsedBytes);
        stream.FreeAll();
        stream = Fill(out group);
        stream.Destroy(group);
        Assert.Equal((0L, empty), (stream.GroupCount, _arena.UsedBytes));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_consumer_goes_with_its_pending_entries(bool isOnly)
    {
        foreach (var detaches in new[] { true, false })
        {
            var stream = Fill(out var group);
            Assert.True(group.TryGetConsumer("a"u8, out var consumer));
            if (isOnly)
            {
                for (var id = 1; id <= 20; id += 2) Assert.True(group.Acknowledge(At(id)));
            }
            if (detaches)
            {
                StreamValue shell = default;
                TryWithEverMoreBlocks(stream, () => stream.TryDetach(group, consumer, out shell));
                shell.FreeAll();
            }
            else
            {
                group.Destroy(consumer);
            }
            stream.Verify();
            Assert.Equal((1L, isOnly ? 0L : 10L), (group.ConsumerCount, group.PendingCount));
            Assert.False(group.TryGetConsumer("a"u8, out _));
            Assert.Equal(isOnly ? [] : Enumerable.Range(0, 10).Select(i => 2 * i + 1), group.PendingIds());
            stream.FreeAll();
            Assert.Equal(0, _arena.UsedBytes);
        }
    }

    [Fact]
    public void A_pending_entry_goes_from_one_consumer_to_the_other()
    {
        var stream = Fill(out var group);
        group.TryGetConsumer("a"u8, out var a);
        group.TryGetConsumer("b"u8, out var b);
        group.SetPending(At(2), b, 7, long.MaxValue);
        group.SetPending(At(4), a, -1, -1);
        Assert.Equal((9L, 11L, 20L), (a.PendingCount, b.PendingCount, group.PendingCount));
        Assert.True(group.TryGetPending(At(2), out var pending));
        Assert.Equal((7L, (long)uint.MaxValue), (pending.DeliveryTime, pending.DeliveryCount));
        Assert.True(pending.Consumer == b);
        Assert.True(group.TryGetPending(At(4), out pending));
        Assert.Equal((0L, 0L), (pending.DeliveryTime, pending.DeliveryCount));
        Assert.Equal((At(1), At(20)), (group.FirstPendingId, group.LastPendingId));
        Assert.False(group.TryGetPending(new(2, 1), out _));
        stream.Verify();
    }
}
