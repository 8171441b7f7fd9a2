using System.Globalization;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Three clients wait on random keys of MiniRedis and of a real redis-server while a fourth writes: the same ones must be woken,
/// with the same replies. Nothing here depends on time, as nobody waits for less than for ever, and each step is seen to be over
/// before the next one. MINIREDIS_FUZZ_SEED and MINIREDIS_FUZZ_COMMANDS as for <see cref="DifferentialFuzzTests"/>.
/// </summary>
public sealed class BlockingFuzzTests(ITestOutputHelper output)
{
    const int DefaultSteps = 4000;

    const int Waiters = 3;

    [RedisServerTheory]
    [InlineData(2)]
    [InlineData(3)]
    public void Waiting_clients_are_woken_as_redis_server_wakes_them(int protocol)
    {
        var seed = RunSettings.Seed;
        var steps = RunSettings.Commands(DefaultSteps);
        output.WriteLine($"seed {seed}, {steps} steps, RESP{protocol}");
        using var oracle = new RedisServerProcess(null, "--save", "", "--enable-debug-command", "yes");
        using var server = new TestServer("enable-debug-command yes", realTime: true);
        using var theirs = new Side(oracle.Connect, protocol);
        using var ours = new Side(() => server.Connect(), protocol);
        var stream = new BlockingStream(seed);
        var story = new Queue<string>();
        var waits = new string[Waiters];
        void Same(string mine, string right, string what)
        {
            if (mine == right || IsKnown(mine, right)) return;
            Assert.Fail($"seed {seed}, RESP{protocol}, {what}\n{string.Join('\n', story)}\n"
                + $"last waits: {string.Join("; ", waits)}\n  ours:   {mine}\n  theirs: {right}");
        }

        for (var i = 0; i < steps; i++)
        {
            var free = ours.Free();
            Same(string.Join(' ', free), string.Join(' ', theirs.Free()), $"step {i}: who does not wait");
            if (free.Count > 0 && stream.Draw(2) == 0)
            {
                var (who, command) = (free[stream.Draw(free.Count)], stream.Waiting());
                waits[who] = $"{who}: {string.Join(' ', command)}";
                Note(story, waits[who]);
                Same(ours.Wait(who, command), theirs.Wait(who, command), $"step {i}");
                Same(ours.Woken(), theirs.Woken(), $"step {i}: who was woken");
                continue;
            }
            if (free.Count < Waiters && stream.Draw(12) == 0)
            {
                var who = Enumerable.Range(0, Waiters).Except(free).ElementAt(stream.Draw(Waiters - free.Count));
                var how = stream.Draw(2) == 0 ? "TIMEOUT" : "ERROR";
                Note(story, $"unblock {who} {how}");
                Same(ours.Unblock(who, how), theirs.Unblock(who, how), $"step {i}");
            }
            foreach (var command in stream.Acting())
            {
                Note(story, string.Join(' ', command));
                Same(ours.Act(command), theirs.Act(command), $"step {i}");
                Same(ours.Woken(), theirs.Woken(), $"step {i}: who was woken");
            }
            if (i % 50 == 0) Same(ours.Act(["DEBUG", "DIGEST"]), theirs.Act(["DEBUG", "DIGEST"]), $"step {i}: the datasets");
        }
    }

    static void Note(Queue<string> story, string line)
    {
        story.Enqueue(line);
        if (story.Count > 60) story.Dequeue();
    }

    /// <summary>Since 7.2 a client that waits for a group in vain is told so in the words of a call that does not wait.</summary>
    static bool IsKnown(string ours, string theirs) =>
        (theirs.Contains("-UNBLOCKED the stream key no longer exists", StringComparison.Ordinal)
            || theirs.Contains("-NOGROUP the consumer group this client was blocked on no longer exists", StringComparison.Ordinal))
        && ours.Contains("-NOGROUP No such key", StringComparison.Ordinal);

    /// <summary>One server's clients.</summary>
    sealed class Side : IDisposable
    {
        readonly RawClient _actor;
        readonly RawClient[] _waiters;
        readonly string[] _ids;
        readonly bool[] _waits = new bool[Waiters];

        public Side(Func<RawClient> connect, int protocol)
        {
            _actor = connect();
            _waiters = [.. Enumerable.Range(0, Waiters).Select(_ => connect())];
            if (protocol == 3)
            {
                foreach (var client in _waiters.Append(_actor)) client.Call("HELLO 3");
            }
            _ids = [.. _waiters.Select(w => w.Call("CLIENT ID")[1..])];
        }

        public List<int> Free() => [.. Enumerable.Range(0, Waiters).Where(i => !_waits[i])];

        /// <summary>The reply, or "waits" once the server says that one more does.</summary>
        public string Wait(int who, string[] command)
        {
            var others = _waits.Count(w => w);
            _waiters[who].SendRaw(RawClient.Encode(command));
            while (!HasReply(who))
            {
                // Fewer wait if it was served, and what it did woke another.
                if (Blocked() <= others) continue;
                _waits[who] = true;
                return "waits";
            }
            return _waiters[who].Read();
        }

        public string Act(string[] command)
        {
            if (command[0] != "DUMP-AND-RESTORE") return _actor.CallWords(command);
            var dumped = _actor.CallWords("DUMP", command[1]);
            if (dumped is "$-1" or "_") return "nothing";
            return _actor.CallWords("RESTORE", command[2], "0", dumped[(dumped.IndexOf(' ', StringComparison.Ordinal) + 1)..], "REPLACE");
        }

        public string Unblock(int who, string how)
        {
            var reply = _actor.CallWords("CLIENT", "UNBLOCK", _ids[who], how);
            return $"{reply}, {Woken()}";
        }

        /// <summary>Who waits no longer, and what each was answered.</summary>
        public string Woken()
        {
            var before = _waits.Count(w => w);
            var after = Blocked();
            var replies = new List<string>();
            while (before - replies.Count > after)
            {
                for (var who = 0; who < Waiters; who++)
                {
                    if (!_waits[who] || !HasReply(who)) continue;
                    _waits[who] = false;
                    replies.Add($"{who}: {_waiters[who].Read()}");
                }
            }
            // The replies come over several connections, in any order.
            replies.Sort(StringComparer.Ordinal);
            return string.Join("; ", replies);
        }

        bool HasReply(int who) => _waiters[who].Socket.Available > 0;

        int Blocked()
        {
            const string Field = "blocked_clients:";
            var info = _actor.Call("INFO clients");
            var rest = info[(info.IndexOf(Field, StringComparison.Ordinal) + Field.Length)..];
            return int.Parse(rest[..rest.IndexOf('\r', StringComparison.Ordinal)], CultureInfo.InvariantCulture);
        }

        public void Dispose()
        {
            foreach (var client in _waiters) client.Dispose();
            _actor.Dispose();
        }
    }
}
