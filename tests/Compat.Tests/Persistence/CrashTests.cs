using System.Diagnostics;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>
/// Servers are killed at random moments under load, and started again on what they left. MINIREDIS_CRASHES is the number of kills a
/// test, if it is to be more than a few; MINIREDIS_FUZZ_SEED is where the moments come from. What is killed is a process: what the
/// system has accepted from it is there afterwards, synced or not.
/// </summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    const int Writers = 4;

    /// <summary>Lives of one directory: lists are not to grow for ever.</summary>
    const int KillsPerDirectory = 4;

    /// <summary>Milliseconds that a server lives under load, from and to.</summary>
    static readonly (int Shortest, int Longest) s_short = (1, 500);

    /// <summary>Longer than two seconds, so that something is promised by everysec.</summary>
    static readonly (int Shortest, int Longest) s_long = (2000, 3200);

    static readonly string[] s_always = ["--appendonly", "yes", "--appendfsync", "always"];
    static readonly string[] s_everySecond = ["--appendonly", "yes", "--appendfsync", "everysec"];

    static readonly TimeSpan s_atOnce = TimeSpan.Zero, s_twoSeconds = TimeSpan.FromSeconds(2);

    [Fact]
    public void With_always_nothing_that_was_acknowledged_is_lost() => Crash(s_always, 2, s_short, new Acknowledged(s_atOnce));

    [Fact]
    public void With_always_nothing_is_lost_while_the_file_is_rewritten() =>
        Crash([.. s_always, "--aof-timestamp-enabled", "yes"], 3, s_short, new Acknowledged(s_atOnce, "BGREWRITEAOF"));

    [Fact]
    public void With_everysec_nothing_that_was_acknowledged_two_seconds_before_is_lost() =>
        Crash(s_everySecond, 2, s_long, new Acknowledged(s_twoSeconds));

    [Fact]
    public void With_everysec_nothing_older_than_two_seconds_is_lost_while_the_file_is_rewritten() =>
        Crash([.. s_everySecond, "--aof-use-rdb-preamble", "no"], 2, s_long, new Acknowledged(s_twoSeconds, "BGREWRITEAOF"));

    [Fact]
    public void A_snapshot_file_always_loads_and_shows_one_instant_not_before_the_last_that_ended_well() =>
        Crash(["--save", "1 1"], 3, s_short, new Saved());

    /// <summary>Kills and starts again. The seed of a failure is in its message.</summary>
    void Crash(string[] directives, int kills, (int Shortest, int Longest) life, IPromise promise)
    {
        var seed = RunSettings.Seed;
        var random = new Random(seed);
        kills = RunSettings.Kills(kills);
        for (var done = 0; done < kills; done += KillsPerDirectory)
        {
            using var server = new MortalServer(directives);
            try
            {
                Crash(server, Math.Min(KillsPerDirectory, kills - done), life, random, promise);
            }
            catch (Exception failure)
            {
                server.KeepsFiles = true;
                throw new InvalidOperationException($"Seed {seed}, after {done} kills: {failure.Message}", failure);
            }
        }
    }

    void Crash(MortalServer server, int kills, (int Shortest, int Longest) life, Random random, IPromise promise)
    {
        var writers = Enumerable.Range(0, Writers).Select(i => new CrashWriter(i, random.Next())).ToArray();
        var least = new long[Writers];
        server.Start();
        for (var i = 0; i < kills; i++)
        {
            var moment = Live(server, writers, TimeSpan.FromMilliseconds(random.Next(life.Shortest, life.Longest)), promise);
            for (var w = 0; w < Writers; w++) least[w] = promise.Least(writers[w], w, moment);
            var answered = writers.Sum(w => w.Acknowledged);

            server.Start();
            using var client = server.Connect();
            var units = 0L;
            for (var w = 0; w < Writers; w++) units += writers[w].Check(client, least[w]);
            // A key of everybody's: a file that shows writers at different instants shows it here.
            Assert.Equal(units, CrashWriter.Number(client, "total"));
            output.WriteLine($"{answered} steps were answered, {least.Sum()} promised, {writers.Sum(w => w.Acknowledged)} are there");
        }
    }

    /// <summary>Has everybody write until the moment comes; answers which that was.</summary>
    static long Live(MortalServer server, CrashWriter[] writers, TimeSpan life, IPromise promise)
    {
        using var stopped = new ManualResetEventSlim();
        Exception? failure = null;
        promise.Begin(writers);
        var threads = new List<Thread>();
        Begin(client => promise.Run(client, writers, stopped));
        foreach (var writer in writers) Begin(writer.Run);

        // Until the moment comes, or somebody fails.
        stopped.Wait(life);
        var moment = Stopwatch.GetTimestamp();
        var wasAlive = server.IsAlive;
        server.Kill();
        stopped.Set();
        foreach (var thread in threads) thread.Join();
        Assert.True(failure is null, $"{failure}");
        Assert.True(wasAlive, "The server ended by itself");
        return moment;

        void Begin(Action<RawClient> run)
        {
            var client = server.Connect();
            var thread = new Thread(() =>
            {
                try
                {
                    using (client) run(client);
                }
                catch (Exception thrown)
                {
                    failure = thrown;
                    stopped.Set();
                }
            });
            threads.Add(thread);
            thread.Start();
        }
    }

    /// <summary>What a server must keep, and who sees to it that there is something to keep.</summary>
    interface IPromise
    {
        /// <summary>A life begins.</summary>
        void Begin(CrashWriter[] writers);

        /// <summary>Runs on a connection of its own until the server is gone.</summary>
        void Run(RawClient client, CrashWriter[] writers, ManualResetEventSlim stopped);

        /// <summary>Steps of a writer that must be there after a kill.</summary>
        long Least(CrashWriter writer, int index, long moment);
    }

    /// <summary>Keeps what it acknowledged so long ago, whatever it is told to do meanwhile.</summary>
    sealed class Acknowledged(TimeSpan age, string? meanwhile = null) : IPromise
    {
        static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

        public void Begin(CrashWriter[] writers)
        {
        }

        public void Run(RawClient client, CrashWriter[] writers, ManualResetEventSlim stopped)
        {
            if (meanwhile is null) return;
            try
            {
                // It refuses while one runs.
                do client.Call(meanwhile);
                while (!stopped.Wait(s_pause));
            }
            catch (IOException)
            {
                // Killed.
            }
        }

        public long Least(CrashWriter writer, int index, long moment) =>
            age == TimeSpan.Zero ? writer.Acknowledged : writer.AcknowledgedBefore(moment, age);
    }

    /// <summary>Keeps what was there when the last BGSAVE began that is known to have ended well.</summary>
    sealed class Saved : IPromise
    {
        static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(2);
        long[] _least = [];

        public void Begin(CrashWriter[] writers) => _least = Now(writers);

        static long[] Now(CrashWriter[] writers) => [.. writers.Select(w => w.Acknowledged)];

        public void Run(RawClient client, CrashWriter[] writers, ManualResetEventSlim stopped)
        {
            try
            {
                while (!stopped.IsSet)
                {
                    var before = Now(writers);
                    // Refused while one runs that a save point began.
                    var isOurs = client.Call("BGSAVE") == "+Background saving started";
                    string info;
                    while ((info = client.Call("INFO persistence")).Contains("rdb_bgsave_in_progress:1", StringComparison.Ordinal))
                        if (stopped.Wait(s_pause)) return;
                    if (!info.Contains("rdb_last_bgsave_status:ok", StringComparison.Ordinal)) throw new InvalidOperationException(info);
                    if (isOurs) _least = before;
                }
            }
            catch (IOException)
            {
                // Killed.
            }
        }

        public long Least(CrashWriter writer, int index, long moment) => _least[index];
    }
}
