using System.Text;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Persistence;
using MiniRedis.Server.Persistence.Aof;

namespace MiniRedis.Server.Tests.Persistence.Aof;

public sealed class AofWriterTests : IDisposable
{
    readonly ManualTime _time = new();
    readonly MemoryFile _file = new();
    readonly AofWriter _writer;
    int _progress;

    public AofWriterTests() => _writer = new(_file, "first.aof", _time, () => Interlocked.Increment(ref _progress)) { Policy = AppendFsync.EverySec };

    public void Dispose()
    {
        _file.MaySync.Set();
        _writer.Dispose();
    }

    /// <summary>A file in memory, whose disk refuses what a test says, or takes its time.</summary>
    sealed class MemoryFile : IFileWriter
    {
        readonly MemoryStream _bytes = new();
        int _writes, _syncs, _closes;
        public volatile bool RefusesWrites, RefusesSyncs;

        /// <summary>What has begun, whether it is refused or not.</summary>
        public (int Writes, int Syncs) Tried => (Volatile.Read(ref _writes), Volatile.Read(ref _syncs));

        public int Closes => Volatile.Read(ref _closes);

        public ManualResetEventSlim MaySync { get; } = new(true);

        public string Text
        {
            get
            {
                lock (_bytes) return Encoding.ASCII.GetString(_bytes.ToArray());
            }
        }

        public long Length
        {
            get
            {
                lock (_bytes) return _bytes.Length;
            }
        }

        public void Reserve(int bytes)
        {
        }

        public void Truncate(long length)
        {
            lock (_bytes) _bytes.SetLength(length);
        }

        public void Write(ReadOnlySpan<byte> bytes)
        {
            Interlocked.Increment(ref _writes);
            lock (_bytes) _bytes.Write(RefusesWrites ? bytes[..1] : bytes);
            if (RefusesWrites) throw new IOException("no room");
        }

        public void Sync()
        {
            Interlocked.Increment(ref _syncs);
            MaySync.Wait();
            if (RefusesSyncs) throw new IOException("no disk");
        }

        public void Dispose() => Interlocked.Increment(ref _closes);
    }

    void Append(string text)
    {
        var chunk = new AofChunk();
        chunk.Write(Encoding.ASCII.GetBytes(text));
        _writer.Append(chunk, waiters: 1).Dispose();
    }

    void Advance(int milliseconds)
    {
        _time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        _writer.Nudge();
    }

    [Fact]
    public void What_is_handed_over_while_the_disk_refuses_is_written_in_order_once_it_does_not()
    {
        using var next = new MemoryFile();
        _file.RefusesWrites = true;
        Append("one ");
        Assert.Equal("no room", _writer.Error);
        // The thread has taken the first one when the others come.
        Advance(1000);
        Await.Until(() => _progress == 2);
        Append("two ");
        _writer.SwitchTo(next, "second.aof");
        Append("three");
        Assert.Equal((13L, ""), (_writer.WaitingBytes, _file.Text));
        _file.RefusesWrites = false;
        Advance(1000);
        Await.Until(() => _writer.WaitingBytes == 0);
        Assert.Equal(("one two ", "three", 13L, null), (_file.Text, next.Text, _writer.Written, _writer.Error));
    }

    [Fact]
    public void A_disk_that_refuses_is_tried_once_a_second_and_at_once_when_somebody_waits_for_it()
    {
        _file.RefusesWrites = true;
        Append("x");
        Advance(999);
        Assert.Equal(1, _file.Tried.Writes);
        Advance(1);
        Await.Until(() => _progress == 2);
        Assert.Equal(2, _file.Tried.Writes);
        Assert.False(_writer.Drain(1));
        Assert.True(_file.Tried.Writes > 2);
        _file.RefusesWrites = false;
        // An attempt that had begun by then may fail yet.
        Await.Until(() => _writer.Drain(1));
        Assert.True(_writer.Drain(1));
        Assert.Equal(("x", 1), (_file.Text, _file.Tried.Syncs));
    }

    [Fact]
    public void Each_failure_the_end_of_one_and_each_sync_is_told()
    {
        _file.RefusesWrites = true;
        Append("x");
        Assert.Equal(1, _progress);
        _file.RefusesWrites = false;
        Advance(1000);
        Await.Until(() => _progress == 3);
        Assert.Equal((1, null), (_file.Tried.Syncs, _writer.Error));
        _file.RefusesSyncs = true;
        Append("y");
        Advance(1000);
        Await.Until(() => _progress == 4);
        Assert.Equal("no disk", _writer.Error);
        _file.RefusesSyncs = false;
        Advance(1000);
        Await.Until(() => _progress == 5);
        Assert.Null(_writer.Error);
    }

    [Theory]
    [InlineData(2000, 0)]
    [InlineData(2001, 1)]
    public void A_sync_is_late_when_what_came_behind_the_one_before_has_waited_for_two_seconds(int milliseconds, int late)
    {
        Append("one ");
        Assert.Equal(0, _writer.Age);
        _file.MaySync.Reset();
        Advance(1000);
        Assert.Equal(1000, _writer.Age);
        Await.Until(() => _file.Tried.Syncs == 1);
        Append("two");
        Await.Until(() => _writer.WaitingBytes == 0);
        Assert.Equal("one two", _file.Text);
        Advance(milliseconds);
        _file.MaySync.Set();
        Await.Until(() => _writer.Synced == 7);
        Assert.Equal((late, 0L), (_writer.Delayed, _writer.Age));
    }

