using System.Text;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Caching.Purges;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Storage.Tests.Caching;

public sealed class PurgeLogTests
{
    static PurgeLog NewLog(int capacity = PurgeLog.DefaultCapacity) => new(new HashSeed(1, 2)) { Capacity = capacity };

    [Fact]
    public void It_agrees_with_a_list_of_the_latest_purges()
    {
        var random = new Random(1);
        var log = NewLog(64);
        var all = new List<(long Version, PurgeScope Scope, bool IsSoft, string Name)>();
        var version = 0L;
        var (capacity, forgotten) = (64, 0);
        for (var step = 0; step < 5000; step++)
        {
            version += random.Next(3);
            if (random.Next(200) == 0) log.Capacity = capacity = random.Next(4) == 0 ? random.Next(4) : random.Next(200);
            var scope = random.Next(10) switch { 0 => PurgeScope.All, < 4 => PurgeScope.Prefix, _ => PurgeScope.Tag };
            var name = scope == PurgeScope.All ? "" : new string((char)('a' + random.Next(20)), random.Next(1, 9));
            var isSoft = random.Next(2) == 0;
            log.Add(version, scope, isSoft, Bytes(name));
            all.Add((version, scope, isSoft, name));
            forgotten = Math.Max(forgotten, all.Count - capacity);
            var kept = all.Skip(forgotten).ToList();
            Assert.Equal(kept.Count, log.Count);
            Assert.Equal(forgotten > 0 ? all[forgotten - 1].Version : 0, log.Floor);
            Assert.Equal(version, log.Newest);
            var since = random.NextInt64(version + 2);
            if (kept.Count == 0) continue;
            var key = new string((char)('a' + random.Next(20)), random.Next(1, 9));
            Assert.Equal(
                kept.Exists(e => e.Scope == PurgeScope.Prefix && e.Version > since && key.StartsWith(e.Name, StringComparison.Ordinal)),
                log.HasPrefixOf(Bytes(key), since));
            Assert.Equal(kept.TakeWhile(entry => entry.Version <= since).Count(), log.IndexAfter(since));
            var index = random.Next(kept.Count);
            Assert.Equal(kept[index], (log[index].Version, log[index].Scope, log[index].IsSoft, Encoding.UTF8.GetString(log[index].Name)));
            var asked = kept[random.Next(kept.Count)].Name;
            Assert.Equal(kept.LastOrDefault(e => e.Scope == PurgeScope.Tag && e.Name == asked).Version, log.NewestOf(Bytes(asked)));
            Assert.Equal(kept.LastOrDefault(e => e.Scope == PurgeScope.Tag && e.Name == asked && !e.IsSoft).Version, log.NewestHardOf(Bytes(asked)));
        }
        Assert.Equal(all.Last(entry => entry.Scope == PurgeScope.All).Version, log.NewestOfAll);
        Assert.Equal(0, log.NewestOf("never"u8));
    }

    [Fact]
    public void What_is_noted_after_all_was_forgotten_may_be_below_the_floor_and_never_lowers_it()
    {
        var log = NewLog(2);
        log.Add(5, PurgeScope.Tag, isSoft: false, "a"u8);
        log.Forget(100);
        Assert.Equal((100, 100, 0, 0), (log.Floor, log.Newest, log.Latest, log.Count));
        for (var version = 7; version < 10; version++) log.Add(version, PurgeScope.Tag, isSoft: false, "a"u8);
        Assert.Equal((100, 100, 9, 2), (log.Floor, log.Newest, log.Latest, log.Count));
        Assert.Equal(9, log.NewestOf("a"u8));
        log.Capacity = 0;
        log.Add(10, PurgeScope.Tag, isSoft: false, "a"u8);
        Assert.Equal((100, 100), (log.Floor, log.Newest));
        log.Forget(50);
        Assert.Equal(100, log.Floor);
        log.Clear();
        Assert.Equal((0, 0, 0, 0), (log.Floor, log.Newest, log.NewestOfAll, log.Count));
    }

    [Fact]
    public void Long_names_push_older_ones_out_and_raise_the_floor()
    {
        var log = NewLog();
        var name = new byte[TagTable.MaxNameLength];
        for (var version = 1; version <= 5000; version++)
        {
            BitConverter.TryWriteBytes(name, version);
            log.Add(version, PurgeScope.Tag, isSoft: false, name);
            Assert.Equal(version, log.NewestOf(name));
        }
        Assert.Equal(1024, log.Count);
        Assert.Equal(5000 - 1024, log.Floor);
        Assert.InRange(log.Bytes, 1 << 20, 3 << 19);
        BitConverter.TryWriteBytes(name, 5000 - 1023);
        Assert.Equal(5000 - 1023, log.NewestOf(name));
        BitConverter.TryWriteBytes(name, 5000 - 1024);
        Assert.Equal(0, log.NewestOf(name));
    }

    [Fact]
    public void What_another_server_purged_is_not_known()
    {
        var log = NewLog();
        log.Add(5, PurgeScope.Tag, isSoft: false, "a"u8);
        log.Forget(9);
        Assert.Equal((9, 9, 0), (log.Floor, log.Newest, log.Count));
        Assert.Equal(0, log.NewestOf("a"u8));
        log.Add(10, PurgeScope.Tag, isSoft: true, "a"u8);
        Assert.Equal((9, 10, 1), (log.Floor, log.NewestOf("a"u8), log.Count));
        Assert.Equal(0, log.NewestHardOf("a"u8));
    }

    static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
