using System.Diagnostics;
using System.Globalization;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>
/// A server under everything at once: random changes by several clients with a model beside them, eviction, BGSAVE and rewrites, and one
/// fault after the other that the machine can make. After each, every key is what its writer was told.
/// <para>
/// MINIREDIS_PRESSURE_SECONDS is how long; MINIREDIS_PRESSURE_SERVER is a native executable, which memory is refused to as well (the
/// runtime's compiler would be the one to end the process); MINIREDIS_FUZZ_SEED is where the faults come from. Needs prlimit(1).
/// </para>
/// </summary>
public sealed class PressureTests(ITestOutputHelper output) : IDisposable
{
    const int Writers = 4, DefaultSeconds = 8;

    /// <summary>The longest that a server works without a fault.</summary>
    const int LongestCalm = 1500;

    /// <summary>What a server may keep of what it held: buffers, tables that shrink later, the collected heap.</summary>
    const long MostKept = 64 << 20;

    static readonly string[] s_directives =
    [
        "--appendonly", "yes", "--maxmemory", "24mb", "--maxmemory-policy", "volatile-lru", "--enable-debug-command", "yes",
        "--auto-aof-rewrite-percentage", "0",
    ];

    static readonly string[] s_settings =
    [
        "appendfsync everysec", "appendfsync always", "appendfsync no", "activedefrag yes", "activedefrag no", "maxmemory 16mb", "maxmemory 24mb",
        "hash-max-listpack-entries 8", "hash-max-listpack-entries 512", "zset-max-listpack-entries 8", "zset-max-listpack-entries 128",
        "list-max-listpack-size 8", "list-max-listpack-size -2", "list-compress-depth 1", "list-compress-depth 0", "rdbcompression no",
        "rdbcompression yes", "aof-use-rdb-preamble no", "aof-use-rdb-preamble yes", "lazyfree-lazy-eviction yes", "lazyfree-lazy-eviction no",
    ];

    readonly Random _random = new(RunSettings.Seed);
    readonly ReaderWriterLockSlim _gate = new();
    readonly Dictionary<string, int> _done = [];
    PressureWriter[] _writers = [];
    MortalServer _server = null!;
    int _lives;

    public void Dispose() => _gate.Dispose();

