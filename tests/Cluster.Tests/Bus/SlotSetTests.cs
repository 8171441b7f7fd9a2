using MiniRedis.Cluster.Bus;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Tests.Bus;

public class SlotSetTests
{
    [Fact]
    public void A_slot_is_a_bit_of_the_bitmap_as_Redis_counts_them()
    {
        var slots = new SlotSet();
        foreach (var slot in new[] { 0, 9, 16383 }) Assert.True(slots.Add(slot));
        Assert.False(slots.Add(9));
        var wire = new byte[SlotSet.WireLength];
        slots.Write(wire);
        Assert.Equal((1, 2, 0x80), (wire[0], wire[1], wire[^1]));
        Assert.Equal(3, slots.Count);
    }

    [Fact]
    public void A_set_is_the_same_as_its_bitmap_and_differs_in_any_bit()
    {
        var random = new Random(1);
        var slots = new SlotSet();
        for (var i = 0; i < 300; i++) slots.Add(random.Next(2000, 5000));
        var wire = new byte[SlotSet.WireLength];
        slots.Write(wire);
        Assert.True(slots.IsSameAs(wire));
        foreach (var slot in new[] { 0, 1999, 3000, 5000, 16383 })
        {
            wire[slot / 8] ^= (byte)(1 << (slot % 8));
            Assert.False(slots.IsSameAs(wire), $"{slot}");
            wire[slot / 8] ^= (byte)(1 << (slot % 8));
        }
    }

    [Fact]
    public void What_was_added_and_removed_is_what_all_ways_of_looking_show()
    {
        var random = new Random(2);
        var (slots, model) = (new SlotSet(), new SortedSet<int>());
        for (var round = 0; round < 5000; round++)
        {
            var slot = random.Next(100) < 50 ? random.Next(1020, 1030) : random.Next(KeySlot.Count);
            if (random.Next(2) == 0) Assert.Equal(model.Add(slot), slots.Add(slot));
            else Assert.Equal(model.Remove(slot), slots.Remove(slot));
        }
        Assert.Equal(model.Count, slots.Count);
        Assert.Equal(model, slots.Ranges().SelectMany(r => Enumerable.Range(r.First, r.Last - r.First + 1)));
        var (wire, walked) = (new byte[SlotSet.WireLength], new List<int>());
        slots.Write(wire);
        foreach (var slot in SlotSet.Enumerate(wire)) walked.Add(slot);
        Assert.Equal(model, walked);
        walked.Clear();
        for (var slot = slots.Next(0); slot < KeySlot.Count; slot = slots.Next(slot + 1)) walked.Add(slot);
        Assert.Equal(model, walked);
    }
}
