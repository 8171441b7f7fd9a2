using System.Globalization;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Random commands of all families, with every class of notifications on: a subscriber of each server must be told the same events,
/// in the same order. Replies are <see cref="DifferentialFuzzTests"/>'s; settings as there.
/// </summary>
public sealed class NotificationFuzzTests(ITestOutputHelper output)
{
    const int DefaultCommands = 15_000;

    const int Remembered = 4000;

    [RedisServerFact]
    public void Random_commands_cause_the_notifications_of_redis_server()
    {
        var seed = RunSettings.Seed;
        var count = RunSettings.Commands(DefaultCommands);
        output.WriteLine($"seed {seed}, {count} commands");
        using var oracle = new RedisServerProcess(null, "--save", "", "--enable-debug-command", "yes", "--notify-keyspace-events", "KEAmn");
        using var server = new TestServer("enable-debug-command yes\nnotify-keyspace-events KEAmn", realTime: true);
        using var theirs = new Side(oracle.Connect);
        using var ours = new Side(() => server.Connect());
        var commands = new CommandStream(seed);
        var history = new Queue<string>();
        var failures = new Dictionary<string, string>();
        var told = 0;
        for (var i = 1; i <= count; i++)
        {
            var command = commands.Next();
            // A newer server deletes what is set with a time in the past, 7.0 keeps it until it comes by: told differently ever after.
            if (IsSetInThePast(command)) continue;
            // There SORT takes an errno that an earlier command left behind for its own, and fails; this clears it and does nothing else.
            if (command[0].StartsWith("SORT", StringComparison.OrdinalIgnoreCase)) theirs.Run(["ZADD", "no such key", "XX", "1", "a"]);
            history.Enqueue(Show(string.Join(' ', command)));
            if (history.Count > Remembered) history.Dequeue();
            var (mine, right) = (ours.Run(command), theirs.Run(command));
            told += right.Count;
            if (Same(command, mine, right)) continue;
            var related = history.SkipLast(1).Where(c => c.Split(' ').Intersect(command.Skip(1)).Any()).TakeLast(8);
            failures.TryAdd(command[0], $"command {i}:\n{string.Join('\n', related)}\n{history.Last()}\n"
                + $"  ours:   {Show(string.Join(", ", mine))}\n  theirs: {Show(string.Join(", ", right))}");
        }
        output.WriteLine($"{told} notifications");
        Assert.True(failures.Count == 0, $"seed {seed}\n{string.Join('\n', failures.Values)}");
        Assert.True(told > count / 2);
    }

    static bool IsSetInThePast(string[] command)
    {
        if (!command[0].Equals("SET", StringComparison.OrdinalIgnoreCase)) return false;
        var at = Array.FindIndex(command, w => w.ToUpperInvariant() is "EXAT" or "PXAT");
        return at > 0 && at + 1 < command.Length && command[at + 1].Length < 10;
    }

    static bool Same(string[] command, List<string> ours, List<string> theirs)
    {
        if (ours.SequenceEqual(theirs)) return true;
        return command[0].ToUpperInvariant() switch
        {
            // A set has no order, and what is asked for of its elements comes in that.
            "SORT" or "SORT_RO" => Without(ours, "keymiss").SequenceEqual(Without(theirs, "keymiss")) && ours.Count == theirs.Count,
            // "+" is an id since 7.4.
            "XREAD" => command.Contains("+"),
            // Since Redis 7.2 a consumer who is given nothing is created, too; later he is one who can be deleted.
            "XREADGROUP" or "XCLAIM" or "XAUTOCLAIM" or "XGROUP" => Without(Without(ours, "xgroup-createconsumer"), "xgroup-delconsumer")
                .SequenceEqual(Without(Without(theirs, "xgroup-createconsumer"), "xgroup-delconsumer")),
            // Wrong arguments of these are an error now before the key is looked for.
            "LPOS" or "BITCOUNT" or "BITPOS" => ours.Count == 0 && Without(theirs, "keymiss").Count == 0,
            // There trimming tells of itself though it takes nothing.
            "LTRIM" => ours.Count == 0 && Without(theirs, "ltrim").Count == 0,
            // There a string that grew for operations that all failed, or a HyperLogLog that turned out to be damaged in the middle, has
            // changed without anyone being told.
            "BITFIELD" => ours.Count > theirs.Count && Without(ours, "setbit").SequenceEqual(theirs),
            "PFADD" => ours.Count > theirs.Count && Without(ours, "pfadd").SequenceEqual(theirs),
            _ => false,
        };
    }

    static List<string> Without(List<string> events, string name) =>
    [
        .. events.Where(e => !e.EndsWith($" ${name.Length} {name}", StringComparison.Ordinal)
            && !e.Contains($"__:{name} $", StringComparison.Ordinal)),
    ];

    static string Show(string text) =>
        string.Concat(text.Select(c => c is >= ' ' and <= '~' ? $"{c}" : string.Create(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}")));

    /// <summary>One server's client, and who listens to what it causes.</summary>
    sealed class Side : IDisposable
    {
        readonly RawClient _actor, _listener;
        int _marks;

        public Side(Func<RawClient> connect)
        {
            (_actor, _listener) = (connect(), connect());
            _listener.Call("PSUBSCRIBE __key*__:*");
            _listener.Call("SUBSCRIBE mark");
        }

        /// <summary>Runs a command. Returns what the listener was told of it.</summary>
        public List<string> Run(string[] command)
        {
            var mark = (++_marks).ToString(CultureInfo.InvariantCulture);
            _actor.SendRaw(RawClient.Encode(command) + RawClient.Encode("PUBLISH", "mark", mark));
            _actor.Read();
            _actor.Read();
            var told = new List<string>();
            while (true)
            {
                var message = _listener.Read();
                if (message == $"*3 $7 message $4 mark ${mark.Length} {mark}") return told;
                told.Add(message.Replace("*4 $8 pmessage $10 __key*__:* ", "", StringComparison.Ordinal));
            }
        }

        public void Dispose()
        {
            _actor.Dispose();
            _listener.Dispose();
        }
    }
}
