using System.Diagnostics;

namespace MiniRedis.Compat.Tests.Caching;

/// <summary>Many clients ask for one cold key at the same time, and computing it takes a while.</summary>
public sealed class StampedeTests(ITestOutputHelper output)
{
    const int Readers = 300;

    static string[] Words(string reply) => reply.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    [Fact]
    public async Task One_computes_and_all_others_have_the_value_as_soon_as_it_is_there()
    {
        using var server = new ServerProcess();
        var (computed, served) = (0, 0);
        using var start = new ManualResetEventSlim();
        var watch = new Stopwatch();
        var readers = Enumerable.Range(0, Readers).Select(_ => Task.Factory.StartNew(
            () =>
            {
                using var client = server.Connect();
                start.Wait();
                var reply = Words(client.Call("CACHE.GET page LEASE 10000 WAIT 10000"));
                // *5, then null or a value of two words, "$4 MISS" or "$5 FRESH", then null or a token of two words.
                if (reply[1] != "$-1")
                {
                    Assert.Equal("html", reply[2]);
                    Interlocked.Increment(ref served);
                    return;
                }
                Assert.Equal(("MISS", "$16"), (reply[3], reply[4]));
                Interlocked.Increment(ref computed);
                // What computing waits for: until all others wait for it.
                using var second = server.Connect();
                while (!second.Call("INFO clients").Contains($"blocked_clients:{Readers - 1}\r\n", StringComparison.Ordinal)) Thread.Yield();
                watch.Start();
                Assert.StartsWith(":", second.Call($"CACHE.SET page html EX 60 LEASE {reply[5]}"), StringComparison.Ordinal);
            },
            TaskCreationOptions.LongRunning)).ToList();
        start.Set();
        await Task.WhenAll(readers);
        output.WriteLine($"{served} readers had the value {watch.ElapsedMilliseconds} ms after it was there");
        Assert.Equal((1, Readers - 1), (computed, served));
    }
}
