using System.Globalization;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Several clients that track keys in changing ways, of both protocols, send the same random pipelines to MiniRedis and to a real
/// redis-server. After each one everything that each client was sent, replies and invalidations in their order, is compared byte for
/// byte. Deadlines pass only where a step waits for that on both servers. MINIREDIS_FUZZ_SEED replays a failure.
/// </summary>
public sealed class TrackingFuzzTests(ITestOutputHelper output)
{
    const int Steps = 4000;

    /// <summary>Those who act; behind them, two that others redirect to and that say nothing: one of RESP3, and a subscriber of RESP2.</summary>
    const int Actors = 4, Listener = Actors, Subscriber = Actors + 1;

    /// <summary>K is a key, N a number below four, P a prefix.</summary>
    static readonly string[] s_tracking =
    [
        "CLIENT TRACKING ON", "CLIENT TRACKING ON", "CLIENT TRACKING ON NOLOOP", "CLIENT TRACKING OFF", "CLIENT TRACKING OFF",
        "CLIENT TRACKING ON BCAST", "CLIENT TRACKING ON BCAST PREFIX P", "CLIENT TRACKING ON PREFIX P BCAST NOLOOP", "CLIENT TRACKING ON BCAST NOLOOP",
        "CLIENT TRACKING ON BCAST PREFIX k1 PREFIX P", "CLIENT TRACKING ON OPTIN", "CLIENT TRACKING ON OPTOUT", "CLIENT TRACKING ON OPTIN NOLOOP",
        "CLIENT TRACKING ON REDIRECT LISTENER", "CLIENT TRACKING ON REDIRECT LISTENER NOLOOP", "CLIENT TRACKING ON BCAST REDIRECT LISTENER",
        "CLIENT TRACKING ON REDIRECT SUBSCRIBER", "CLIENT TRACKING ON REDIRECT SUBSCRIBER", "CLIENT TRACKING ON BCAST NOLOOP REDIRECT SUBSCRIBER",
        "CLIENT TRACKING ON OPTIN OPTOUT", "CLIENT TRACKING ON OPTIN BCAST", "CLIENT TRACKING ON PREFIX P", "CLIENT TRACKING ON REDIRECT 0",
        "CLIENT TRACKING ON REDIRECT 987654", "CLIENT TRACKING MAYBE", "CLIENT TRACKING ON NOSUCH", "CLIENT TRACKING ON PREFIX", "CLIENT TRACKING",
        "CLIENT TRACKING ON REDIRECT LISTENER REDIRECT LISTENER", "CLIENT TRACKING ON REDIRECT x",
        "CLIENT CACHING YES", "CLIENT CACHING YES", "CLIENT CACHING NO", "CLIENT CACHING NO", "CLIENT CACHING MAYBE", "CLIENT CACHING",
        "CLIENT TRACKINGINFO", "CLIENT GETREDIR", "HELLO 3", "HELLO 3", "HELLO 3", "HELLO 2",
    ];

    /// <summary>Redis deletes an expired destination as the caller's own change, which NOLOOP is not told of; to us it had gone before.</summary>
    static readonly string[] s_writes = [.. TransactionFuzzTests.Commands.Where(c => !c.Contains("STORE", StringComparison.Ordinal) && !c.StartsWith("BITOP", StringComparison.Ordinal))];

    static readonly int[] s_resp3 = [0, 1, 3, Listener];

    static readonly string[] s_prefixes = ["k", "k2", "k1", "x", "k22", "k4"];

    static readonly string[] s_reads =
    [
        "GET K", "GET K", "MGET K K K", "EXISTS K K", "TTL K", "TYPE K", "STRLEN K", "TOUCH K", "LRANGE K 0 -1", "LLEN K", "SMEMBERS K", "SINTER K K", "HGETALL K",
        "HGET K f", "ZRANGE K 0 -1", "ZSCORE K m", "XLEN K", "XRANGE K - +", "XREAD STREAMS K K 0 0", "XREAD BLOCK 1 STREAMS K 99999999999999999", "PFCOUNT K K",
        "GETBIT K 3", "BITCOUNT K", "OBJECT IDLETIME none", "MEMORY USAGE", "SORT_RO K", "SINTERCARD 2 K K", "ZUNION 2 K K", "LCS K K", "DUMP none", "KEYS nothing",
        "GETRANGE K 0 0", "BITFIELD_RO K GET u8 0", "GEOPOS K m", "ZDIFF 2 K K WITHSCORES", "HRANDFIELD none", "SCARD K", "RANDOMKEYS",
    ];

