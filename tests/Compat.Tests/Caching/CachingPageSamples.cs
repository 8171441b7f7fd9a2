using System.Text.Json;
using StackExchange.Redis;

namespace MiniRedis.Compat.Tests.Caching;

/// <summary>The samples of docs/caching.md for StackExchange.Redis; between the marks both have the same text.</summary>
static class CachingPageSamples
{
    public static async Task Run(int port)
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{port}");
        var db = connection.GetDatabase();

        // sample
        async Task<T> Cached<T>(IDatabase db, string key, Func<Task<T>> compute, params object[] options)
        {
            while (true)
            {
                // No WAIT: StackExchange.Redis has one connection, and everybody behind this command would wait.
                var reply = (RedisResult[])(await db.ExecuteAsync("CACHE.GET", key, "LEASE", 10000))!;
                if (reply[2].IsNull && !reply[0].IsNull) return JsonSerializer.Deserialize<T>((string)reply[0]!)!;
                if ((string)reply[1]! == "HELD") throw new InvalidOperationException("The source is down.");
                if (reply[2].IsNull && (long)reply[3] > 0)
                {
                    await Task.Delay(20);
                    continue;
                }
                var fresh = await compute();
                if (!reply[2].IsNull)
                    await db.ExecuteAsync("CACHE.SET", [key, JsonSerializer.Serialize(fresh), .. options, "LEASE", (string)reply[2]!]);
                return fresh;
            }
        }
        // end

        // sample
        await db.KeyDeleteAsync("user:7");
        Assert.Equal("Eve", await Cached(db, "user:7", () => Task.FromResult("Eve"), "EX", 60));
        // end

        // sample
        await Cached(db, "stock", () => Task.FromResult(1), "EX", 60, "STALE", 300);
        Assert.Equal(1, (long)await db.ExecuteAsync("CACHE.STALE", "stock"));
        Assert.Equal(2, await Cached(db, "stock", () => Task.FromResult(2), "EX", 60, "STALE", 300));
        // end

        // sample
        await db.ExecuteAsync("CACHE.SET", "report", "1", "EX", 1000, "JITTER", 10);
        Assert.InRange((await db.KeyTimeToLiveAsync("report"))!.Value.TotalSeconds, 899, 1000);
        // end

        // sample
        await db.ExecuteAsync("CACHE.POLICY", "SET", "reports:", "TTL", 3600, "JITTER", 10);
        await db.StringSetAsync("reports:1", "as the application has always done");
        Assert.InRange((await db.KeyTimeToLiveAsync("reports:1"))!.Value.TotalSeconds, 3239, 3600);
        // end

        // sample
        await db.ExecuteAsync("CACHE.SET", "order:404", "", "EX", 30, "NEGATIVE");
        var negative = (RedisResult[])(await db.ExecuteAsync("CACHE.GET", "order:404"))!;
        Assert.True(negative[0].IsNull && (string)negative[1]! == "FRESH");
        // end

        // sample
        var lease = (RedisResult[])(await db.ExecuteAsync("CACHE.GET", "quotes", "LEASE", 10000))!;
        Assert.Equal(1, (long)await db.ExecuteAsync("CACHE.LEASE", "quotes", (string)lease[2]!, "HOLD", 5000));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Cached(db, "quotes", () => Task.FromResult(1)));
        // end

        // sample
        await Cached(db, "page:3", () => Task.FromResult("<html>"), "EX", 60, "TAGS", 1, "user:9");
        await db.ExecuteAsync("CACHE.PURGE", "TAG", "user:9");
        Assert.False(await db.KeyExistsAsync("page:3"));
        // end

        // sample
        await db.StringSetAsync("stock:a:1", "1");
        await db.ExecuteAsync("CACHE.PURGE", "PREFIX", "stock:a:");
        Assert.False(await db.KeyExistsAsync("stock:a:1"));
        // end

        // sample
        await db.ExecuteAsync("CACHE.SET", "session:3", "cart", "SLIDE", 1800, "EX", 86400);
        Assert.Equal("cart", (string?)await db.StringGetAsync("session:3"));
        // end

        // sample
        await db.StringGetAsync("reports:2");
        var stats = (await db.ExecuteAsync("CACHE.STATS", "reports:")).ToDictionary();
        Assert.Equal((1, 0), ((int)stats["misses"], (int)stats["fills"]));
        // end

        // sample
        var messages = await db.Multiplexer.GetSubscriber().SubscribeAsync(RedisChannel.Literal("__cache@0__:purge"));
        await db.ExecuteAsync("CACHE.PURGE", "TAG", "posts");
        Assert.EndsWith(" HARD TAG posts", (string?)(await messages.ReadAsync()).Message);
        // end

        // sample
        Assert.Equal(0, (long)((RedisResult[])(await db.ExecuteAsync("CL.THROTTLE", "login:9", 2, 3, 60))!)[0]);
        // end
    }
}
