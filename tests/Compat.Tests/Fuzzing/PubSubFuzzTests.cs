using System.Globalization;
using System.Text.RegularExpressions;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Several clients, of RESP2 and RESP3, subscribe, unsubscribe and publish at random on MiniRedis and on a real redis-server, with key
/// events on: every connection must receive the same bytes in the same order. Settings as for <see cref="DifferentialFuzzTests"/>.
/// </summary>
/// <remarks>
/// Not compared is what 7.0.15 leaves to its hash tables (the order in which patterns match, and in which UNSUBSCRIBE without names goes
/// through them), and where a publisher's own message stands: before its reply there, behind it since 7.2.
/// </remarks>
public sealed partial class PubSubFuzzTests(ITestOutputHelper output)
{
    const int Clients = 5, DefaultSteps = 10_000;

    /// <summary>C is a channel, P a pattern, K a key, N a number.</summary>
    static readonly string[] s_commands =
    [
        "SUBSCRIBE C", "SUBSCRIBE C C C", "UNSUBSCRIBE C", "UNSUBSCRIBE C C", "UNSUBSCRIBE", "PSUBSCRIBE P", "PSUBSCRIBE P P", "PUNSUBSCRIBE P",
        "PUNSUBSCRIBE", "SSUBSCRIBE C", "SSUBSCRIBE C C", "SUNSUBSCRIBE C", "SUNSUBSCRIBE", "PUBLISH C N", "PUBLISH C N", "PUBLISH C N", "PUBLISH C N",
        "SPUBLISH C N", "SPUBLISH C N", "PUBSUB NUMSUB C C C", "PUBSUB SHARDNUMSUB C C", "PUBSUB NUMPAT", "PUBSUB CHANNELS", "PUBSUB CHANNELS P",
        "PUBSUB SHARDCHANNELS P", "PUBSUB NOSUCH", "PING", "PING N", "SET K N", "DEL K", "LPUSH K N", "LPOP K", "EXPIRE K 1000", "GET K", "MULTI", "EXEC",
        "EXEC", "DISCARD", "RESET", "HELLO 3", "HELLO 2", "SUBSCRIBE", "PUBLISH C", "NOSUCH", "SELECT 1", "SELECT 0", "ECHO N",
    ];

    static readonly string[] s_patterns = ["*", "c*", "c[0-3]", "c?", "\\c1", "nothing*", "__key*__:*", "__keyevent@0__:*", "__keyspace@*:k1", "c1"];

    [RedisServerFact]
    public void Every_connection_receives_what_redis_server_sends_it()
    {
        var seed = RunSettings.Seed;
        var steps = RunSettings.Commands(DefaultSteps);
        output.WriteLine($"seed {seed}, {steps} steps");
        var random = new Random(seed);
        using var oracle = new RedisServerProcess(null, "--save", "", "--notify-keyspace-events", "KEA");
        using var server = new TestServer("io-threads 2\nnotify-keyspace-events KEA", realTime: true);
        var theirs = Enumerable.Range(0, Clients).Select(_ => new Listener(oracle.Connect())).ToArray();
        var ours = Enumerable.Range(0, Clients).Select(_ => new Listener(server.Connect())).ToArray();
        var story = new Queue<string>();
        var messages = 0;
        for (var step = 1; step <= steps; step++)
        {
            var who = random.Next(Clients);
            var command = Next(random, ours[who]);
            story.Enqueue($"{who}: {command}");
            if (story.Count > 80) story.Dequeue();
            var sent = command.Split(' ');
            ours[who].Send(sent);
            theirs[who].Send(sent);
            // That client first: when it has its answer, the others have been sent what they get.
            foreach (var i in Enumerable.Range(0, Clients).OrderBy(i => i != who))
            {
                var (mine, right) = (ours[i].Received(), theirs[i].Received());
                messages += right.Count;
                var same = Normal(mine).SequenceEqual(Normal(right));
                Assert.True(same, $"seed {seed}, step {step}, client {i}\n{string.Join('\n', story)}\n"
                    + $"  ours:   {string.Join(" | ", mine)}\n  theirs: {string.Join(" | ", right)}");
            }
        }
        output.WriteLine($"{messages} replies and messages");
        Assert.True(messages > steps);
        foreach (var client in ours.Concat(theirs)) client.Dispose();
    }

