using MiniRedis.Storage.Databases;
using MiniRedis.Storage.ScratchMemory;

namespace MiniRedis.Storage.Tests.ScratchMemory;

public class ScratchTests
{
    [Fact]
    public void Little_is_taken_from_the_stack_and_much_is_counted_until_it_is_given_back()
    {
        using var keyspace = new Keyspace();
        var before = keyspace.UsedBytes;
        using (var little = new Scratch<long>(keyspace[0], 16, stackalloc long[16]))
        {
            Assert.Equal(16, little.Span.Length);
            Assert.Equal(before, keyspace.UsedBytes);
        }
        using (var much = new Scratch<long>(keyspace[0], 1 << 20, stackalloc long[16]))
        {
            Assert.Equal(1 << 20, much.Span.Length);
            much[(1 << 20) - 1] = 7;
            Assert.InRange(keyspace.UsedBytes - before, 8 << 20, 9 << 20);
        }
        Assert.Equal(before, keyspace.UsedBytes);
    }

    [Fact]
    public void A_list_keeps_what_it_has_while_it_grows_and_gives_all_back()
    {
        using var keyspace = new Keyspace();
        var before = keyspace.UsedBytes;
        var list = new ScratchList<int>(keyspace[0]);
        Assert.Equal(before, keyspace.UsedBytes);
        for (var i = 0; i < 1 << 20; i++) list.Add(i);
        Assert.Equal(1 << 20, list.Count);
        for (var i = 0; i < 1 << 20; i++) Assert.Equal(i, list[i]);
        Assert.InRange(keyspace.UsedBytes - before, 4 << 20, 9 << 20);
        list.Dispose();
        Assert.Equal(before, keyspace.UsedBytes);
    }

    [Fact]
    public void A_set_of_numbers_knows_which_it_has()
    {
        using var keyspace = new Keyspace();
        foreach (var count in (int[])[1, 2, 3, 100, 1 << 18])
        {
            using var set = new ScratchSet(keyspace[0], count);
            var random = new Random(count);
            var known = new HashSet<long>();
            while (known.Count < count)
            {
                var number = random.NextInt64(3L * count) << random.Next(3) * 16;
                Assert.Equal(known.Add(number), set.Add(number));
            }
        }
        Assert.Equal(0, keyspace.UsedBytes);
    }
}
