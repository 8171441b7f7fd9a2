using System.Text;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Eviction;

namespace MiniRedis.Server.Tests.Eviction;

public sealed class VictimChoiceTests : IDisposable
{
    readonly LoneParts _parts = new();
    readonly VictimChoice _choice;

    public VictimChoiceTests() =>
        _choice = new VictimChoice(_parts.Keyspace, _parts.AccessFields, _parts.Clock, new Random(1), _parts.Config.Memory);

    public void Dispose() => _parts.Dispose();

    string Find(MaxMemoryPolicy policy)
    {
        _parts.Config.Memory.MaxMemoryPolicy = policy;
        for (var i = 0; i < 1000; i++)
        {
            var search = _choice.Find(out _, out var victim);
            if (search == VictimSearch.Nothing) return "nothing";
            if (search == VictimSearch.Found) return Encoding.Latin1.GetString(victim.Record.Key);
        }
        return "no end";
    }

    void Add(string key, long deadline = -1)
    {
        var record = _parts.Set(key, deadline: deadline);
        record.AccessField = _parts.AccessFields.Initial;
        _parts.AccessFields.Touch(record);
    }

    [Theory]
    [InlineData("AllKeysRandom")]
    [InlineData("AllKeysLru")]
    [InlineData("AllKeysLfu")]
    [InlineData("VolatileRandom")]
    [InlineData("VolatileLru")]
    [InlineData("VolatileLfu")]
    [InlineData("VolatileTtl")]
    public void A_policy_for_keys_with_a_deadline_finds_no_other(string name)
    {
        var policy = Enum.Parse<MaxMemoryPolicy>(name);
        _parts.Config.Memory.MaxMemoryPolicy = policy;
        Assert.Equal("nothing", Find(policy));
        Add("k");
        Assert.Equal(name.StartsWith("Volatile", StringComparison.Ordinal) ? "nothing" : "k", Find(policy));
        _parts.Keyspace[0].Delete(_parts.Lookup("k"));
        Add("k", _parts.Time.Now + 1000);
        Assert.Equal("k", Find(policy));
    }

    [Fact]
    public void Under_LRU_the_key_goes_that_was_used_longest_ago()
    {
        _parts.Config.Memory.MaxMemoryPolicy = MaxMemoryPolicy.AllKeysLru;
        _parts.Config.Memory.MaxMemorySamples = 64;
        foreach (var key in new[] { "a", "b", "c" })
        {
            Add(key);
            _parts.Advance(TimeSpan.FromSeconds(10));
        }
        _parts.AccessFields.Touch(_parts.Lookup("a").Record);
        Assert.Equal("b", Find(MaxMemoryPolicy.AllKeysLru));
        _parts.Keyspace[0].Delete(_parts.Lookup("b"));
        Assert.Equal("c", Find(MaxMemoryPolicy.AllKeysLru));
    }

    [Fact]
    public void Under_LFU_the_key_goes_that_was_used_least_often()
    {
        _parts.Config.Memory.MaxMemoryPolicy = MaxMemoryPolicy.AllKeysLfu;
        _parts.Config.Memory.MaxMemorySamples = 64;
        _parts.Config.Memory.LfuLogFactor = 0;
        foreach (var (key, uses) in new[] { ("a", 5), ("b", 2), ("c", 9) })
        {
            Add(key);
            for (var i = 0; i < uses; i++) _parts.AccessFields.Touch(_parts.Lookup(key).Record);
        }
        Assert.Equal("b", Find(MaxMemoryPolicy.AllKeysLfu));
    }

    [Fact]
    public void Under_TTL_the_key_goes_whose_deadline_comes_first_of_all_databases()
    {
        Add("a", _parts.Time.Now + 3000);
        _parts.Set("b", deadline: _parts.Time.Now + 1000, database: 1);
        Add("c", _parts.Time.Now + 2000);
        Assert.Equal("b", Find(MaxMemoryPolicy.VolatileTtl));
        _parts.Keyspace[1].Delete(_parts.Lookup("b", 1));
        _parts.Set("d", deadline: _parts.Time.Now + 4000, database: 1);
        Assert.Equal("c", Find(MaxMemoryPolicy.VolatileTtl));
    }
}
