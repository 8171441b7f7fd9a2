using MiniRedis.Storage.Packed;
using static MiniRedis.Storage.Tests.Harness.Latin1;

namespace MiniRedis.Storage.Tests.Packed;

/// <summary>Random edits of a listpack, whoever owns its bytes, beside a list of strings.</summary>
static unsafe class ListpackEdits
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    public static List<string> Elements(byte* lp)
    {
        var elements = new List<string>();
        for (var at = Listpack.First(lp); at >= 0; at = Listpack.Next(lp, at)) elements.Add(Text(Listpack.Get(lp, at)));
        return elements;
    }

    public static void Run<TOwner>(ref TOwner owner, int seed, int steps) where TOwner : struct, IReservingOwner, allows ref struct
    {
        var random = new Random(seed);
        var model = new List<string>();
        for (var step = 0; step < steps; step++)
        {
            var text = Value(random);
            var value = Bytes(text);
            var index = random.Next(model.Count + 1);
            // Grows and shrinks in turns, so that all sizes are passed in both directions.
            var shrinks = step / 250 % 2 == 1;
            switch (random.Next(shrinks ? 12 : 6))
            {
                case 0:
                    Listpack.Append(ref owner, value);
                    model.Add(text);
                    break;
                case 1:
                    Listpack.Prepend(ref owner, value);
                    model.Insert(0, text);
                    break;
                case 2 or 3:
                    Listpack.Insert(ref owner, Listpack.Seek(owner.Start, index), value);
                    model.Insert(index, text);
                    break;
                case 4 when index < model.Count:
                    Listpack.Replace(ref owner, Listpack.Seek(owner.Start, index), value);
                    model[index] = text;
                    break;
                case 5:
                    owner.Reserve(random.Next(400));
                    break;
                case > 5 when index < model.Count:
                    var count = random.Next(1, 4);
                    var next = Listpack.Delete(ref owner, Listpack.Seek(owner.Start, index), count);
                    model.RemoveRange(index, Math.Min(count, model.Count - index));
                    Assert.Equal(Listpack.Seek(owner.Start, index), next);
                    break;
            }
            Assert.Equal(model.Count, Listpack.Count(owner.Start));
            if (step % 50 == 0) Assert.True(model.SequenceEqual(Elements(owner.Start)), $"seed {seed}, step {step}");
        }
        Assert.Equal(model, Elements(owner.Start));
        Assert.True(Listpack.IsValid(new(owner.Start, Listpack.Bytes(owner.Start))));
    }

    static string Value(Random random) => random.Next(6) switch
    {
        0 => random.Next(200).ToString(),
        1 => random.NextInt64(long.MinValue, long.MaxValue).ToString(),
        2 => new string('s', random.Next(70)),
        3 => new string('m', random.Next(60, 300)),
        4 => (random.Next(2) == 0 ? "-" : "") + random.Next(1 << 24),
        _ => "member:" + random.Next(100),
    };
}