    [Fact]
    public void Whatever_the_machine_does_every_key_is_what_its_writer_was_told()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "limits of a running process are set on Linux");
        using var server = new MortalServer(s_directives) { Executable = RunSettings.PressureServer };
        _server = server;
        Start();
        if (!server.TryLimit("fsize", "unlimited")) Assert.Skip("needs prlimit(1)");
        _writers = [.. Enumerable.Range(0, Writers).Select(i => new PressureWriter(i, _random.Next()))];
        Exception? failure = null;
        var isOver = false;
        var threads = _writers.Select(writer => new Thread(() =>
        {
            try
            {
                writer.Run(server.Connect, _gate, () => Volatile.Read(ref isOver));
            }
            catch (Exception thrown)
            {
                Volatile.Write(ref failure, thrown);
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        try
        {
            Run(() => Volatile.Read(ref failure));
        }
        catch (Exception thrown)
        {
            failure ??= thrown;
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            if (failure is not null) server.Kill();
            threads.ForEach(thread => thread.Join());
        }
        server.KeepsFiles = failure is not null;
        Assert.True(failure is null, $"Seed {RunSettings.Seed}, files in {server.Folder}: {failure}");
        EndEmpty();
    }

    void Run(Func<Exception?> failure)
    {
        var faults = new List<Action> { Kill, Terminate, FillDisk, TakeDescriptors, Stop, HangUp, SlowDisk, ReadNothing, DropClients };
        if (RunSettings.PressureServer is not null) faults.Add(RefuseMemory);
        var length = RunSettings.Pressure(DefaultSeconds);
        var elapsed = Stopwatch.StartNew();
        var told = TimeSpan.Zero;
        for (var round = 0; elapsed.Elapsed < length || round < faults.Count; round++)
        {
            // Each in turn at first, so that a short run has all of them.
            var fault = round < faults.Count ? faults[round] : faults[_random.Next(faults.Count)];
            Thread.Sleep(_random.Next(round < faults.Count ? 50 : LongestCalm));
            using (var client = _server.Connect())
            {
                client.Call("CONFIG SET " + s_settings[_random.Next(s_settings.Length)]);
                client.Call(_random.Next(2) == 0 ? "BGSAVE" : "BGREWRITEAOF");
            }
            fault();
            _done[fault.Method.Name] = _done.GetValueOrDefault(fault.Method.Name) + 1;
            if (failure() is not null) return;
            Check();
            if (elapsed.Elapsed - told < length / 30) continue;
            told = elapsed.Elapsed;
            Tell(elapsed.Elapsed);
        }
        Tell(elapsed.Elapsed);
        output.WriteLine(string.Join(", ", _done.Select(fault => $"{fault.Key} {fault.Value}")));
    }

    void Start()
    {
        _server.Start();
        _lives++;
    }

    void Tell(TimeSpan elapsed)
    {
        using var client = _server.Connect();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{elapsed.TotalSeconds,6:F0} s, life {_lives,4}: {_server.MemoryOf("VmRSS") >> 20} MB resident, "
            + $"{NumberOf(client, "used_memory") >> 20} MB used, {NumberOf(client, "evicted_keys")} evicted, "
            + $"{_writers.Sum(w => w.Answered)} answered, {_writers.Sum(w => w.Refused)} refused"));
    }

    static long NumberOf(RawClient client, string field)
    {
        var info = (string)client.CallTree("INFO everything")!;
        var line = info.Split("\r\n").Single(l => l.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line[(field.Length + 1)..], CultureInfo.InvariantCulture);
    }

    static bool Says(RawClient client, string line) => client.Call("INFO persistence").Contains(line + "\r\n", StringComparison.Ordinal);

    void Check()
    {
        _gate.EnterWriteLock();
        try
        {
            using var client = _server.Connect();
            foreach (var writer in _writers) writer.Check(client);
        }
        finally
        {
            _gate.ExitWriteLock();
        }
    }

    void Kill()
    {
        PromiseAll();
        _server.Kill();
        Start();
    }

    /// <summary>From here on, whatever was acknowledged is on the disk. (What everysec promises is for CrashTests.)</summary>
    void PromiseAll()
    {
        using var client = _server.Connect();
        client.Call("CONFIG SET appendfsync always");
        Assert.Equal("+OK", client.Call("SET promised 1"));
    }

    void Terminate()
    {
        _server.Signal("TERM");
        Assert.Equal(0, _server.ExitCode());
        Start();
    }

    /// <summary>No file may grow: what is appended, saved or rewritten is refused, until there is room again.</summary>
    void FillDisk()
    {
        using var client = _server.Connect();
        client.Call("CONFIG SET appendfsync everysec");
        _server.TryLimit("fsize", "1");
        Await.Until(() => Says(client, "aof_last_write_status:err"));
        client.Call("BGSAVE");
        client.Call("BGREWRITEAOF");
        Await.Until(() => Says(client, "rdb_bgsave_in_progress:0"));
        _server.TryLimit("fsize", "unlimited");
        Await.Until(() => Says(client, "aof_last_write_status:ok"));
    }

    void TakeDescriptors()
    {
        using var client = _server.Connect();
        // It is accepted before none is left.
        Assert.Equal("+PONG", client.Call("PING"));
        _server.TryLimitDescriptors(_server.DescriptorsInUse - 2);
        for (var i = 0; i < 3; i++)
        {
            using var refused = _server.Connect();
            Assert.Equal("-ERR max number of clients reached", refused.Read());
        }
        client.Call("BGSAVE");
        client.Call("BGREWRITEAOF");
        Await.Until(() => Says(client, "rdb_bgsave_in_progress:0") && Says(client, "aof_rewrite_in_progress:0"));
        _server.TryLimitDescriptors(1000);
    }

    /// <summary>Address space ends a little above what is in use. Commands answer -OOM, or the server ends and says why.</summary>
    void RefuseMemory()
    {
        PromiseAll();
        try
        {
            var refused = _writers.Sum(w => w.Refused);
            using var client = _server.Connect();
            client.Call("CONFIG SET maxmemory 0");
            _server.TryLimit("as", $"{_server.MemoryOf("VmSize") + (_random.Next(8) << 20)}");
            Exhaust(client);
            Await.Until(() => !_server.IsAlive || _writers.Sum(w => w.Refused) > refused + 100);
            if (_server.IsAlive)
            {
                _server.TryLimit("as", "unlimited");
                client.Call("FLUSHDB");
                client.Call("CONFIG SET maxmemory 24mb");
                return;
            }
        }
        catch (IOException)
        {
            // It has ended.
        }
        Assert.Equal(1, _server.ExitCode());
        Assert.Contains("Out of memory", _server.Log, StringComparison.Ordinal);
        _done["(ended for memory)"] = _done.GetValueOrDefault("(ended for memory)") + 1;
        Start();
        using var again = _server.Connect();
        again.Call("SELECT 1");
        again.Call("FLUSHDB");
    }

    /// <summary>Fills another database until neither a large value nor a small one finds room.</summary>
    static void Exhaust(RawClient client)
    {
        client.Call("SELECT 1");
        foreach (var bytes in (int[])[3_000_000, 30_000, 3_000])
        {
            for (var i = 0; !client.Call($"SETRANGE filler:{bytes}:{i} {bytes} x").StartsWith("-OOM", StringComparison.Ordinal); i++)
            {
            }
        }
    }

    void Stop()
    {
        _server.Signal("STOP");
        Thread.Sleep(_random.Next(300));
        _server.Signal("CONT");
    }

    void HangUp() => _server.Signal("HUP");

    /// <summary>Each write of the AOF takes a while.</summary>
    void SlowDisk()
    {
        using var client = _server.Connect();
        client.Call("DEBUG AOF-FLUSH-SLEEP 20000");
        client.Call("BGREWRITEAOF");
        Thread.Sleep(_random.Next(500));
        client.Call("DEBUG AOF-FLUSH-SLEEP 0");
    }

    /// <summary>A client asks for megabytes and takes none of them.</summary>
    void ReadNothing()
    {
        using var client = _server.Connect();
        string[] request = ["MGET", .. Enumerable.Range(0, 100).Select(k => $"cached:0:{k}")];
        client.TrySendRaw(string.Concat(Enumerable.Repeat(RawClient.Encode(request), 300)));
        client.Reset();
    }

    void DropClients()
    {
        using var client = _server.Connect();
        client.Call("CLIENT KILL TYPE normal");
    }

    /// <summary>Without its keys the server is as small as it was.</summary>
    void EndEmpty()
    {
        Terminate();
        using var client = _server.Connect();
        client.Call("FLUSHALL SYNC");
        client.Call("MEMORY PURGE");
        Await.Until(() => NumberOf(client, "used_memory") < 2 << 20);
        Assert.InRange(NumberOf(client, "used_memory_rss"), 0, MostKept + (RunSettings.PressureServer is null ? 2 * MostKept : 0));
    }
}
