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
}
