using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.RateLimiting;
using Hangfire;
using Hangfire.Redis.StackExchange;
using Medallion.Threading.Redis;
using RedisRateLimiting;
using StackExchange.Redis;

namespace MiniRedis.Compat.Tests;

/// <summary>Libraries of .NET whose work is done by scripts: jobs, locks, rate limits.</summary>
public sealed class ScriptUsersTests : IDisposable
{
    readonly ServerProcess _server = new();
    readonly ConnectionMultiplexer _connection;

    public ScriptUsersTests() => _connection = ConnectionMultiplexer.Connect($"127.0.0.1:{_server.Port},syncTimeout=10000,connectTimeout=10000");

    public void Dispose()
    {
        _connection.Dispose();
        _server.Dispose();
    }

    static void WaitFor(Func<bool> condition)
    {
        for (var patience = Stopwatch.StartNew(); !condition(); Thread.Yield())
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(60), "it did not come to pass");
    }

    [Fact]
    public void Hangfire_runs_jobs_continuations_and_schedules()
    {
        var storage = new RedisStorage(_connection, new RedisStorageOptions { Db = 3 });
        var client = new BackgroundJobClient(storage);
        var first = client.Enqueue(() => HangfireJobs.Work("first"));
        client.ContinueJobWith(first, () => HangfireJobs.Work("second"));
        client.Schedule(() => HangfireJobs.Work("later"), TimeSpan.FromMilliseconds(50));
        for (var i = 0; i < 50; i++) client.Enqueue(() => HangfireJobs.Work("many"));
        new RecurringJobManager(storage).AddOrUpdate("yearly", () => HangfireJobs.Work("never"), Cron.Yearly);
        var options = new BackgroundJobServerOptions { WorkerCount = 4, SchedulePollingInterval = TimeSpan.FromMilliseconds(50) };
        using (new BackgroundJobServer(options, storage)) WaitFor(() => storage.GetMonitoringApi().SucceededListCount() == 53);
        Assert.Equal(50, HangfireJobs.Done.Count(name => name == "many"));
        Assert.Equal(["first", "later", "second"], HangfireJobs.Done.Where(name => name != "many").Order());
        Assert.Equal(0, storage.GetMonitoringApi().FailedCount());
    }

    [Fact]
    public async Task Distributed_locks_exclude_each_other()
    {
        var db = _connection.GetDatabase();
        var count = 0;
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            var locked = new RedisDistributedLock("lock", db, o => o.BusyWaitSleepTime(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(3)));
            for (var i = 0; i < 10; i++)
            {
                await using var handle = await locked.AcquireAsync(TimeSpan.FromSeconds(60));
                var seen = count;
                await db.PingAsync();
                count = seen + 1;
            }
        })));
        Assert.Equal(60, count);

        var semaphore = new RedisDistributedSemaphore("semaphore", 2, db);
        await using (var one = await semaphore.TryAcquireAsync())
        await using (var two = await semaphore.TryAcquireAsync())
        {
            Assert.NotNull(one);
            Assert.NotNull(two);
            Assert.Null(await semaphore.TryAcquireAsync());
        }
        var shared = new RedisDistributedReaderWriterLock("shared", db);
        await using (var reader = await shared.TryAcquireReadLockAsync())
        {
            Assert.NotNull(reader);
            await using var other = await shared.TryAcquireReadLockAsync();
            Assert.NotNull(other);
            Assert.Null(await shared.TryAcquireWriteLockAsync());
        }
        await using var writer = await shared.TryAcquireWriteLockAsync();
        Assert.NotNull(writer);
    }

    [Fact]
    public async Task Rate_limits_are_kept()
    {
        var minute = TimeSpan.FromMinutes(1);
        Func<IConnectionMultiplexer> connect = () => _connection;
        RateLimiter[] limiters =
        [
            new RedisFixedWindowRateLimiter<string>("fixed", new() { ConnectionMultiplexerFactory = connect, PermitLimit = 5, Window = minute }),
            new RedisSlidingWindowRateLimiter<string>("sliding", new() { ConnectionMultiplexerFactory = connect, PermitLimit = 5, Window = minute }),
            new RedisTokenBucketRateLimiter<string>(
                "bucket", new() { ConnectionMultiplexerFactory = connect, TokenLimit = 5, TokensPerPeriod = 1, ReplenishmentPeriod = minute }),
            new RedisConcurrencyRateLimiter<string>("concurrent", new() { ConnectionMultiplexerFactory = connect, PermitLimit = 5 }),
        ];
        foreach (var limiter in limiters)
        {
            var leases = new List<RateLimitLease>();
            for (var i = 0; i < 8; i++) leases.Add(await limiter.AcquireAsync(1, TestContext.Current.CancellationToken));
            Assert.Equal([true, true, true, true, true, false, false, false], leases.Select(lease => lease.IsAcquired));
            foreach (var lease in leases) lease.Dispose();
        }
        // Leases that were given back count no longer.
        using var again = await limiters[^1].AcquireAsync(1, TestContext.Current.CancellationToken);
        Assert.True(again.IsAcquired);
        foreach (var limiter in limiters) await limiter.DisposeAsync();
    }
}

/// <summary>What Hangfire runs: it finds the method by its name.</summary>
public static class HangfireJobs
{
    internal static ConcurrentBag<string> Done { get; } = [];

    public static void Work(string name) => Done.Add(name);
}
