using System.Text;
using MiniRedis.Server.Effects;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Server.Tests.Effects;

public sealed class CacheEffectsTests : IDisposable
{
    readonly LoneParts _parts = new();

    public void Dispose() => _parts.Dispose();

    void Give(string key, params string[] tags)
    {
        var names = new byte[tags.Sum(t => 2 + t.Length)];
        var used = 0;
        foreach (var tag in tags) used += TagNames.Put(names.AsSpan(used), Encoding.Latin1.GetBytes(tag));
        _parts.Set(key);
        _parts.Keyspace[0].SetMetadata(_parts.Lookup(key), new() { Created = 7, SlideLimit = -1 }, new TagNames(names));
    }

    [Fact]
    public void Metadata_of_a_key_go_as_the_argument_of_a_PING_in_the_same_unit()
    {
        Give("page", "a", "bc");
        _parts.Effects.Begin(0, 3);
        _parts.Effects.Add("SET"u8);
        _parts.Effects.Add("page"u8);
        _parts.Effects.Add(""u8);
        CacheEffects.Metadata(_parts.Effects, _parts.Keyspace[0], _parts.Lookup("page"));
        _parts.Effects.EndUnit();
        Assert.Equal(["SET page ", "PING mrc1k\u0004page\0\u0007\u0007\u0001\0a\u0002\0bc"], _parts.Recorded.Commands);
    }

    [Fact]
    public void A_purge_names_what_the_request_names()
    {
        CacheEffects.Purge(_parts.Effects, 0, 9, isSoft: true, PurgeScope.Tag, new(LoneParts.Request("CACHE.PURGE", "SOFT", "TAG", "a", "bc"), 3));
        CacheEffects.Purge(_parts.Effects, 1, 10, isSoft: false, PurgeScope.Tag, new("a"u8));
        CacheEffects.Purge(_parts.Effects, 0, 11, isSoft: false, PurgeScope.All, new([]));
        _parts.Effects.EndUnit();
        Assert.Equal(["PING mrc1p\u0001\0\u0009\u0001a\u0002bc", "PING mrc1p\0\0\u000a\u0001a", "PING mrc1p\0\u0001\u000b"], _parts.Recorded.Commands);
    }

    [Fact]
    public void What_an_exception_left_of_an_argument_does_not_get_into_the_next()
    {
        _parts.Effects.Begin(0, 2);
        _parts.Effects.Add("PING"u8);
        CachePayload.BeginKeys(_parts.Effects.Argument);
        _parts.Effects.DropUnfinished();
        CacheEffects.Purge(_parts.Effects, 0, 11, isSoft: false, PurgeScope.All, new([]));
        _parts.Effects.EndUnit();
        Assert.Equal(["PING mrc1p\0\u0001\u000b"], _parts.Recorded.Commands);
    }
}
