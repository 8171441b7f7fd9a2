using System.Globalization;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>
/// Servers are killed at random moments while keys are written and purged, by prefix and by tag, and swept, with appendfsync always or with a
/// replica. On what they left, nothing that was purged and acknowledged is alive, and nothing that was not purged is lost. MINIREDIS_CRASHES and
/// MINIREDIS_FUZZ_SEED as in <see cref="CrashTests"/>.
/// </summary>
public sealed class PurgeCrashTests(ITestOutputHelper output)
{
    const int Writers = 2, Prefixes = 8, KeysAPrefix = 250, Tags = 6, LivesADirectory = 4;

    static readonly (int Shortest, int Longest) s_life = (1, 400);

    [Theory]
    [InlineData(null)]
    [InlineData("BGREWRITEAOF")]
    public void What_was_purged_stays_dead_and_nothing_else_is_lost(string? meanwhile)
    {
        var seed = RunSettings.Seed;
        var random = new Random(seed);
        var kills = RunSettings.Kills(3);
        for (var done = 0; done < kills; done += LivesADirectory)
        {
            using var server = new MortalServer("--appendonly", "yes", "--appendfsync", "always", "--enable-debug-command", "yes");
            try
            {
                var writers = Enumerable.Range(0, Writers).Select(i => new Writer(i, random.Next())).ToArray();
                for (var i = 0; i < Math.Min(LivesADirectory, kills - done); i++)
                {
                    server.Start();
                    Live(server, writers, random.Next(s_life.Shortest, s_life.Longest), meanwhile);
                    server.Start();
                    using var client = server.Connect();
                    foreach (var writer in writers) writer.Check(client);
                    output.WriteLine($"{writers.Sum(w => w.Steps)} steps, {writers.Sum(w => w.Purges)} purges, {client.Call("DBSIZE")}");
                    server.Kill();
                }
            }
            catch (Exception failure)
            {
                server.KeepsFiles = true;
                throw new InvalidOperationException($"Seed {seed}, after {done} kills: {failure.Message}", failure);
            }
        }
    }

    [Fact]
    public void A_replica_that_takes_over_has_no_key_whose_purge_it_has_acknowledged()
    {
        var seed = RunSettings.Seed;
        var random = new Random(seed);
        for (var done = 0; done < RunSettings.Kills(2); done++)
        {
            var port = ServerProcess.FreePort();
            using var master = new MortalServer("--port", $"{port}", "--repl-diskless-sync-delay", "0");
            using var replica = new MortalServer("--replicaof", "127.0.0.1", $"{port}");
            master.Start();
            replica.Start();
            using var client = replica.Connect();
            Assert.True(SpinWait.SpinUntil(
                () => client.Call("INFO replication").Contains("master_link_status:up", StringComparison.Ordinal), TimeSpan.FromSeconds(30)));
            var writers = Enumerable.Range(0, Writers).Select(i => new Writer(i, random.Next()) { IsReplicated = true }).ToArray();
            Live(master, writers, random.Next(s_life.Shortest, s_life.Longest), meanwhile: null);
            Assert.Equal("+OK", client.Call("REPLICAOF NO ONE"));
            foreach (var writer in writers) writer.Check(client);
            output.WriteLine($"{writers.Sum(w => w.Steps)} steps, {writers.Sum(w => w.Purges)} purges, {client.Call("DBSIZE")}");
        }
    }

