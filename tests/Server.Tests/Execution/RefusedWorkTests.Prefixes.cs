namespace MiniRedis.Server.Tests.Execution;

/// <summary>Writes behind a purge of their prefix: a key is written with its note, or not at all.</summary>
/// <remarks>Not those whose value takes several blocks before the first change: a small block is never refused there but by a test.</remarks>
public sealed partial class RefusedWorkTests
{
    [Theory]
    [InlineData("SET p:a v")]
    [InlineData("SET p:a 7 EX 100")]
    [InlineData("MSET p:a v p:b v p:c v p:d v p:e v")]
    [InlineData("APPEND p:a v")]
    [InlineData("INCR p:a")]
    [InlineData("RPUSH p:a 1 2 3 4 5 6")]
    [InlineData("HSET p:a a 1 b 2 c 3 d 4 e 5")]
    [InlineData("ZADD p:a 1 a 2 b")]
    [InlineData("RENAME l p:a")]
    [InlineData("COPY z p:a REPLACE")]
    [InlineData("SUNIONSTORE p:a set numbers")]
    [InlineData("ZUNIONSTORE p:a 1 z")]
    [InlineData("SORT l STORE p:a")]
    [InlineData("CACHE.SET p:a v STALE 10 COST 3 TAGS 3 a b c")]
    public void A_write_behind_a_purge_leaves_its_note_or_is_refused(string command) => ForEveryBlock(
        (server, client) =>
        {
            Unrefused(server, () =>
            {
                server.Server.Cron.IsPaused = true;
                client.Call("MSET p:a old p:z old");
            });
            Assert.StartsWith(":", client.Call("CACHE.PURGE PREFIX p:"), StringComparison.Ordinal);
            string reply;
            try
            {
                reply = client.Call(command);
            }
            catch (IOException)
            {
                // The server has ended: mayEnd.
                return;
            }
            var isWritten = reply.StartsWith('-') ? ":0" : ":1";
            Assert.Equal((command, isWritten), (command, client.Call("EXISTS p:a")));
            Unrefused(server, () => server.Server.Cron.IsPaused = false);
            server.TickUntil(() => !server.Server.Keyspace[0].PurgesPrefixes);
            Assert.Equal(isWritten, client.Call("EXISTS p:a"));
            Assert.Equal(":0", client.Call("EXISTS p:z"));
        },
        mayEnd: true);

    /// <summary>Does what needs memory that is not to be refused.</summary>
    static void Unrefused(TestServer server, Action action)
    {
        var arena = server.Server.Keyspace.Arena;
        var trial = arena.Trial;
        lock (server.Server.Executor.ExecutorLock) arena.Trial = null;
        action();
        lock (server.Server.Executor.ExecutorLock) arena.Trial = trial;
    }
}