    [RedisServerFact]
    public void Tracking_clients_are_sent_what_redis_server_sends()
    {
        var seed = RunSettings.Seed;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var oracle = new RedisServerProcess(null, "--save", "", "--enable-debug-command", "yes");
        using var server = new TestServer("enable-debug-command yes", realTime: true);
        using var theirs = new Side(oracle.Connect);
        using var ours = new Side(() => server.Connect());
        ours.CatchUp(theirs);
        theirs.CatchUp(ours);
        Assert.Equal(theirs.Start(), ours.Start());
        var story = new Queue<string>();
        var queues = new bool[Actors];
        var messages = 0;
        for (var step = 1; step <= Steps; step++)
        {
            string what;
            string[] mine, right;
            switch (random.Next(40))
            {
                case 0:
                    what = "the listener comes anew";
                    (mine, right) = ([ours.ReplaceListener()], [theirs.ReplaceListener()]);
                    break;
                default:
                    var who = random.Next(Actors);
                    // A transaction has one time throughout: the key is read before its deadline passes, which the next step is after.
                    var expires = !queues[who] && random.Next(12) == 0;
                    string[] commands = expires
                        ? ["CLIENT CACHING YES", "MULTI", .. Fill("SET K N PX 5", "GET K", random), "EXEC"]
                        : [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Next(random, ref queues[who]))];
                    what = $"{who}: {string.Join("; ", commands)}";
                    ours.Send(who, commands);
                    theirs.Send(who, commands);
                    (mine, right) = (ours.Everything(who, commands.Length), theirs.Everything(who, commands.Length));
                    if (!expires) break;
                    ours.PassDeadlines();
                    theirs.PassDeadlines();
                    break;
            }
            story.Enqueue(what + "\n    " + string.Join("\n    ", right));
            if (story.Count > 40) story.Dequeue();
            messages += right.Sum(r => r.Split("invalidate").Length - 1);
            Assert.True(mine.Zip(right).All(pair => Same(pair.First, pair.Second)), $"seed {seed}, step {step}\n{string.Join('\n', story)}\n  ours:\n    {string.Join("\n    ", mine)}");
        }
        output.WriteLine($"{messages} invalidations");
        Assert.True(messages > Steps / 10);
    }

    /// <summary>
    /// Of clients that have one prefix in common, and who are told different keys (NOLOOP) by way of the same connection, redis-server tells
    /// in the order of their addresses in memory: so messages there may change places.
    /// </summary>
    static bool Same(string ours, string theirs) => ours == theirs
        || ours.Contains("__redis__:invalidate", StringComparison.Ordinal) && Messages(ours).SequenceEqual(Messages(theirs));

    static IOrderedEnumerable<string> Messages(string line) => line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..].Split(" | ").Order();

    static string Next(Random random, ref bool queues)
    {
        var command = random.Next(20) switch
        {
            0 when !queues => "MULTI",
            0 or 1 when queues => "EXEC",
            1 when queues => "DISCARD",
            < 5 => s_tracking[random.Next(s_tracking.Length)],
            < 12 => s_reads[random.Next(s_reads.Length)],
            _ => s_writes[random.Next(s_writes.Length)],
        };
        // SWAPDB says nothing to caches in Redis; nor does a transaction go on after what Valkey 8 gives it up for.
        if (command.StartsWith("SWAPDB", StringComparison.Ordinal)) command = "FLUSHDB";
        if (command is "FLUSHDB" or "RESET" && random.Next(12) > 0) command = "GET K";
        if (command is "EXEC" or "DISCARD" or "RESET") queues = false;
        if (command == "MULTI") queues = true;
        return Fill(command, random);
    }

    /// <summary>Two commands on one key.</summary>
    static string[] Fill(string first, string second, Random random)
    {
        var key = "k" + random.Next(10);
        return [Fill(first.Replace("K", key, StringComparison.Ordinal), random), second.Replace("K", key, StringComparison.Ordinal)];
    }

    static string Fill(string command, Random random) =>
        string.Join(' ', command.Split(' ').Select(word => word switch
        {
            "K" => "k" + random.Next(10),
            "N" => random.Next(4).ToString(CultureInfo.InvariantCulture),
            "P" => s_prefixes[random.Next(s_prefixes.Length)],
            _ when word.EndsWith('N') && word[0] is 'g' or '9' => word[..^1] + random.Next(4),
            _ => word,
        }));

    /// <summary>One server's clients.</summary>
    sealed class Side : IDisposable
    {
        readonly Func<RawClient> _connect;
        readonly RawClient _control;
        readonly RawClient[] _clients;

        public Side(Func<RawClient> connect)
        {
            _connect = connect;
            _control = connect();
            _clients = new RawClient[Actors + 2];
        }

        long LastId() => long.Parse(_control.Call("CLIENT ID").AsSpan(1), CultureInfo.InvariantCulture);

        /// <summary>Connects and closes until the next client has the same id on both servers.</summary>
        public void CatchUp(Side other)
        {
            using var probe = other._connect();
            var wanted = long.Parse(probe.Call("CLIENT ID").AsSpan(1), CultureInfo.InvariantCulture);
            while (true)
            {
                using var spare = _connect();
                if (long.Parse(spare.Call("CLIENT ID").AsSpan(1), CultureInfo.InvariantCulture) >= wanted) return;
            }
        }

        public string Start()
        {
            var replies = new List<string>();
            for (var i = 0; i < _clients.Length; i++)
            {
                _clients[i] = _connect();
                replies.Add(_clients[i].Call("CLIENT ID"));
            }
            foreach (var i in s_resp3) _clients[i].Call("HELLO 3");
            SubscriberId = replies[Subscriber][1..];
            replies.Add(_clients[Subscriber].Call("SUBSCRIBE __redis__:invalidate"));
            replies.Add(_control.Call("DEBUG SET-ACTIVE-EXPIRE 0"));
            return string.Join(' ', replies);
        }

        string ListenerId { get; set; } = "";

        string SubscriberId { get; set; } = "";

        public void Send(int who, string[] commands)
        {
            if (ListenerId.Length == 0) ListenerId = _clients[Listener].Call("CLIENT ID")[1..];
            _clients[who].SendRaw(string.Concat(commands.Select(c => RawClient.Encode(c.Replace("LISTENER", ListenerId, StringComparison.Ordinal)
                .Replace("SUBSCRIBER", SubscriberId, StringComparison.Ordinal).Split(' ')))));
        }

        /// <summary>What each client was sent since this was last asked, the one that acted first.</summary>
        /// <param name="requests">How many requests the actor sent: each has one reply, and messages stand between them.</param>
        public string[] Everything(int actor, int requests)
        {
            var all = new string[_clients.Length];
            for (var i = 0; i < all.Length; i++)
            {
                var who = (actor + i) % all.Length;
                var sent = new List<string>();
                Read(who, i == 0 ? requests : 0, sent);
                // Whatever was sent to the client before this is read comes before its reply. It does not count as "the next command",
                // and goes when the pipeline is done: prefixes are told behind all that came with it.
                _clients[who].Send(who == Subscriber ? "PING" : "CLIENT GETNAME");
                Read(who, 1, sent);
                all[i] = $"to {who}: {string.Join(" | ", sent.Take(sent.Count - 1))}";
            }
            return all;
        }

        void Read(int who, int replies, List<string> sent)
        {
            while (replies > 0)
            {
                var next = _clients[who].Read().Replace("$6 7.0.15", "$5 7.4.0", StringComparison.Ordinal);
                if (next[0] != '>' && !next.StartsWith("*3 $7 message", StringComparison.Ordinal)) replies--;
                // Redis says "everything" in the protocol of the client that redirects, we in that of the one that is told.
                sent.Add(next switch
                {
                    ">2 $10 invalidate $-1" => ">2 $10 invalidate _",
                    "*3 $7 message $20 __redis__:invalidate _" => "*3 $7 message $20 __redis__:invalidate $-1",
                    _ => next,
                });
            }
        }

        /// <summary>The listener goes, and another one comes in its place.</summary>
        public string ReplaceListener()
        {
            var id = _clients[Listener].Call("CLIENT ID")[1..];
            _clients[Listener].Dispose();
            while (_control.Call("CLIENT LIST").Contains($"id={id} ", StringComparison.Ordinal)) Thread.Yield();
            _clients[Listener] = _connect();
            _clients[Listener].Call("HELLO 3");
            ListenerId = "";
            return _clients[Listener].Call("CLIENT ID");
        }

        /// <summary>Waits until what was given five milliseconds has had them.</summary>
        public void PassDeadlines()
        {
            long Now()
            {
                var words = _control.Call("TIME").Split(' ');
                return long.Parse(words[2], CultureInfo.InvariantCulture) * 1000 + long.Parse(words[4], CultureInfo.InvariantCulture) / 1000;
            }

            for (var until = Now() + 7; Now() < until;) Thread.Yield();
        }

        public void Dispose()
        {
            foreach (var client in _clients) client?.Dispose();
            _control.Dispose();
        }
    }
}
