using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Persistence;

/// <summary>
/// A connection whose changes are numbered, in pipelines of some: step 1 increments a counter, step 2 extends a list, step 3 sets a string, step
/// 4 is a transaction on two keys of its own and one of everybody's, and so on in turns. What a crash leaves shows how many steps it
/// kept, and that it kept the first ones.
/// </summary>
sealed class CrashWriter(int number, int seed)
{
    const int LongestPipeline = 16, LongElement = 20_000;

    readonly Random _random = new(seed);
    readonly List<(long Timestamp, long Steps)> _acknowledgements = [];
    long _sent, _acknowledged, _atStart;

    /// <summary>Steps that were answered. Any thread.</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    /// <summary>Steps that were answered so long before a moment, or were there at the start.</summary>
    /// <param name="moment">A timestamp of <see cref="Stopwatch"/>.</param>
    /// <param name="age">How long before.</param>
    public long AcknowledgedBefore(long moment, TimeSpan age)
    {
        var old = _acknowledgements.FindLastIndex(a => Stopwatch.GetElapsedTime(a.Timestamp, moment) >= age);
        return old < 0 ? _atStart : _acknowledgements[old].Steps;
    }

    /// <summary>Goes on where <see cref="Check"/> found it, until the server is gone.</summary>
    /// <exception cref="InvalidOperationException">A reply is wrong.</exception>
    public void Run(RawClient client)
    {
        try
        {
            while (true)
            {
                var count = _random.Next(1, LongestPipeline + 1);
                var requests = new StringBuilder();
                for (var i = 1; i <= count; i++) requests.Append(Request(_sent + i));
                _sent += count;
                client.SendRaw(requests.ToString());
                for (var step = _sent - count + 1; step <= _sent; step++)
                {
                    ReadReply(client, step);
                    Interlocked.Exchange(ref _acknowledged, step);
                    _acknowledgements.Add((Stopwatch.GetTimestamp(), step));
                }
            }
        }
        catch (Exception failure) when (failure is EndOfStreamException or IOException or SocketException)
        {
            // Killed.
        }
    }

    string Request(long step)
    {
        var nth = (step + 3) / 4;
        return (step % 4) switch
        {
            1 => RawClient.Encode("INCR", $"counter:{number}"),
            2 => RawClient.Encode("RPUSH", $"list:{number}", Element(nth)),
            3 => RawClient.Encode("SET", $"last:{number}", $"{nth}"),
            _ => RawClient.Encode("MULTI") + RawClient.Encode("INCR", "total") + RawClient.Encode("INCR", $"units:{number}")
                + RawClient.Encode("RPUSH", $"unit:{number}", $"{nth}") + RawClient.Encode("EXEC"),
        };
    }

    // Every fiftieth is longer than a page and a socket's segment, so that a kill may find a half of it written.
    static string Element(long nth) => $"{nth}:" + new string((char)('a' + nth % 26), nth % 50 == 0 ? LongElement : (int)(nth % 97));

    static void ReadReply(RawClient client, long step)
    {
        var nth = (step + 3) / 4;
        if (step % 4 != 0)
        {
            Expect(step % 4 == 3 ? "+OK" : $":{nth}", client.Read());
            return;
        }
        Expect("+OK", client.Read());
        for (var i = 0; i < 3; i++) Expect("+QUEUED", client.Read());
        var reply = client.Read();
        if (!reply.StartsWith("*3 :", StringComparison.Ordinal) || !reply.EndsWith($" :{nth} :{nth}", StringComparison.Ordinal))
            throw new InvalidOperationException($"EXEC of step {step} was answered {reply}");
    }

    static void Expect(string expected, string reply)
    {
        if (reply != expected) throw new InvalidOperationException($"{reply} came where {expected} was expected");
    }

    /// <summary>Asserts that the first steps are there, each whole, and no others, and that there are enough.</summary>
    /// <param name="client">To a server that was started again.</param>
    /// <param name="least">Steps that must not be lost.</param>
    /// <returns>Transactions that are there.</returns>
    public long Check(RawClient client, long least)
    {
        var counter = Number(client, $"counter:{number}");
        var list = Elements(client, $"list:{number}");
        var last = Number(client, $"last:{number}");
        var units = Number(client, $"units:{number}");
        var unit = Elements(client, $"unit:{number}");

        var steps = counter + list.Length + last + units;
        var found = $"writer {number}: counter {counter}, list {list.Length}, last {last}, units {units}, unit {unit.Length}; "
            + $"{least} were to be there at least, {_acknowledged} were answered, {_sent} sent";
        Assert.True((counter, list.Length, last, units) == ((steps + 3) / 4, (steps + 2) / 4, (steps + 1) / 4, steps / 4), $"Not the first steps: {found}");
        Assert.True(unit.Length == units, $"A transaction is not whole: {found}");
        Assert.True(steps >= least, $"Lost: {found}");
        Assert.True(steps <= _sent, $"More than was sent: {found}");
        for (var i = 0; i < list.Length; i++) Assert.Equal(Element(i + 1), list[i]);
        for (var i = 0; i < unit.Length; i++) Assert.Equal($"{i + 1}", unit[i]);

        _sent = _acknowledged = _atStart = steps;
        _acknowledgements.Clear();
        return units;
    }

    public static long Number(RawClient client, string key) =>
        client.CallTree($"GET {key}") is string text ? long.Parse(text, CultureInfo.InvariantCulture) : 0;

    static string[] Elements(RawClient client, string key) => [.. ((object?[])client.CallTree($"LRANGE {key} 0 -1")!).Cast<string>()];
}