    /// <summary>
    /// Replies in their order, then messages in theirs, but for what comes in any order: messages of patterns for one event, and the
    /// names that UNSUBSCRIBE without any goes through. (The count behind them stays where it is.)
    /// </summary>
    static IEnumerable<string> Normal(List<string> received)
    {
        var messages = received.Where(r => Message().IsMatch(r)).ToList();
        var replies = received.Where(r => !Message().IsMatch(r)).Select(r => Greeting().Replace(r, "$1 $2"));
        return replies.Select(r => Lists().IsMatch(r) ? string.Join(' ', r.Split(' ').Order(StringComparer.Ordinal)) : Unsubscribed().Replace(r, "$1 $2"))
            .Concat(messages.Where(m => !m.Contains(" pmessage ", StringComparison.Ordinal)))
            .Concat(messages.Where(m => m.Contains(" pmessage ", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"^[*>][34] \$\d [ps]?message ", RegexOptions.Singleline)]
    private static partial Regex Message();

    [GeneratedRegex(@"^([*>]3 \$\d+ [ps]?unsubscribe) \$\d+ \S* (:\d+)$")]
    private static partial Regex Unsubscribed();

    /// <summary>HELLO's answer: version and id are each server's own.</summary>
    [GeneratedRegex(@"(%7|\*14) \$6 server .*? (\$5 proto :\d) .*?modules \*0")]
    private static partial Regex Greeting();

    /// <summary>What PUBSUB CHANNELS answers: the entries of a hash table.</summary>
    [GeneratedRegex(@"^\*\d+ (\$\d \S+ ?)+$")]
    private static partial Regex Lists();

    /// <summary>Who subscribes has no transactions: there 7.0.15 tears EXEC's reply apart with what is published to him.</summary>
    static string Next(Random random, Listener who)
    {
        while (true)
        {
            var command = s_commands[random.Next(s_commands.Length)];
            if (command == "RESET" && random.Next(3) > 0) continue;
            if (who.Subscribes && command == "MULTI" || who.Queues && command.Contains("SUBSCRIBE", StringComparison.Ordinal)) continue;
            // Two lists in one reply, each in an order of its own; and a second MULTI, which has cost the transaction since Valkey 8.
            if (who.Queues && (command == "MULTI" || command.StartsWith("PUBSUB", StringComparison.Ordinal))) continue;
            return string.Join(' ', command.Split(' ').Select(word => word switch
            {
                "C" => "c" + random.Next(6),
                "P" => s_patterns[random.Next(s_patterns.Length)],
                "K" => "k" + random.Next(4),
                "N" => random.Next(100).ToString(CultureInfo.InvariantCulture),
                _ => word,
            }));
        }
    }

    /// <summary>One connection, of which everything that it has received can be asked for.</summary>
    sealed class Listener(RawClient client) : IDisposable
    {
        int _marks;

        public bool Queues { get; private set; }

        /// <summary>Whether it may be subscribed to something.</summary>
        public bool Subscribes { get; private set; }

        public void Send(string[] command)
        {
            client.SendRaw(RawClient.Encode(command));
            if (command[0] == "MULTI") Queues = true;
            if (command[0] is "EXEC" or "DISCARD" or "RESET") Queues = false;
            if (command[0].Contains("SUBSCRIBE", StringComparison.Ordinal)) Subscribes = true;
            if (command[0] == "RESET") Subscribes = false;
        }

        /// <summary>
        /// What has come since the last call, up to the answer to a command that no other is answered like. Inside a transaction that
        /// would abort it; there nothing is asked for before it is over.
        /// </summary>
        public List<string> Received()
        {
            var received = new List<string>();
            if (Queues) return received;
            var mark = string.Create(CultureInfo.InvariantCulture, $"no-such-command-{++_marks}");
            client.SendRaw(RawClient.Encode(mark));
            while (true)
            {
                var next = client.Read();
                if (next.Contains($"'{mark}'", StringComparison.Ordinal)) return received;
                received.Add(next);
            }
        }

        public void Dispose() => client.Dispose();
    }
}
