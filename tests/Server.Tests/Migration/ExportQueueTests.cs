using System.Buffers;
using MiniRedis.Server.Migration;
using MiniRedis.Server.Replication;

namespace MiniRedis.Server.Tests.Migration;

public class ExportQueueTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Bytes_and_snapshots_are_sent_in_the_order_in_which_they_were_added(int seed)
    {
        var random = new Random(seed);
        var queue = new ExportQueue();
        var (sent, expected) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        var drains = 0;
        var sender = new Thread(() => queue.SendAll(bytes => sent.Write(bytes), () => Interlocked.Increment(ref drains)));
        sender.Start();
        for (var i = 0; i < 3000; i++)
        {
            var bytes = new byte[random.Next(4) == 0 ? random.Next(100_000) : random.Next(200)];
            random.NextBytes(bytes);
            expected.Write(bytes);
            if (random.Next(20) > 0)
            {
                queue.Add(bytes);
                continue;
            }
            var snapshot = new RdbTransfer(queue.Wake);
            queue.Add(snapshot);
            // It comes while others wait behind it.
            new Thread(() =>
            {
                snapshot.Add(bytes);
                snapshot.End(null);
                snapshot.StopProducing();
            }).Start();
        }
        Assert.True(SpinWait.SpinUntil(() => queue.IsDrained && sent.WrittenCount == expected.WrittenCount, TimeSpan.FromSeconds(20)));
        queue.EndAdding();
        sender.Join();
        queue.EndSending();
        Assert.True(sent.WrittenSpan.SequenceEqual(expected.WrittenSpan));
    }

    [Fact]
    public void Whoever_waits_for_it_is_told_when_all_has_been_sent()
    {
        var queue = new ExportQueue();
        using var isDrained = new SemaphoreSlim(0);
        var sender = new Thread(() => queue.SendAll(_ => { }, () => isDrained.Release()));
        sender.Start();
        for (var i = 0; i < 1000; i++)
        {
            queue.Add("*1\r\n$4\r\nPING\r\n"u8);
            Assert.True(isDrained.Wait(TimeSpan.FromSeconds(20)));
            Assert.True(queue.IsDrained);
        }
        queue.EndAdding();
        sender.Join();
        queue.EndSending();
    }

    [Fact]
    public void A_snapshot_in_line_is_something_to_be_sent()
    {
        var queue = new ExportQueue();
        var snapshot = new RdbTransfer(queue.Wake);
        queue.Add(snapshot);
        Assert.False(queue.IsDrained);
        queue.EndAdding();
        Assert.False(snapshot.IsCancelled);
        queue.EndSending();
        Assert.True(snapshot.IsCancelled);
        snapshot.StopProducing();
    }

    [Fact]
    public void What_is_added_when_it_has_ended_goes_nowhere()
    {
        var queue = new ExportQueue();
        queue.EndAdding();
        queue.EndAdding();
        queue.EndSending();
        queue.Add("late"u8);
        Assert.Equal(0, queue.Unsent);
        var snapshot = new RdbTransfer(queue.Wake);
        queue.Add(snapshot);
        Assert.True(snapshot.IsCancelled);
        snapshot.StopProducing();
    }

    [Fact]
    public void At_whatever_moment_it_is_closed_both_sides_come_to_their_end()
    {
        var random = new Random(4);
        for (var round = 0; round < 300; round++)
        {
            var queue = new ExportQueue();
            var fails = random.Next(2) == 0 ? random.Next(1, 40) : int.MaxValue;
            var sender = new Thread(() =>
            {
                try
                {
                    queue.SendAll(_ => { if (--fails == 0) throw new IOException("gone"); }, () => { });
                }
                catch (IOException)
                {
                    // As the link's thread does.
                }
                queue.EndSending();
            });
            sender.Start();
            var snapshots = new List<RdbTransfer>();
            var producers = new List<Thread>();
            for (var i = random.Next(50); i > 0; i--)
            {
                queue.Add(new byte[random.Next(50_000)]);
                if (random.Next(10) > 0) continue;
                var snapshot = new RdbTransfer(queue.Wake);
                snapshots.Add(snapshot);
                // It has no end: it stops when nobody wants it.
                var producer = new Thread(() =>
                {
                    while (snapshot.Add(new byte[10_000])) { }
                    snapshot.StopProducing();
                });
                producer.Start();
                producers.Add(producer);
                queue.Add(snapshot);
            }
            queue.EndAdding();
            Assert.True(sender.Join(TimeSpan.FromSeconds(20)));
            Assert.All(producers, producer => Assert.True(producer.Join(TimeSpan.FromSeconds(20))));
            Assert.All(snapshots, snapshot => Assert.True(snapshot.IsCancelled));
            Assert.Equal(0, queue.Unsent);
        }
    }
}
