using MiniRedis.Cluster.Migrations;
using static MiniRedis.Server.Tests.Migration.TwoNodes;

namespace MiniRedis.Server.Tests.Migration;

/// <summary>What a cache knows of keys whose slot moves to another node, and purges that are made meanwhile.</summary>
public sealed class CacheMigrationTests
{
    [Fact]
    public void Metadata_move_with_the_keys_and_with_what_changes_meanwhile()
    {
        using var nodes = new TwoNodes();
        nodes.ToSource.Call("CACHE.SET {x}page v EX 100000 STALE 300 TAGS 2 a b COST 7");
        nodes.ToSource.Call("CACHE.SET {x}plain v");
        nodes.Begin(MigrationState.WaitingToPause);
        nodes.ToSource.Call("CACHE.SET {x}late v STALE 100 TAGS 2 b c");
        nodes.ToSource.Call("CACHE.TAG {x}plain d");
        string[] keys = ["{x}page", "{x}late", "{x}plain"];
        var before = keys.Select(key => Carried(nodes.ToSource, key)).ToList();
        nodes.GoOn();
        Wait(nodes.Source, MigrationState.Success);
        Assert.Equal(before, keys.Select(key => Carried(nodes.ToTarget, key)));
        Assert.Contains("stale-window=300000", before[0], StringComparison.Ordinal);
        // The versions of the target go on above those of what it has now.
        var version = long.Parse(nodes.ToTarget.Call("CACHE.PURGE LOCAL TAG b d")[1..], null);
        Assert.True(version > long.Parse(before[1].Split("version=")[1].Split(' ')[0], null));
        Assert.Equal(":0", nodes.ToTarget.Call("EXISTS {x}page {x}late {x}plain"));
    }

    [Theory]
    [InlineData("TAG a")]
    [InlineData("PREFIX {x}p")]
    [InlineData("ALL")]
    public void A_purge_of_the_source_reaches_the_keys_that_are_on_their_way_and_no_others(string scope)
    {
        using var nodes = new TwoNodes();
        // Slot 0 is the target's own.
        const string Own = "{3560}p";
        Assert.Equal("+OK", nodes.ToTarget.Call($"SET {Own}lain v"));
        Assert.StartsWith(":", nodes.ToTarget.Call($"CACHE.SET {Own}age v TAGS 1 a"), StringComparison.Ordinal);
        nodes.ToSource.Call("CACHE.SET {x}page v TAGS 1 a");
        nodes.ToSource.Call("CACHE.SET {x}pstale v STALE 1000 TAGS 1 a");
        nodes.ToSource.Call("SET {x}plain v");
        nodes.ToSource.Call("SET {x}other v");
        nodes.Begin(MigrationState.WaitingToPause);
        Assert.Equal(4, Count(nodes.Target));
        nodes.ToSource.Call($"CACHE.PURGE LOCAL SOFT {scope}");
        nodes.ToSource.Call("CACHE.SET {x}pnew v TAGS 1 a");
        nodes.GoOn();
        Wait(nodes.Source, MigrationState.Success);
        Assert.Equal(":0", nodes.ToTarget.Call("EXISTS {x}page"));
        Assert.Equal(scope.StartsWith("PREFIX", StringComparison.Ordinal) ? ":0" : ":1", nodes.ToTarget.Call("EXISTS {x}plain"));
        Assert.Equal(":2", nodes.ToTarget.Call("EXISTS {x}other {x}pnew"));
        Assert.Contains(" STALE ", nodes.ToTarget.Call("CACHE.GET {x}pstale"), StringComparison.Ordinal);
        Assert.Equal(":2", nodes.ToTarget.Call($"EXISTS {Own}lain {Own}age"));
        nodes.Target.TickUntil(() => !nodes.Target.Server.Keyspace[0].PurgesPrefixes);
        Assert.Equal(":2", nodes.ToTarget.Call("EXISTS {x}other {x}pnew"));
    }

    [Fact]
    public void A_purge_that_the_target_hears_of_first_overtakes_what_it_has_and_the_source_s_later_writes_stay()
    {
        using var nodes = new TwoNodes();
        nodes.ToSource.Call("MSET {x}pa old {x}pb old");
        nodes.Begin(MigrationState.WaitingToPause);
        Assert.Equal(2, Count(nodes.Target));
        // The source has not heard of it: for it, its keys are there.
        nodes.ToTarget.Call("CACHE.PURGE LOCAL PREFIX {x}p");
        nodes.ToSource.Call("APPEND {x}pa new");
        nodes.Target.TickUntil(() => !nodes.Target.Server.Keyspace[0].PurgesPrefixes);
        nodes.GoOn();
        Wait(nodes.Source, MigrationState.Success);
        Assert.Equal(":0", nodes.ToTarget.Call("EXISTS {x}pb"));
        Assert.EndsWith("new", nodes.ToTarget.Call("GET {x}pa"), StringComparison.Ordinal);
    }

    /// <summary>What a key carries, but for what runs with the clock.</summary>
    static string Carried(RawClient client, string key)
    {
        var info = (object?[])client.CallTree($"CACHE.INFO {key}")!;
        var text = "";
        for (var i = 0; i < info.Length; i += 2)
        {
            if (info[i] is "age-ms" or "fresh-ms" or "ttl-ms") continue;
            var value = info[i + 1] is object?[] tags ? string.Join(',', tags.Cast<string>().Order(StringComparer.Ordinal)) : info[i + 1];
            text += $"{info[i]}={value} ";
        }
        return text;
    }
}
