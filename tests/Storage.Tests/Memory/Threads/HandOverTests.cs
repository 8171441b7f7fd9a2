using MiniRedis.Storage.Memory.Threads;

namespace MiniRedis.Storage.Tests.Memory.Threads;

public class HandOverTests
{
    [Fact]
    public void Items_come_in_their_order_and_a_look_takes_none()
    {
        var queue = new HandOver<string>();
        Assert.False(queue.TryTake(out var item));
        Assert.Null(item);
        Assert.False(queue.TryPeek(out item));
        queue.Add("a");
        queue.Add("b");
        Assert.True(queue.TryPeek(out item));
        Assert.Equal("a", item);
        Assert.True(queue.TryTake(out item));
        Assert.Equal("a", item);
        queue.Add("c");
        Assert.True(queue.TryTake(out item));
        Assert.Equal("b", item);
        Assert.True(queue.TryTake(out item));
        Assert.Equal("c", item);
        Assert.False(queue.TryTake(out item));
        Assert.Null(item);
    }

    [Fact]
    public void What_was_taken_is_not_kept_alive()
    {
        var queue = new HandOver<object>();
        var item = AddAndTake(queue);
        GC.Collect();
        Assert.False(item.TryGetTarget(out _));
        GC.KeepAlive(queue);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    static WeakReference<object> AddAndTake(HandOver<object> queue)
    {
        queue.Add(new object());
        queue.TryTake(out var item);
        return new WeakReference<object>(item!);
    }

    [Fact]
    public void Two_threads_pass_a_million_items_to_and_fro_and_wake_each_other()
    {
        const int Items = 1_000_000;
        const int MostUnderWay = 100;
        var (there, back) = (new HandOver<int>(), new HandOver<int>());
        var (hasItems, hasBack) = (new Doorbell(), new Doorbell());
        var wrong = -1;
        var answers = new Thread(() =>
        {
            for (var i = 0; i < Items; i++)
            {
                int item;
                while (!there.TryTake(out item)) hasItems.Wait();
                if (item != i) wrong = i;
                back.Add(item);
                hasBack.Ring();
            }
        });
        answers.Start();
        var next = 0;
        for (var i = 0; i < Items; i++)
        {
            for (; next < Items && next - i < MostUnderWay; next++)
            {
                there.Add(next);
                hasItems.Ring();
            }
            int item;
            while (!back.TryTake(out item)) hasBack.Wait();
            Assert.Equal(i, item);
        }
        answers.Join();
        Assert.Equal(-1, wrong);
    }
}
