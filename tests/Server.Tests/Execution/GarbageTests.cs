using System.Text;

namespace MiniRedis.Server.Tests.Execution;

/// <summary>Bytes that nobody meant: they are answered as commands or refused as Redis refuses them, and harm nobody else.</summary>
public sealed class GarbageTests
{
    const int Rounds = 300;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public async Task Garbage_ends_in_replies_or_in_a_protocol_error(int seed, bool portable)
    {
        using var server = new TestServer(portableTransport: portable);
        using var bystander = server.Connect();
        var random = new Random(seed);
        for (var round = 0; round < Rounds; round++)
        {
            var garbage = Garbage(random);
            var received = await Send(server, garbage);
            Assert.True(IsWellFormed(received), $"seed {seed}, round {round}: {Show(garbage)} was answered {Show(received)}");
            if (round % 50 == 0) Assert.Equal("+PONG", bystander.Call("PING"));
        }
        Assert.Equal("+PONG", bystander.Call("PING"));
        // A refused client sees the end of its stream a moment before the server forgets it.
        Assert.True(SpinWait.SpinUntil(() => CountClients(server) == 1, TimeSpan.FromSeconds(10)));
        lock (server.Server.Executor.ExecutorLock) Assert.Equal(0, server.Server.Statistics.UnexpectedErrors);
    }

    static int CountClients(TestServer server)
    {
        lock (server.Server.Executor.ExecutorLock) return server.Server.Clients.Count;
    }

    /// <summary>Sends, says that no more will come, and reads until the server closes too: a hang fails by the client's timeout.</summary>
    static async Task<string> Send(TestServer server, string garbage)
    {
        using var client = server.Connect();
        var sending = Background.Run(() =>
        {
            try
            {
                client.SendRaw(garbage);
                client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            }
            catch (Exception failure) when (failure is IOException or System.Net.Sockets.SocketException)
            {
                // The server refused before it had read all.
            }
        });
        var received = client.ReadToEnd();
        await sending;
        return received;
    }

    static string Garbage(Random random)
    {
        var bytes = new StringBuilder();
        var parts = random.Next(1, 6);
        for (var i = 0; i < parts; i++)
        {
            bytes.Append(random.Next(8) switch
            {
                0 => Noise(random, random.Next(1, 200)),
                1 => RawClient.Encode("PING"),
                2 => RawClient.Encode("SET", Noise(random, 5), Noise(random, random.Next(100))),
                3 => Broken(random, RawClient.Encode("MGET", "a", "b", Noise(random, 20))),
                4 => $"*{random.Next(-3, 5)}\r\n${random.Next(-3, 20)}\r\n{Noise(random, random.Next(20))}\r\n",
                5 => "*" + Noise(random, random.Next(10)) + "\r\n",
                6 => $"{Noise(random, 3)} \"{Noise(random, 10)}\n",
                _ => new string((char)random.Next(256), random.Next(70_000)),
            });
        }
        return bytes.ToString();
    }

    static string Noise(Random random, int length) => string.Create(length, random, static (span, r) =>
    {
        const string Likely = "*$\r\n0123456789-\"' \0";
        foreach (ref var c in span) c = r.Next(2) == 0 ? Likely[r.Next(Likely.Length)] : (char)r.Next(256);
    });

    static string Broken(Random random, string request)
    {
        var at = random.Next(request.Length);
        return request[..at] + (char)random.Next(256) + request[(at + random.Next(2))..];
    }

    /// <summary>Whether it is a sequence of simple replies; the last one may be cut by the close. No exception's text is in it.</summary>
    static bool IsWellFormed(string received)
    {
        if (received.Contains("Exception", StringComparison.Ordinal) || received.Contains("   at ", StringComparison.Ordinal)) return false;
        if (received.Contains("internal error", StringComparison.Ordinal)) return false;
        var at = 0;
        while (at < received.Length)
        {
            var end = received.IndexOf('\n', at);
            if (end < 0) return true;
            if (received[end - 1] != '\r' || !"+-:$*".Contains(received[at], StringComparison.Ordinal)) return false;
            var isBulk = received[at] == '$' && received[at + 1] != '-';
            var length = isBulk ? int.Parse(received.AsSpan(at + 1, end - at - 2), System.Globalization.CultureInfo.InvariantCulture) + 2 : 0;
            at = end + 1 + length;
        }
        return true;
    }

    static string Show(string bytes) =>
        System.Text.RegularExpressions.Regex.Escape(bytes.Length > 300 ? bytes[..300] + $"... ({bytes.Length} bytes)" : bytes);
}
