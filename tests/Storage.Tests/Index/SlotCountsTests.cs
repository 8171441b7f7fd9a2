using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Index.Slots;

namespace MiniRedis.Storage.Tests.Index;

public class SlotCountsTests
{
    /// <summary>Gives the numbers that it was told, and notes the bounds that it was asked for.</summary>
    sealed class Told(params long[] numbers) : Random
    {
        int _next;

        public List<long> Bounds { get; } = [];

        public override long NextInt64(long maxValue)
        {
            Bounds.Add(maxValue);
            return numbers[_next++];
        }
    }

    [Fact]
    public void Numbers_of_slots_add_up_and_lead_from_one_to_the_next()
    {
        var counts = new SlotCounts();
        Assert.Equal((0L, 0L, -1), (counts.Total, counts[5], counts.Next(0)));
        var random = new Random(1);
        var model = new long[KeySlot.Count];
        foreach (var slot in new[] { 0, 1, 127, 128, 129, 255, 256, 8000, 16255, 16256, 16382, 16383 }) Change(slot, slot % 7 + 1);
        for (var i = 0; i < 300; i++)
        {
            var slot = random.Next(KeySlot.Count);
            Change(slot, random.Next(1, 5));
            var next = Array.FindIndex(model, random.Next(KeySlot.Count), n => n != 0);
            if (next >= 0 && random.Next(2) == 0) Change(next, (int)-model[next]);
        }
        Check();
        // Down to none, and the first again.
        for (var slot = 0; slot < KeySlot.Count; slot++)
        {
            if (model[slot] != 0) Change(slot, (int)-model[slot]);
        }
        Check();
        Change(16383, 1);
        Check();

        void Change(int slot, int by)
        {
            counts.Add(slot, by);
            model[slot] += by;
        }

        void Check()
        {
            Assert.Equal(model.Sum(), counts.Total);
            var next = -1;
            for (var slot = KeySlot.Count - 1; slot >= 0; slot--)
            {
                Assert.Equal(model[slot], counts[slot]);
                if (model[slot] != 0) next = slot;
                Assert.Equal(next, counts.Next(slot));
            }
            Assert.Equal(-1, counts.Next(KeySlot.Count));
        }
    }

    [Fact]
    public void A_slot_is_chosen_as_often_as_its_number_says()
    {
        var counts = new SlotCounts();
        foreach (var (slot, number) in new[] { (0, 2), (127, 1), (128, 3), (16383, 1) }) counts.Add(slot, number);
        var told = new Told(0, 1, 2, 3, 4, 5, 6);
        Assert.Equal([0, 0, 127, 128, 128, 128, 16383], Enumerable.Range(0, 7).Select(_ => counts.Choose(told)));
        Assert.All(told.Bounds, bound => Assert.Equal(7, bound));
    }
}
