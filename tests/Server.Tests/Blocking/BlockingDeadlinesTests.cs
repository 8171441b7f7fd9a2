using MiniRedis.Server.Blocking;

namespace MiniRedis.Server.Tests.Blocking;

public sealed class BlockingDeadlinesTests : IDisposable
{
    readonly LoneParts _parts = new();

    public void Dispose() => _parts.Dispose();

    BlockingCall Call(long deadline) => new(
        _parts.Connect(), LoneParts.Command("BLPOP"), 0, LoneParts.Request("BLPOP", "k", "0"), ObjectType.List, deadline, onNoKey: false);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_first_is_the_earliest_whatever_comes_and_goes(int seed)
    {
        var random = new Random(seed);
        var deadlines = new BlockingDeadlines();
        var model = new List<BlockingCall>();
        for (var i = 0; i < 2000; i++)
        {
            if (model.Count == 0 || random.Next(5) < 3)
            {
                model.Add(Call(random.Next(1, 500)));
                deadlines.Add(model[^1]);
            }
            else
            {
                var gone = random.Next(3) == 0 ? model.IndexOf(deadlines.First!) : random.Next(model.Count);
                deadlines.Remove(model[gone]);
                Assert.Equal(-1, model[gone].HeapIndex);
                model.RemoveAt(gone);
            }
            Assert.Equal(model.Count, deadlines.Count);
            Assert.Equal(model.Count == 0 ? null : model.Min(c => c.Deadline), deadlines.First?.Deadline);
        }
    }

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
