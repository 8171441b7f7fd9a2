using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Persistence.Aof;

namespace MiniRedis.Server.Tests.Persistence.Aof;

public class AofWriterTests
{
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
