using MiniRedis.Server.Persistence;

namespace MiniRedis.Server.Tests.Persistence;

public sealed class PersistenceThreadTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void Whether_or_not_a_thread_is_ready_each_work_has_one_of_its_own()
    {
        PersistenceThread.Prepare();
        // More than are ever ready. All of them meet, so that none has waited for another one.
        const int Count = 8;
        using var meeting = new Barrier(Count + 1);
        var names = new string?[Count];
        for (var i = 0; i < Count; i++)
        {
            var number = i;
            PersistenceThread.Run($"work-{number}", () =>
            {
                names[number] = Thread.CurrentThread.Name;
                meeting.SignalAndWait(s_patience);
            });
        }
        Assert.True(meeting.SignalAndWait(s_patience));
        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"work-{i}"), names);
    }

    [Fact]
    public void One_after_the_other_finds_a_thread_though_each_ends_with_its_work()
    {
        for (var i = 0; i < 200; i++)
        {
            Thread? worker = null;
            using var done = new ManualResetEventSlim();
            PersistenceThread.Run("work", () =>
            {
                worker = Thread.CurrentThread;
                done.Set();
            });
            Assert.True(done.Wait(s_patience));
            Assert.True(worker!.Join(s_patience));
        }
    }
}
