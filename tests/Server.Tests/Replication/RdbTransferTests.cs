using System.Buffers;
using MiniRedis.Server.Replication;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Tests.Replication;

public class RdbTransferTests
{
    /// <summary>Blocks of a size that the pool does not keep: one that was given back has no bytes any more.</summary>
    const int OddBytes = 5000;

    [Fact]
    public void The_bytes_arrive_in_order_while_no_more_are_held_than_allowed()
    {
        var sent = Noise(40 << 20);
        var transfer = new RdbTransfer(() => { });
        var producer = new Thread(() =>
        {
            var random = new Random(2);
            for (var at = 0; at < sent.Length;)
            {
                var length = Math.Min(random.Next(1, 300_000), sent.Length - at);
                transfer.Add(sent.AsSpan(at, length));
                at += length;
            }
            transfer.End(null);
            transfer.StopProducing();
        });
        producer.Start();
        var taker = new Taker(transfer);
        taker.TakeAll();
        producer.Join();
        Assert.True(taker.Bytes.SequenceEqual(sent));
        transfer.Cancel();
        Assert.Equal(0, transfer.Bytes.MemoryBytes);
    }

    [Fact]
    public void Blocks_that_were_read_come_back_to_the_producer()
    {
        var transfer = new RdbTransfer(() => { });
        var blocks = new HashSet<NativeBuffer>(ReferenceEqualityComparer.Instance);
        var taker = new Taker(transfer);
        for (var i = 0; i < 100; i++)
        {
            var block = transfer.Rent();
            blocks.Add(block);
            Assert.True(transfer.Add(block, 10));
            taker.Take();
            taker.Read();
        }
        Assert.InRange(blocks.Count, 1, 2);
        transfer.StopProducing();
        transfer.Cancel();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Whoever_leaves_last_gives_back_what_is_left(bool producerFirst)
    {
        var transfer = new RdbTransfer(() => { });
        var taker = new Taker(transfer);
        var blocks = Enumerable.Range(0, 4).Select(_ => new NativeBuffer(OddBytes)).ToArray();
        Assert.True(transfer.Add(blocks[0], 100));
        Assert.True(transfer.Add(blocks[1], 100));
        taker.Take();
        Assert.True(transfer.Add(blocks[2], 100));
        if (producerFirst) transfer.StopProducing();
        transfer.Cancel();
        if (!producerFirst)
        {
            Assert.False(transfer.Add(blocks[3], 100));
            transfer.StopProducing();
        }
        else blocks[3].Free();
        Assert.All(blocks, block => Assert.Equal(0, block.Capacity));
    }

    [Fact]
    public void At_whatever_moment_nobody_wants_the_rest_every_block_is_given_back_and_the_producer_stops()
    {
        var random = new Random(3);
        for (var round = 0; round < 400; round++)
        {
            var transfer = new RdbTransfer(() => { });
            var blocks = new List<NativeBuffer>();
            var producer = new Thread(() =>
            {
                while (true)
                {
                    var block = new NativeBuffer(OddBytes);
                    blocks.Add(block);
                    if (!transfer.Add(block, OddBytes)) break;
                }
                transfer.StopProducing();
            });
            producer.Start();
            var taker = new Taker(transfer);
            for (var turns = random.Next(60); turns > 0; turns--)
            {
                taker.Take();
                if (random.Next(3) > 0) taker.Read();
                Thread.SpinWait(random.Next(500));
            }
            transfer.Cancel();
            Assert.True(producer.Join(TimeSpan.FromSeconds(20)));
            Assert.All(blocks, block => Assert.Equal(0, block.Capacity));
        }
    }

    [Fact]
    public void The_first_word_about_the_end_counts()
    {
        var wakes = 0;
        var transfer = new RdbTransfer(() => wakes++);
        transfer.Add("all"u8);
        transfer.End(new IOException("torn"));
        transfer.End(null);
        Assert.Equal(2, wakes);
        Assert.True(transfer.Take(out var failure));
        Assert.Equal("torn", failure!.Message);
        Assert.False(transfer.IsComplete);
        transfer.StopProducing();
        transfer.Cancel();
    }

    [Fact]
    public void A_producer_that_is_pressed_puts_bytes_aside_and_they_follow_in_their_place()
    {
        var path = Path.Combine(Path.GetTempPath(), $"transfer-{Guid.NewGuid():N}");
        var sent = Noise(20 << 20);
        var transfer = new RdbTransfer(() => { }, new SpillFile(path, failure => throw failure)) { IsPressed = () => true };
        // Nobody takes anything, and still it comes to its end.
        transfer.Add(sent);
        Assert.True(transfer.HasPutAside);
        var drain = new Thread(transfer.Drain);
        drain.Start();
        var taker = new Taker(transfer);
        taker.TakeAll();
        drain.Join();
        Assert.True(taker.Bytes.SequenceEqual(sent));
        transfer.Cancel();
    }

    static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    /// <summary>One replica that takes everything there is.</summary>
    sealed class Taker(RdbTransfer transfer)
    {
        readonly ArrayBufferWriter<byte> _bytes = new();

        public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

        public bool IsAtEnd => transfer.IsComplete && _bytes.WrittenCount == transfer.Bytes.End;

        public void Take()
        {
            transfer.Take(out var failure);
            Assert.Null(failure);
        }

        /// <summary>Takes and reads to the end. No more than it may is in memory meanwhile.</summary>
        public void TakeAll()
        {
            while (!IsAtEnd)
            {
                Take();
                Assert.InRange(transfer.Bytes.MemoryBytes, 0, (4 << 20) + ChunkPool.LargeChunkBytes);
                Read();
            }
        }

        public void Read()
        {
            while (transfer.Bytes.From(_bytes.WrittenCount) is { IsEmpty: false } bytes) _bytes.Write(bytes);
            transfer.TrimTo(_bytes.WrittenCount);
        }
    }
}
