using System.Diagnostics;
using MiniRedis.Storage.Memory.Threads;

namespace MiniRedis.Storage.Tests.Memory.Threads;

public class DoorbellTests
{
    [Fact]
    public void A_ring_before_the_wait_ends_it_at_once()
    {
        var bell = new Doorbell();
        bell.Ring();
        bell.Ring();
        bell.Wait();
        // The two were one ring: this wait lasts its time.
        var started = Stopwatch.GetTimestamp();
        bell.Wait(30);
        Assert.True(Stopwatch.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(25));
        bell.Ring();
        bell.Wait();
    }

    [Fact]
    public void A_ring_wakes_who_sleeps()
    {
        var bell = new Doorbell();
        var sleeper = new Thread(() => bell.Wait());
        sleeper.Start();
        // Asleep, as far as one can tell from outside.
        SpinWait.SpinUntil(() => (sleeper.ThreadState & System.Threading.ThreadState.WaitSleepJoin) != 0, TimeSpan.FromMilliseconds(50));
        bell.Ring();
        Assert.True(sleeper.Join(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void A_wait_may_be_repeated_after_its_time_is_over()
    {
        var bell = new Doorbell();
        for (var i = 0; i < 20; i++) bell.Wait(1);
        var sleeper = new Thread(() => bell.Wait());
        sleeper.Start();
        bell.Ring();
        Assert.True(sleeper.Join(TimeSpan.FromSeconds(20)));
    }
}
