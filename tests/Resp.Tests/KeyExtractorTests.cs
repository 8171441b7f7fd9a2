using System.Text;

namespace MiniRedis.Resp.Tests;

public class KeyExtractorTests
{
    private static readonly KeySpec[] Migrate =
        [KeySpec.At(3, KeyFlags.RW), KeySpec.Keyword("KEYS", -2, KeyFlags.RW).Range(-1)];

    public static TheoryData<KeySpec[], string, string?> Requests => new()
    {
        { [KeySpec.At(1, KeyFlags.RO)], "GET a", "a" },
        { [KeySpec.Range(1, -1, 1, KeyFlags.RM)], "DEL a b c", "a b c" },
        { [KeySpec.Range(1, -1, 2, KeyFlags.OW)], "MSET a 1 b 2", "a b" },
        { [KeySpec.Range(1, -2, 1, KeyFlags.RW)], "BLPOP a b 0", "a b" },
        { [KeySpec.Range(1, -2, 1, KeyFlags.RW)], "BLPOP 0", null },
        { [KeySpec.At(1, KeyFlags.RW), KeySpec.At(2, KeyFlags.OW)], "RENAME a b", "a b" },
        { [KeySpec.At(1, KeyFlags.OW), KeySpec.KeyNum(2, KeyFlags.RO)], "ZUNIONSTORE d 2 a b WEIGHTS 1 2", "d a b" },
        { [KeySpec.At(1, KeyFlags.OW), KeySpec.KeyNum(2, KeyFlags.RO)], "ZUNIONSTORE d 3 a b", null },
        { [KeySpec.At(1, KeyFlags.OW), KeySpec.KeyNum(2, KeyFlags.RO)], "ZUNIONSTORE d x a b", null },
        { [KeySpec.At(1, KeyFlags.OW), KeySpec.KeyNum(2, KeyFlags.RO)], "ZUNIONSTORE d -1 a b", null },
        { [KeySpec.At(1, KeyFlags.OW), KeySpec.KeyNum(2, KeyFlags.RO)], "ZUNIONSTORE d 99999999999 a b", null },
        { [KeySpec.At(1, KeyFlags.RW), KeySpec.Range(2, -1, 1, KeyFlags.RO)], "PFMERGE d a b", "d a b" },
        { [KeySpec.At(1, KeyFlags.RW), KeySpec.Range(2, -1, 1, KeyFlags.RO)], "PFMERGE d", "d" },
        { [KeySpec.KeyNum(2, KeyFlags.RW)], "EVAL script 0 x", null },
        { [KeySpec.KeyNum(2, KeyFlags.RW)], "EVAL script 1 x y", "x" },
        { [KeySpec.KeyNum(2, KeyFlags.RW)], "EVAL script", null },
        { [KeySpec.KeyNum(1, KeyFlags.OW, step: 2)], "MSETEX 2 a 1 b 2 EX 100", "a b" },
        { [KeySpec.KeyNum(1, KeyFlags.OW, step: 2)], "MSETEX 3 a 1 b 2", null },
        { [KeySpec.Keyword("STREAMS", 1, KeyFlags.RO).Range(-1, 1, 2)], "XREAD COUNT 1 streams a b 0 0", "a b" },
        { [KeySpec.Keyword("STREAMS", 1, KeyFlags.RO).Range(-1, 1, 2)], "XREAD COUNT 1", "" },
        // A keyword in last place names no key, whichever way it is looked for.
        { [KeySpec.Keyword("STREAMS", 1, KeyFlags.RO).Range(-1, 1, 2)], "XREAD COUNT 1 STREAMS", "" },
        { [KeySpec.Keyword("KEYS", -1, KeyFlags.RW).Range(-1)], "MIGRATE KEYS a", "" },
        { [KeySpec.Keyword("KEYS", -1, KeyFlags.RW).Range(-1)], "MIGRATE host KEYS a", "a" },
        { Migrate, "MIGRATE host 1 key 0 9", "key" },
        { Migrate, "MIGRATE host 1 x 0 9 KEYS a b", "x a b" },
        { [KeySpec.At(1, KeyFlags.RO | KeyFlags.NotKey)], "SPUBLISH channel m", "" },
        { [], "PING", "" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void Keys_are_found_by_the_specs(KeySpec[] specs, string request, string? expected)
    {
        Assert.Equal(expected, Keys(Spec(specs), request));
    }

    [Fact]
    public void A_sharded_channel_counts_where_routing_asks()
    {
        CommandSpec spec = Spec([KeySpec.At(1, KeyFlags.RO | KeyFlags.NotKey)]);
        Assert.Equal("channel", Keys(spec, "SPUBLISH channel m", includeNotKeys: true));
        Assert.False(spec.HasKeys);
    }

    [Fact]
    public void The_commands_own_finder_is_asked_where_specs_do_not_suffice()
    {
        static bool Second(CommandSpec spec, in Request request, ref KeyBuffer keys)
        {
            keys.Add(2, KeyFlags.OW);
            return request.Count > 2;
        }

        Assert.Equal("b", Keys(Spec([KeySpec.At(1, KeyFlags.RW | KeyFlags.VariableFlags)], Second), "SET a b"));
        Assert.Equal("b", Keys(Spec([KeySpec.At(1, KeyFlags.RW), KeySpec.Unknown(KeyFlags.OW | KeyFlags.Incomplete)], Second), "SORT a b"));
        Assert.Equal("a", Keys(Spec([KeySpec.At(1, KeyFlags.RW)], Second), "GET a b"));
        Assert.Null(Keys(Spec([KeySpec.Unknown(KeyFlags.OW)], Second), "SORT a"));
    }

    [Fact]
    public void More_keys_than_the_callers_memory_holds_are_found_too()
    {
        string names = string.Join(' ', Enumerable.Range(0, 1000));
        Assert.Equal(names, Keys(Spec([KeySpec.Range(1, -1, 1, KeyFlags.RO)]), "MGET " + names));
    }

    private static CommandSpec Spec(KeySpec[] keys, KeyFinder? finder = null) => new()
    {
        Name = "X", Group = CommandGroup.Generic, Since = "1.0.0", Summary = "For tests.", Arity = -1, Keys = keys, GetKeys = finder,
    };

    private static string? Keys(CommandSpec spec, string request, bool includeNotKeys = false)
    {
        string[] words = request.Split(' ');
        var args = new ArgBuffer();
        args.Begin();
        foreach (string word in words) args.Add(Encoding.ASCII.GetBytes(word));
        var keys = new KeyBuffer(stackalloc KeyRef[4]);
        bool found = KeyExtractor.TryGetKeys(spec, args.Build(), ref keys, includeNotKeys);
        if (!found) Assert.Equal(0, keys.Count);
        string text = string.Join(' ', keys.Keys.ToArray().Select(k => words[k.Position]));
        keys.Dispose();
        return found ? text : null;
    }
}