    [Fact]
    public void With_no_nothing_is_synced_and_with_another_policy_the_time_begins_when_it_is_set()
    {
        _writer.Policy = AppendFsync.No;
        Assert.False(_writer.SyncsAtAll);
        Append("x");
        Advance(5000);
        Assert.Equal((0L, 0), (_writer.Age, _file.Tried.Syncs));
        _writer.Policy = AppendFsync.EverySec;
        Advance(999);
        Assert.Equal((999L, 0), (_writer.Age, _file.Tried.Syncs));
        Advance(1);
        Await.Until(() => _writer.Synced == 1);

        _writer.Policy = AppendFsync.No;
        _writer.Policy = AppendFsync.EverySec;
        Advance(100);
        Assert.Equal(0, _writer.Age);
        _writer.Policy = AppendFsync.No;
        Append("y");
        _writer.Policy = AppendFsync.Always;
        Await.Until(() => _writer.Synced == 2);
    }

    [Fact]
    public void With_always_nothing_is_tried_again_after_a_failure()
    {
        _writer.Policy = AppendFsync.Always;
        _file.RefusesSyncs = true;
        Append("x");
        Await.Until(() => _progress == 1);
        _file.RefusesSyncs = false;
        Advance(5000);
        Assert.False(_writer.Drain(1));
        Assert.Equal((1, 0L), (_file.Tried.Syncs, _writer.Synced));
    }

    [Fact]
    public async Task Who_waits_until_all_is_synced_waits_for_the_file_before_a_switch_first()
    {
        using var next = new MemoryFile();
        Append("one ");
        _file.MaySync.Reset();
        _writer.SwitchTo(next, "second.aof");
        Await.Until(() => _file.Tried.Syncs == 1);
        Append("two");
        var drained = Task.Run(() => _writer.Drain(7));
        // The thread has seen that somebody waits.
        Await.Until(() => !_writer.WantsAlready(1000));
        Assert.Equal("", next.Text);
        _file.MaySync.Set();
        Assert.True(await drained);
        Assert.Equal((1, 1, "two"), (_file.Tried.Syncs, next.Tried.Syncs, next.Text));
    }

    [Fact]
    public void Where_the_file_before_a_switch_cannot_be_synced_nobody_waits_for_ever_and_nothing_is_written_behind()
    {
        using var next = new MemoryFile();
        _file.RefusesSyncs = true;
        Append("one ");
        _writer.SwitchTo(next, "second.aof");
        Append("two");
        Assert.False(_writer.Drain(7));
        Assert.Equal("", next.Text);
        _file.RefusesSyncs = false;
        Await.Until(() => _writer.Drain(7));
        Assert.Equal("two", next.Text);
    }

    [Fact]
    public void Every_file_is_closed_once_whatever_is_left_at_the_end()
    {
        MemoryFile first = new() { RefusesSyncs = true }, second = new(), third = new();
        var failures = 0;
        var writer = new AofWriter(first, "first.aof", _time, () => Interlocked.Increment(ref failures)) { Policy = AppendFsync.EverySec };
        writer.SwitchTo(second, "second.aof");
        Await.Until(() => failures == 1);
        writer.SwitchTo(third, "third.aof");
        writer.Dispose();
        Assert.Equal((1, 1, 1), (first.Closes, second.Closes, third.Closes));
    }

    [Fact]
    public void A_write_can_be_delayed()
    {
        _writer.Delay = 20_000;
        var since = System.Diagnostics.Stopwatch.StartNew();
        Append("x");
        Assert.True(since.Elapsed >= TimeSpan.FromMilliseconds(15));
        Assert.Equal("x", _file.Text);
    }

    [Fact]
    public void What_waits_for_a_disk_that_hangs_is_not_on_the_collected_heap()
    {
        const int Chunks = 2000, Bytes = 60_000;
        var disk = new GatedFiles();
        using var writer = new AofWriter(disk.Append("appendonly.aof"), "appendonly.aof", TimeProvider.System, () => { }) { Policy = AppendFsync.Always };
        var command = new byte[Bytes];
        var chunk = new AofChunk();
        chunk.Write(command);
        chunk = writer.Append(chunk, waiters: 1);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 1; i < Chunks; i++)
        {
            chunk.Write(command);
            chunk = writer.Append(chunk, waiters: 1);
        }
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Assert.Equal((long)Chunks * Bytes, writer.WaitingBytes);
        Assert.True(allocated < Chunks * 300, $"{allocated} bytes");

        disk.Open();
        Assert.True(writer.Drain((long)Chunks * Bytes));
        Assert.Equal(0, writer.WaitingBytes);
        Assert.Equal(Chunks * Bytes, disk.Read("appendonly.aof").Length);
        chunk.Dispose();
    }
}
