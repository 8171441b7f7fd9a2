using System.Diagnostics;
using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>
/// How often a cache of a fixed number of keys has what is asked for, by policy of eviction and kind of trace. The same requests, drawn with
/// the same seed, go to both servers: a GET, and a SET of what was missing. maxmemory is set for each so that as many keys fit.
/// </summary>
static class HitRate
{
    /// <summary>GETs sent together; what was missing is set after.</summary>
    const int Batch = 50;

    /// <summary>Requests a second: the policies tell keys apart by the second, so that time has to pass alike for both.</summary>
    const int PerSecond = 100_000;

    /// <summary>Share of a trace that fills the cache before hits count.</summary>
    const double WarmUp = 0.4;

    static readonly string s_value = new('x', 64);

    static readonly string[] s_policies =
        ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"];

    public static void Measure(string mine, string redis, double scale)
    {
        // So many that the indexes of both servers are not about to grow; of fewer than the least, a batch would be too large a share.
        var fitting = Math.Max(500, (int)(50_000 * scale));
        var requests = fitting * 10;
        Console.WriteLine($"hit rates in percent; {fitting} keys fit, {requests} requests a trace, of which the last {1 - WarmUp:P0} count");
        Console.WriteLine($"{"trace",-14}{"policy",-18}{"MiniRedis",12}{"redis-server",14}{"difference",12}{"keys held",20}");
        foreach (var volatileKeys in (bool[])[false, true])
        {
            using var ours = new Cache(new RunningServer("MiniRedis", mine), fitting, volatileKeys);
            using var theirs = new Cache(new RunningServer("redis-server", redis), fitting, volatileKeys);
            foreach (var policy in s_policies.Where(p => p.StartsWith("volatile", StringComparison.Ordinal) == volatileKeys))
            {
                foreach (var trace in Trace.All(fitting))
                {
                    var (our, ourKeys) = ours.Replay(trace, policy, requests);
                    var (their, theirKeys) = theirs.Replay(trace, policy, requests);
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"{trace.Name,-14}{policy,-18}{our * 100,12:F2}{their * 100,14:F2}{(our - their) * 100,12:+0.00;-0.00}{ourKeys + " / " + theirKeys,20}"));
                }
            }
        }
        Console.WriteLine();
    }

    /// <summary>A server with a maxmemory for a number of keys.</summary>
    sealed class Cache : IDisposable
    {
        readonly RunningServer _server;
        readonly Connection _connection;
        readonly bool _volatileKeys;
        readonly int _fitting;
        readonly double _bytesPerKey;
        long _bound;

        public Cache(RunningServer server, int fitting, bool volatileKeys)
        {
            _server = server;
            _connection = server.Connect();
            _volatileKeys = volatileKeys;
            _fitting = fitting;
            var empty = _server.UsedMemory;
            Set(Enumerable.Range(0, fitting), new Random(1));
            _bound = _server.UsedMemory;
            _bytesPerKey = (double)(_bound - empty) / fitting;
        }

        /// <summary>Fills the cache with keys that nobody will ask for, and finds the maxmemory with which so many stay.</summary>
        void Fit(Trace trace, Random random)
        {
            const int Attempts = 8;
            var next = Trace.FirstUnused;
            for (var attempt = 0; attempt <= Attempts; attempt++)
            {
                SetBound();
                var keys = attempt == 0 ? _fitting + _fitting / 10 : _fitting / 10;
                Set(Enumerable.Range(next, keys), random, trace);
                next += keys;
                _bound += (long)((_fitting - Size()) * _bytesPerKey);
            }
            SetBound();
        }

        void SetBound() => _connection.Call("CONFIG", "SET", "maxmemory", _bound.ToString(CultureInfo.InvariantCulture));

        int Size() => int.Parse(_connection.Call("DBSIZE").AsSpan(1), CultureInfo.InvariantCulture);

        /// <returns>The share of hits, and how many keys the cache held in the end.</returns>
        public (double Hits, int Keys) Replay(Trace trace, string policy, int requests)
        {
            _connection.Call("FLUSHALL");
            _connection.Call("CONFIG", "SET", "maxmemory-policy", policy);
            var random = new Random(7);
            Fit(trace, random);
            random = new Random(7);
            var keys = trace.Keys(random).GetEnumerator();
            var batch = new int[Batch];
            var missing = new List<int>();
            long hits = 0, counted = 0;
            var started = Stopwatch.StartNew();
            for (var sent = 0; sent < requests; sent += Batch)
            {
                SpinWait.SpinUntil(() => started.Elapsed.TotalSeconds >= (double)sent / PerSecond);
                for (var i = 0; i < Batch; i++)
                {
                    keys.MoveNext();
                    batch[i] = keys.Current;
                    _connection.Write("GET", Name(batch[i]));
                }
                _connection.Flush();
                missing.Clear();
                for (var i = 0; i < Batch; i++)
                {
                    if (_connection.Read()[0] == '$') missing.Add(batch[i]);
                }
                if (sent >= requests * WarmUp)
                {
                    hits += Batch - missing.Count;
                    counted += Batch;
                }
                Set(missing, random, trace);
                if (sent % (Batch * 100) != 0 || sent > requests * WarmUp) continue;
                // Buckets of indexes come and go a few kilobytes at a time.
                _bound += (long)((_fitting - Size()) * _bytesPerKey / 2);
                SetBound();
            }
            return ((double)hits / counted, Size());
        }

        void Set(IEnumerable<int> keys, Random random, Trace? trace = null)
        {
            foreach (var some in keys.Chunk(Batch))
            {
                foreach (var key in some)
                {
                    if (_volatileKeys) _connection.Write("SET", Name(key), s_value, "EX", (trace?.Seconds(key, random) ?? 50_000).ToString("D5", CultureInfo.InvariantCulture));
                    else _connection.Write("SET", Name(key), s_value);
                }
                _connection.Flush();
                foreach (var _ in some)
                {
                    if (_connection.Read() is not "+OK" and var error) throw new InvalidOperationException($"{_server.Name}: {error}");
                }
            }
        }

        static string Name(int key) => string.Create(CultureInfo.InvariantCulture, $"key:{key:D12}");

        public void Dispose()
        {
            _connection.Dispose();
            _server.Dispose();
        }
    }

    /// <summary>Which keys are asked for, without end, and how long each is to live where keys have a deadline.</summary>
    sealed record Trace(string Name, Func<Random, IEnumerable<int>> Keys, Func<int, Random, int> Seconds)
    {
        const int Shortest = 10_000, Longest = 99_000;

        /// <summary>Keys of a scan, which nobody asks for again, are numbered from here on.</summary>
        const int FirstScanned = 100_000_000;

        /// <summary>Nor for those from here on.</summary>
        public const int FirstUnused = 200_000_000;

        public static IEnumerable<Trace> All(int fitting)
        {
            var keys = fitting * 10;
            foreach (var skew in (double[])[0.9, 1.0, 1.1])
            {
                yield return new(string.Create(CultureInfo.InvariantCulture, $"zipf {skew:F1}"), random => Zipf(keys, skew, random),
                    (key, random) => ByRank(key, keys, random));
            }
            yield return new("scan and hot", random => ScanAndHot(fitting, random), (key, random) => ByRank(key, fitting, random));
            yield return new("loop", _ => Loop(fitting + fitting / 4), (_, random) => random.Next(Shortest, Longest));
        }

        /// <summary>Who gives keys deadlines by their worth lets those that are used often live longer, more or less.</summary>
        static int ByRank(int key, int keys, Random random)
        {
            if (key >= keys) return random.Next(Shortest, Shortest * 2);
            var share = 1 - (double)key / keys + (random.NextDouble() - 0.5) / 2;
            return Shortest + (int)((Longest - Shortest) * Math.Clamp(share, 0, 1));
        }

        static IEnumerable<int> Zipf(int keys, double skew, Random random)
        {
            var sums = new double[keys];
            double sum = 0;
            for (var i = 0; i < keys; i++) sums[i] = sum += Math.Pow(i + 1, -skew);
            while (true)
            {
                var place = Array.BinarySearch(sums, random.NextDouble() * sum);
                yield return Math.Min(place < 0 ? ~place : place, keys - 1);
            }
        }

        /// <summary>Three of four requests are for a hot set as large as the cache, the others of scans that come in between.</summary>
        static IEnumerable<int> ScanAndHot(int fitting, Random random)
        {
            const int Run = 1000;
            var scanned = FirstScanned;
            using var hot = Zipf(fitting, 0.9, random).GetEnumerator();
            while (true)
            {
                for (var i = 0; i < 3 * Run; i++)
                {
                    hot.MoveNext();
                    yield return hot.Current;
                }
                for (var i = 0; i < Run; i++) yield return scanned++;
            }
        }

        static IEnumerable<int> Loop(int keys)
        {
            for (var i = 0; ; i = (i + 1) % keys) yield return i;
        }
    }
}
