namespace MiniRedis.Server.Tests.Persistence.Aof;

/// <summary>
/// No descriptor is left at one moment or another of what opens files. The server lives, and what it has acknowledged is there at the
/// next start. Each test goes through all moments: it ends once nothing was refused.
/// </summary>
public sealed class AofDescriptorTests
{
    /// <summary>More files and directories than anything here opens.</summary>
    const int Many = 50;

    static void Finish(TestServer server) => server.TickUntil(() =>
    {
        // After three failures in a row the next attempt is a minute away or more.
        server.Time.Advance(TimeSpan.FromMinutes(1));
        var rewriting = server.Server.AofRewriting;
        return !rewriting.IsRunning && !rewriting.IsScheduled && !rewriting.AwaitsBase && server.Server.Aof.BufferBytes == 0;
    });

    static string AfterRestart(AofDirectory directory, string command)
    {
        using var server = directory.Start();
        using var client = server.Connect();
        return client.Call(command);
    }

    [Theory]
    [InlineData("everysec", false)]
    [InlineData("everysec", true)]
    [InlineData("no", false)]
    [InlineData("no", true)]
    [InlineData("always", false)]
    [InlineData("always", true)]
    public void A_rewrite_without_a_descriptor_is_refused_or_fails_and_the_next_one_succeeds(string policy, bool forGood)
    {
        for (int opens = 0, refused = 1; refused > 0; opens++)
        {
            Assert.InRange(opens, 0, Many);
            using AofDirectory directory = new(), killed = new();
            using (var server = directory.Start($"appendfsync {policy}"))
            using (var client = server.Connect())
            {
                Assert.Equal(":1", client.Call("INCR a"));
                directory.Files.RefuseOpens(opens, forGood);
                var reply = client.Call("BGREWRITEAOF");
                Assert.Equal(":2", client.Call("INCR a"));
                server.TickUntil(() => !server.Server.AofRewriting.IsRunning && server.Server.Aof.BufferBytes == 0);
                refused = directory.Files.AllowOpens();
                if (reply.StartsWith('-')) Assert.Contains("rewrite failed: " + FailingFiles.NoDescriptor, directory.Log.Text, StringComparison.Ordinal);
                Assert.Equal(refused == 0, server.Server.AofRewriting.LastWentWell);
                Assert.Null(server.Server.Aof.Error);
                Assert.Equal(":3", client.Call("INCR a"));
                directory.CopyTo(killed);

                Assert.Equal("+Background append only file rewriting started", client.Call("BGREWRITEAOF"));
                Assert.Equal(":4", client.Call("INCR a"));
                Finish(server);
                Assert.True(server.Server.AofRewriting.LastWentWell);
                Assert.Empty(directory.Exits);
            }
            Assert.Equal("$1 3", AfterRestart(killed, "GET a"));
            Assert.Equal("$1 4", AfterRestart(directory, "GET a"));
        }
    }

    [Theory]
    [InlineData("everysec", false)]
    [InlineData("everysec", true)]
    [InlineData("no", false)]
    [InlineData("no", true)]
    [InlineData("always", false)]
    [InlineData("always", true)]
    public void An_AOF_that_is_turned_on_without_a_descriptor_stays_off_or_has_its_base_later(string policy, bool forGood)
    {
        for (int opens = 0, refused = 1; refused > 0; opens++)
        {
            Assert.InRange(opens, 0, Many);
            using var directory = new AofDirectory();
            using (var server = directory.Start($"appendonly no\nappendfsync {policy}"))
            using (var client = server.Connect())
            {
                Assert.Equal(":1", client.Call("INCR a"));
                directory.Files.RefuseOpens(opens, forGood);
                var isOn = client.Call("CONFIG SET appendonly yes") == "+OK";
                Assert.Equal(isOn, server.Server.Aof.IsOn);
                Assert.Equal(":2", client.Call("INCR a"));
                server.TickUntil(() => !server.Server.AofRewriting.IsRunning && server.Server.Aof.BufferBytes == 0);
                refused = directory.Files.AllowOpens();
                if (!isOn) Assert.Equal("+OK", client.Call("CONFIG SET appendonly yes"));
                Finish(server);
                Assert.Equal(":3", client.Call("INCR a"));
                Assert.Empty(directory.Exits);
            }
            Assert.Equal("$1 3", AfterRestart(directory, "GET a"));
        }
    }

    [Theory]
    [InlineData("everysec", false)]
    [InlineData("everysec", true)]
    [InlineData("always", false)]
    [InlineData("always", true)]
    public void A_start_without_a_descriptor_is_refused_and_leaves_all_to_the_next(string policy, bool hasFiles)
    {
        for (int opens = 0, refused = 1; refused > 0; opens++)
        {
            Assert.InRange(opens, 0, Many);
            using var directory = new AofDirectory();
            if (hasFiles) directory.Make("file i seq 7 type i\n", ("i", AofDirectory.Commands("SET a 7")));
            directory.Files.RefuseOpens(opens, forGood: false);
            var starts = true;
            try
            {
                using var server = directory.Start($"appendfsync {policy}");
                using var client = server.Connect();
                starts = directory.Exits.Count == 0;
                if (starts) Assert.Equal(hasFiles ? ":8" : ":1", client.Call("INCR a"));
            }
            catch (MiniRedis.Server.Hosting.StartFailedException)
            {
                starts = false;
            }
            refused = directory.Files.AllowOpens();
            Assert.Equal(refused == 0, starts);
            if (!starts) Assert.Contains(FailingFiles.NoDescriptor, directory.Log.Text, StringComparison.Ordinal);
            directory.Exits.Clear();
            Assert.Equal((starts, hasFiles) switch
            {
                (true, true) => "$1 8",
                (true, false) => "$1 1",
                (false, true) => "$1 7",
                _ => "$-1",
            }, AfterRestart(directory, "GET a"));
            Assert.Empty(directory.Exits);
        }
    }
}
