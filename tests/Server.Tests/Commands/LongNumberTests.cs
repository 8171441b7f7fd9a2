using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Tests.Commands;

/// <summary>
/// Numbers of a megabyte, in every form, wherever a command takes a value and wherever it reads one in the data. What takes time
/// with the square of the length takes minutes of it.
/// </summary>
[Trait("Size", "Large")]
public sealed class LongNumberTests
{
    const int Length = 1_000_000;

    /// <summary>A request of a megabyte takes some milliseconds; on a machine with much else to do, some more.</summary>
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    static string Zeros { get; } = new('0', Length);

    static string[] Forms { get; } =
    [
        new('7', Length), "-" + new string('9', Length), "0x" + new string('1', Length), Zeros + "1", "0x" + Zeros + "1",
        "1." + Zeros, "0." + Zeros + "1", "1" + Zeros + "e-1000000", "1e" + Zeros + "1", "0x1p" + new string('9', Length),
        new string(' ', Length) + "1",
    ];

    /// <summary>Commands not asked, each with the reason.</summary>
    static readonly Dictionary<string, string> s_excluded = new()
    {
        ["shutdown"] = "ends the server",
        ["psync"] = "makes the connection a replica's",
        ["client|kill"] = "may end the connection",
    };

    public static TheoryData<string> Asked() =>
    [
        .. DeclarationTests.Everything().Where(c => ArgumentForms.EachValue(c).Any()).Select(c => c.FullName).Except(s_excluded.Keys),
    ];

    [Fact]
    public void Exclusions_name_commands_there_are() =>
        Assert.Empty(s_excluded.Keys.Except(DeclarationTests.Everything().Select(c => c.FullName)));

    [Theory]
    [MemberData(nameof(Asked))]
    public void Every_value_that_a_command_takes_may_be_a_number_of_a_megabyte(string name)
    {
        var command = DeclarationTests.Everything().Single(c => c.FullName == name);
        using var server = new TestServer();
        // RESP3, as a subscriber of the other may say nothing else.
        using var client = server.Connect(protocol: 3);
        using var other = server.Connect();
        foreach (var (words, at) in ArgumentForms.EachValue(command))
        {
            foreach (var number in Forms)
            {
                Prepare(other, command);
                var request = (string[])[.. words];
                request[at] = number;
                var watch = Stopwatch.StartNew();
                client.SendRaw(RawClient.Encode(request));
                if ((command.Flags & CommandFlags.Blocking) != 0) DeclarationTests.EndWait(server, client);
                var reply = client.Read();
                var what = $"{string.Join(' ', words)}, word {at} being {number[..10]}...";
                Assert.True(watch.Elapsed < s_patience, $"{what} took {watch.Elapsed}");
                Assert.DoesNotContain("internal error", reply, StringComparison.Ordinal);
            }
            Assert.Equal("+PONG", other.Call("PING"));
        }
    }

    /// <summary>A key of the type that the command is for, so that it comes to read its arguments.</summary>
    static void Prepare(RawClient client, Command command)
    {
        client.Call("DEL key key2");
        switch (command.Group)
        {
            case CommandGroup.Hash: client.Call("HSET key 3 12"); break;
            case CommandGroup.List: client.Call("RPUSH key 3 12"); break;
            case CommandGroup.Set: client.Call("SADD key 3 12"); break;
            case CommandGroup.SortedSet: client.Call("ZADD key 1 3 2 12"); break;
            case CommandGroup.Geo: client.Call("GEOADD key 1 1 3 2 2 12"); break;
            case CommandGroup.HyperLogLog: client.Call("PFADD key 3"); break;
            case CommandGroup.Stream:
                client.Call("XADD key 1-1 3 3");
                client.Call("XGROUP CREATE key 3 0");
                client.Call("XREADGROUP GROUP 3 3 STREAMS key >");
                break;
            default: client.Call("SET key 12"); break;
        }
    }

    /// <summary>Each reads a number where NUMBER was stored: in a string, a field, an element, behind a pattern.</summary>
    [Theory]
    [InlineData("SET key NUMBER", "INCR key")]
    [InlineData("SET key NUMBER", "DECRBY key 3")]
    [InlineData("SET key NUMBER", "INCRBYFLOAT key 1")]
    [InlineData("SET key NUMBER", "BITFIELD key INCRBY u8 0 1")]
    [InlineData("SET key NUMBER", "OBJECT ENCODING key")]
    [InlineData("HSET key f NUMBER", "HINCRBY key f 1")]
    [InlineData("HSET key f NUMBER", "HINCRBYFLOAT key f 1")]
    [InlineData("RPUSH key NUMBER 1 NUMBER", "SORT key")]
    [InlineData("RPUSH key NUMBER 1 NUMBER", "LPOS key 1")]
    [InlineData("SADD key NUMBER 1", "SORT key DESC")]
    [InlineData("SADD key 1 2 3", "SISMEMBER key NUMBER")]
    [InlineData("ZADD key 1 NUMBER", "SORT key STORE key2")]
    [InlineData("MSET w_1 NUMBER w_2 1", "SORT list BY w_*")]
    [InlineData("MSET w_1 NUMBER w_2 1", "SORT list BY nosort GET w_*")]
    public void Numbers_of_a_megabyte_in_the_data_are_read_once(string store, string read)
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.Call("RPUSH list 1 2");
        foreach (var number in Forms)
        {
            string[] Words(string line) => [.. line.Split(' ').Select(w => w == "NUMBER" ? number : w)];
            client.Call("DEL key");
            Assert.False(client.CallWords(Words(store)).StartsWith('-'));
            var watch = Stopwatch.StartNew();
            var reply = client.CallWords(Words(read));
            Assert.True(watch.Elapsed < s_patience, $"{store}, {read} of {number[..10]}... took {watch.Elapsed}");
            Assert.DoesNotContain("internal error", reply, StringComparison.Ordinal);
            Assert.Equal("+PONG", client.Call("PING"));
        }
    }

    [Theory]
    [InlineData("maxmemory")]
    [InlineData("timeout")]
    [InlineData("hz")]
    [InlineData("unixsocketperm")]
    [InlineData("slowlog-log-slower-than")]
    [InlineData("maxmemory-clients")]
    [InlineData("save")]
    [InlineData("client-output-buffer-limit")]
    [InlineData("oom-score-adj-values")]
    [InlineData("latency-tracking-info-percentiles")]
    public void Settings_are_read_once(string directive)
    {
        using var server = new TestServer();
        using var client = server.Connect();
        foreach (var number in Forms)
        {
            foreach (var value in (string[])[number, number + "mb", number + "%", $"normal {number} 1 1", $"1 {number}"])
            {
                var watch = Stopwatch.StartNew();
                var reply = client.CallWords("CONFIG", "SET", directive, value);
                Assert.True(watch.Elapsed < s_patience, $"{directive} {value[..10]}... took {watch.Elapsed}");
                Assert.DoesNotContain("internal error", reply, StringComparison.Ordinal);
            }
            Assert.Equal("+PONG", client.Call("PING"));
        }
    }
}
