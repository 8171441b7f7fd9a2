using System.Text;
using MiniRedis.Server.Following;

namespace MiniRedis.Server.Tests.Following;

public sealed class KeptStreamTests
{
    static string Take(KeptStream kept, int most = 100)
    {
        var into = new byte[most];
        return Encoding.ASCII.GetString(into, 0, kept.Take(into));
    }

    [Fact]
    public void Bytes_come_out_in_order_and_then_the_other_side_goes_on_by_itself()
    {
        using var kept = new KeptStream(() => 0, () => Assert.Fail("there is no limit"));
        Assert.Equal(5, kept.Add("first"u8));
        Assert.Equal(3, kept.Add("two"u8));
        Assert.True(kept.MemoryBytes > 0);
        Assert.Equal("firs", Take(kept, 4));
        Assert.Equal(6, kept.Add("-three"u8));
        Assert.Equal("ttwo-three", Take(kept));
        Assert.Equal("", Take(kept));
        Assert.Equal(0, kept.Add("fourth"u8));
        Assert.Equal(0, kept.MemoryBytes);
        Assert.True(kept.PeakBytes > 0);
    }

    [Fact]
    public async Task No_more_is_kept_than_the_limit_and_the_rest_waits()
    {
        var reached = 0;
        using var kept = new KeptStream(() => 4, () => reached++);
        Assert.Equal(4, kept.Add("abcdef"u8));
        Assert.Equal(0, reached);
        var waits = Task.Run(() => kept.Add("ef"u8));
        Await.Until(() => Volatile.Read(ref reached) == 1);
        Assert.False(waits.IsCompleted);
        Assert.Equal("ab", Take(kept, 2));
        Assert.Equal(2, await waits);
        Assert.Equal("cdef", Take(kept));
    }

    [Fact]
    public async Task Who_waits_for_room_goes_on_by_itself_when_everything_is_taken()
    {
        var reached = 0;
        using var kept = new KeptStream(() => 2, () => reached++);
        kept.Add("ab"u8);
        var waits = Task.Run(() =>
        {
            while (kept.Add("x"u8) > 0)
            {
            }
        });
        Await.Until(() => Volatile.Read(ref reached) == 1);
        while (Take(kept).Length > 0)
        {
        }
        await waits.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task The_end_wakes_who_waits_and_gives_the_memory_back()
    {
        var reached = 0;
        var kept = new KeptStream(() => 2, () => reached++);
        kept.Add("ab"u8);
        var waits = Task.Run(() => kept.Add("c"u8));
        Await.Until(() => Volatile.Read(ref reached) == 1);
        kept.Dispose();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waits);
        Assert.Equal(0, kept.MemoryBytes);
        Assert.Throws<OperationCanceledException>(() => kept.Take(new byte[1]));
        Assert.Throws<OperationCanceledException>(() => kept.WaitForBegin(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void The_stream_may_begin_late()
    {
        using var kept = new KeptStream(() => 0, () => { });
        Assert.False(kept.WaitForBegin(TimeSpan.Zero));
        kept.Begin();
        Assert.True(kept.WaitForBegin(TimeSpan.Zero));
    }
}
