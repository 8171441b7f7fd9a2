using MiniRedis.Server.Caching;

namespace MiniRedis.Server.Tests.Caching;

public sealed class LeaseEndsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_first_is_the_earliest_whatever_comes_and_goes(int seed)
    {
        var random = new Random(seed);
        var ends = new LeaseEnds();
        var model = new List<Lease>();
        for (var i = 0; i < 2000; i++)
        {
            if (model.Count == 0 || random.Next(5) < 3)
            {
                model.Add(new Lease(0, []) { End = random.Next(1, 500) });
                ends.Add(model[^1]);
            }
            else
            {
                var gone = random.Next(3) == 0 ? model.IndexOf(ends.First!) : random.Next(model.Count);
                ends.Remove(model[gone]);
                Assert.Equal(-1, model[gone].HeapIndex);
                model.RemoveAt(gone);
            }
            Assert.Equal(model.Count, ends.Count);
            Assert.Equal(model.Count == 0 ? null : model.Min(c => c.End), ends.First?.End);
        }
    }
}