    static void Live(MortalServer server, Writer[] writers, int milliseconds, string? meanwhile)
    {
        using var stopped = new ManualResetEventSlim();
        Exception? failure = null;
        var threads = new List<Thread>();
        foreach (var writer in writers) Begin(writer.Run);
        if (meanwhile is not null)
        {
            Begin(client =>
            {
                // It refuses while one runs.
                do client.Call(meanwhile);
                while (!stopped.Wait(TimeSpan.FromMilliseconds(5)));
            });
        }
        stopped.Wait(milliseconds);
        server.Kill();
        stopped.Set();
        foreach (var thread in threads) thread.Join();
        Assert.True(failure is null, $"{failure}");

        void Begin(Action<RawClient> run)
        {
            var client = server.Connect();
            var thread = new Thread(() =>
            {
                try
                {
                    using (client) run(client);
                }
                catch (IOException)
                {
                    // Killed.
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

    /// <summary>Writes and purges keys of its own, one command after the other, and knows what there is.</summary>
    sealed class Writer(int number, int seed)
    {
        readonly Random _random = new(seed);
        readonly Dictionary<string, (string Value, string Tag)> _alive = [];

        // What the command that was not answered changes: it may have been carried out or not.
        Dictionary<string, (string Value, string Tag)?> _pending = [];

        /// <summary>Whether a command counts as acknowledged when a replica has it.</summary>
        public bool IsReplicated { get; init; }

        public int Steps { get; private set; }

        public int Purges { get; private set; }

        string Key(int prefix, int key) => string.Create(CultureInfo.InvariantCulture, $"{number}:{prefix}:{key}");

        public void Run(RawClient client)
        {
            while (true) Step(client);
        }

        void Step(RawClient client)
        {
            var prefix = _random.Next(Prefixes);
            var key = Key(prefix, _random.Next(KeysAPrefix));
            var (value, tag) = (string.Create(CultureInfo.InvariantCulture, $"v{Steps}"), $"{number}t{_random.Next(Tags)}");
            var changes = new Dictionary<string, (string Value, string Tag)?>();
            string command;
            switch (_random.Next(12))
            {
                case < 3:
                    command = $"SET {key} {value}";
                    changes[key] = (value, "");
                    break;
                case < 5:
                    command = $"CACHE.SET {key} {value} TAGS 1 {tag}";
                    changes[key] = (value, tag);
                    break;
                case < 7:
                    // A whole prefix, so that a purge leaves the sweep something to do.
                    command = "MSET";
                    for (var i = 0; i < KeysAPrefix; i += 5)
                    {
                        command += $" {Key(prefix, i)} {value}";
                        changes[Key(prefix, i)] = (value, "");
                    }
                    break;
                case 7:
                    command = $"APPEND {key} x";
                    changes[key] = _alive.TryGetValue(key, out var old) ? (old.Value + "x", old.Tag) : ("x", "");
                    break;
                case 8:
                    command = $"DEL {key}";
                    changes[key] = null;
                    break;
                case 9:
                    command = $"CACHE.PURGE{Softly} TAG {tag}";
                    foreach (var name in _alive.Where(entry => entry.Value.Tag == tag)) changes[name.Key] = null;
                    break;
                default:
                    var begin = _random.Next(3) == 0 ? Key(prefix, _random.Next(10)) : $"{number}:{prefix}:";
                    command = $"CACHE.PURGE{Softly} PREFIX {begin}";
                    foreach (var name in _alive.Keys.Where(name => name.StartsWith(begin, StringComparison.Ordinal))) changes[name] = null;
                    break;
            }
            _pending = changes;
            var reply = client.Call(command);
            if (reply.StartsWith('-')) throw new InvalidOperationException($"{command}: {reply}");
            if (IsReplicated && client.Call("WAIT 1 0") is not ":1" and var copies) throw new InvalidOperationException($"{command}: {copies}");
            foreach (var (name, now) in changes) Know(name, now);
            _pending = [];
            Steps++;
            if (command.StartsWith("CACHE.PURGE", StringComparison.Ordinal)) Purges++;
        }

        /// <summary>A soft purge kills keys that have no stale window.</summary>
        string Softly => _random.Next(3) == 0 ? " SOFT" : "";

        void Know(string name, (string Value, string Tag)? now)
        {
            if (now is { } entry) _alive[name] = entry;
            else _alive.Remove(name);
        }

        /// <summary>What the server has is what was acknowledged, and of the last command all or nothing.</summary>
        public void Check(RawClient client)
        {
            bool? isDone = null;
            for (var prefix = 0; prefix < Prefixes; prefix++)
            {
                var names = Enumerable.Range(0, KeysAPrefix).Select(key => Key(prefix, key)).ToList();
                var values = (object?[])client.CallTree($"MGET {string.Join(' ', names)}")!;
                for (var i = 0; i < names.Count; i++)
                {
                    var (name, there) = (names[i], (string?)values[i]);
                    var before = _alive.TryGetValue(name, out var entry) ? entry.Value : null;
                    if (_pending.TryGetValue(name, out var change) && change?.Value != before)
                    {
                        isDone ??= there == change?.Value;
                        if (isDone.Value) before = change?.Value;
                    }
                    Assert.Equal((name, before), (name, there));
                }
            }
            if (isDone == true)
            {
                foreach (var (name, now) in _pending) Know(name, now);
            }
            _pending = [];
        }
    }
}
