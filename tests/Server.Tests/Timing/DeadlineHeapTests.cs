using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Tests.Timing;

public sealed class DeadlineHeapTests
{
    sealed class Item(long deadline) : IHasDeadline
    {
        public long Deadline => deadline;

        public int HeapIndex { get; set; } = -1;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_first_is_the_earliest_whatever_comes_and_goes(int seed)
    {
        var random = new Random(seed);
        var heap = new DeadlineHeap<Item>();
        var model = new List<Item>();
        for (var i = 0; i < 2000; i++)
        {
            if (model.Count == 0 || random.Next(5) < 3)
            {
                model.Add(new Item(random.Next(1, 500)));
                heap.Add(model[^1]);
            }
            else
            {
                var gone = random.Next(3) == 0 ? model.IndexOf(heap.First!) : random.Next(model.Count);
                heap.Remove(model[gone]);
                Assert.Equal(-1, model[gone].HeapIndex);
                model.RemoveAt(gone);
            }
            Assert.Equal(model.Count, heap.Count);
            Assert.Equal(model.Count == 0 ? null : model.Min(c => c.Deadline), heap.First?.Deadline);
        }
    }
}
