using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tests.Memory;

public class ElsewhereTests
{
    [Fact]
    public void Work_is_done_in_order_by_one_thread_that_the_first_work_starts()
    {
        var started = new List<Thread>();
        var elsewhere = new Elsewhere(thread =>
        {
            started.Add(thread);
            thread.Start();
        });
        Assert.Empty(started);
        using var done = new ManualResetEventSlim();
        var threads = new List<Thread>();
        var order = new List<int>();
        for (var i = 0; i < 100; i++)
        {
            var number = i;
            elsewhere.Do(() =>
            {
                order.Add(number);
                threads.Add(Thread.CurrentThread);
                if (number == 99) done.Set();
            });
        }
        Assert.True(done.Wait(TimeSpan.FromSeconds(20)));
        Assert.Equal(Enumerable.Range(0, 100), order);
        Assert.Same(Assert.Single(started), Assert.Single(threads.Distinct()));
    }

    [Fact]
    public void Without_a_thread_work_is_done_at_once_and_the_next_asks_for_one_again()
    {
        var refusals = 2;
        var elsewhere = new Elsewhere(thread =>
        {
            if (refusals-- > 0) throw new MemoryRefusedException(1);
            thread.Start();
        });
        Thread? doer = null;
        for (var i = 0; i < 2; i++)
        {
            doer = null;
            elsewhere.Do(() => doer = Thread.CurrentThread);
            Assert.Same(Thread.CurrentThread, doer);
        }
        using var done = new ManualResetEventSlim();
        elsewhere.Do(() =>
        {
            doer = Thread.CurrentThread;
            done.Set();
        });
        Assert.True(done.Wait(TimeSpan.FromSeconds(20)));
        Assert.NotSame(Thread.CurrentThread, doer);
    }
}
