using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using MiniRedis.Server.Commands;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Tests.Commands;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Tests.Execution;

/// <summary>What reaches the server from somebody who has not logged in.</summary>
public sealed partial class BeforeLoginTests
{
    /// <summary>Inputs of the fuzzer; MINIREDIS_LOGIN_FUZZ is another number, and MINIREDIS_FUZZ_SEED another seed.</summary>
    static int Inputs => Setting("MINIREDIS_LOGIN_FUZZ", 100_000);

    static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;

    [Fact]
    public void Nothing_runs_but_what_logs_in_or_leaves()
    {
        using var server = new TestServer("requirepass secret\nenable-debug-command yes\nenable-module-command yes");
        var open = new List<string>();
        foreach (var command in DeclarationTests.Everything())
        {
            using var client = server.Connect();
            var form = ArgumentForms.Of(command).First();
            while (!command.AcceptsCount(form.Length)) form = [.. form, "x"];
            var reply = client.CallWords(form);
            if (!reply.EndsWith("NOAUTH Authentication required.", StringComparison.Ordinal)) open.Add(command.FullName);
        }
        Assert.Equal(["auth", "hello", "quit", "reset"], open.Order(StringComparer.Ordinal));
    }

    /// <summary>
    /// Requests, well formed and damaged, cut and joined anywhere. Whatever comes, no handler fails, nothing is stored, and nobody is
    /// logged in.
    /// </summary>
    [Fact]
    public void Any_bytes_are_refused_or_ignored()
    {
        var seed = Setting("MINIREDIS_FUZZ_SEED", 1);
        var random = new Random(seed);
        var config = new ServerConfig { Observation = { SlowlogLogSlowerThan = -1 }, Persistence = { SavePoints = [] }, Security = { RequirePass = "secret" } };
        var server = new MiniRedisServer(config, new ServerLog(NullLogger.Instance), randomSeed: 1).Parts;
        var shared = new NativeBuffer(InputPipe.SharedBytes);
        string[] names = [.. CommandRegistry.CreateTable().All.Select(command => command.Name)];
        SocketlessConnection? connection = null;
        for (var i = 0; i < Inputs; i++)
        {
            if (connection is null || connection.Closing != CloseMode.Open || random.Next(50) == 0)
            {
                if (connection is not null) server.Executor.OnClosed(connection);
                connection = new SocketlessConnection(shared, "127.0.0.1:1", "127.0.0.1:6379");
                server.Executor.OnAccepted(connection);
            }
            var input = Input(random, names);
            try
            {
                Receive(server, connection, input);
            }
            catch (Exception failure)
            {
                Assert.Fail($"seed {seed}, input {i}: '{Encoding.Latin1.GetString(input)}'\n{failure}");
            }
            Assert.True(server.Statistics.UnexpectedErrors == 0 && server.Keyspace.Count == 0, $"seed {seed}, input {i}: '{Encoding.Latin1.GetString(input)}'");
            Assert.All(server.Clients.All, client => Assert.False(client.IsAuthenticated));
        }
        server.Keyspace.Dispose();
        shared.Free();
    }

    static void Receive(ServerParts server, SocketlessConnection connection, byte[] input)
    {
        for (var at = 0; at < input.Length && connection.Closing == CloseMode.Open;)
        {
            var room = connection.Input.PrepareReceive();
            var length = Math.Min(room.Length, input.Length - at);
            input.AsSpan(at, length).CopyTo(room);
            connection.Input.Received(length);
            server.Executor.OnReceived(connection);
            at += length;
            while (connection.Output.HasSending) connection.Output.Sent(connection.Output.FrontSpan.Length);
        }
    }

    static byte[] Input(Random random, string[] names)
    {
        var bytes = new List<byte>();
        for (var n = random.Next(1, 4); n > 0; n--) bytes.AddRange(Encoding.Latin1.GetBytes(Request(random, names)));
        for (var damages = random.Next(4) == 0 ? random.Next(1, 5) : 0; damages > 0 && bytes.Count > 0; damages--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes.RemoveAt(at); break;
                case 2: bytes.Insert(at, (byte)random.Next(256)); break;
                default: bytes.RemoveRange(at, random.Next(bytes.Count - at)); break;
            }
        }
        return [.. bytes];
    }

    static string Request(Random random, string[] names)
    {
        string[] words =
        [
            random.Next(3) == 0 ? random.GetItems(["AUTH", "HELLO", "RESET", "auth", "hello", ""], 1)[0] : names[random.Next(names.Length)],
            .. Enumerable.Range(0, random.Next(random.Next(10) == 0 ? 14 : 5)).Select(_ => Word(random)),
        ];
        if (random.Next(5) == 0) return string.Join(' ', words) + (random.Next(2) == 0 ? "\r\n" : "\n");
        var count = random.Next(30) == 0 ? random.NextInt64(-2, long.MaxValue) >> random.Next(63) : words.Length;
        return $"*{count}\r\n" + string.Concat(words.Select(word => $"${(random.Next(60) == 0 ? random.NextInt64() >> random.Next(64) : word.Length)}\r\n{word}\r\n"));
    }

    static string Word(Random random) => random.Next(9) switch
    {
        0 => "AUTH",
        1 => "default",
        2 => "3",
        3 => "SETNAME",
        4 => new string('x', random.Next(40)),
        5 => random.NextInt64().ToString(System.Globalization.CultureInfo.InvariantCulture),
        6 => new string((char)random.Next(256), random.Next(4)),
        7 => random.Next(200) == 0 ? new string('y', random.Next(20_000)) : "wrong",
        _ => "",
    };
}
