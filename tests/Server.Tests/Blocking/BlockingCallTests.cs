using MiniRedis.Server.Blocking;

namespace MiniRedis.Server.Tests.Blocking;

public sealed class BlockingCallTests : IDisposable
{
    readonly LoneParts _parts = new();

    public void Dispose() => _parts.Dispose();

    BlockingCall Call(long deadline) => new(
        _parts.Connect(), LoneParts.Command("BLPOP"), 0, LoneParts.Request("BLPOP", "k", "0"), ObjectType.List, deadline, onNoKey: false);

    [Fact]
    public void A_call_keeps_a_copy_of_its_request_in_which_an_argument_may_be_replaced()
    {
        var call = Call(1);
        var before = call.MemoryBytes;
        call.Replace(1, "another key"u8);
        call.Replace(1, ""u8);
        call.Replace(2, "7"u8);
        Assert.Equal(["BLPOP", "", "7"], Enumerable.Range(0, 3).Select(i => System.Text.Encoding.ASCII.GetString(call.Request[i])));
        Assert.InRange(call.MemoryBytes, before + 11, before + 100);
    }

    /// <summary>XREAD takes an id for each of its streams, and fixes each.</summary>
    [Fact]
    public void Replacing_many_arguments_takes_memory_in_proportion()
    {
        const int Arguments = 10_000;
        var words = Enumerable.Repeat("$", Arguments).Prepend("BLPOP").ToArray();
        var call = new BlockingCall(_parts.Connect(), LoneParts.Command("BLPOP"), 0, LoneParts.Request(words), ObjectType.List, 0, onNoKey: false);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 1; i <= Arguments; i++) call.Replace(i, "1767225600000-0"u8);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Assert.InRange(allocated, Arguments * 15, Arguments * 100);
        Assert.Equal("1767225600000-0"u8, call.Request[Arguments]);
    }
}
