using System.Diagnostics;
using MiniRedis.Compat.Tests.Fuzzing;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Replication;

/// <summary>What tests of replication ask servers, whichever of the two they are.</summary>
static class ReplicationChecks
{
    /// <summary>A field of INFO; empty if there is none.</summary>
    public static string Field(RawClient client, string section, string name)
    {
        var text = client.Call($"INFO {section}");
        var at = text.IndexOf($"{name}:", StringComparison.Ordinal);
        return at < 0 ? "" : text[(at + name.Length + 1)..].Split('\r')[0];
    }

    public static void Await(Func<bool> condition, Func<string> story)
    {
        for (var patience = Stopwatch.StartNew(); !condition(); Thread.Sleep(5))
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), story());
    }

    /// <summary>Waits until the replica has all that the master has, and compares the data.</summary>
    public static void AssertEqual(RawClient master, RawClient replica)
    {
        Await(
            () => Field(replica, "replication", "master_link_status") == "up"
                && Field(replica, "replication", "slave_repl_offset") == Field(master, "replication", "master_repl_offset"),
            () => $"{master.Call("INFO replication")}\n{replica.Call("INFO replication")}");
        // A master that finds an expired key itself, by and by, has one key less for a moment.
        Await(
            () => master.Call("DEBUG DIGEST") == replica.Call("DEBUG DIGEST"),
            () => string.Join('\n', Differences(master, replica)));
    }

    static IEnumerable<string> Differences(RawClient master, RawClient replica)
    {
        for (var database = 0; database < 16; database++)
        {
            master.Call($"SELECT {database}");
            replica.Call($"SELECT {database}");
            var names = new[] { master, replica }.SelectMany(client => (object?[])client.CallTree("KEYS *")!).Cast<string>().ToHashSet();
            foreach (var name in names)
            {
                foreach (var question in new string[][] { ["TYPE", name], ["PEXPIRETIME", name], ["DEBUG", "DIGEST-VALUE", name] })
                {
                    var (right, mine) = (master.CallWords(question), replica.CallWords(question));
                    if (right != mine) yield return $"db {database} {string.Join(' ', question)}: {right} / {mine}";
                }
            }
        }
        master.Call("SELECT 0");
        replica.Call("SELECT 0");
    }

    /// <summary>Sends random commands, now and then two in a transaction.</summary>
    public static void Write(RawClient client, CommandStream commands, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var command = commands.Next();
            if (command[0] is "SELECT" or "select" || i % 50 > 0)
            {
                client.CallWords(command);
                continue;
            }
            client.Call("MULTI");
            client.CallWords(command);
            client.CallWords(commands.Next());
            client.Call("EXEC");
        }
    }

    /// <summary>What random commands do not have: a script with many effects, and a function.</summary>
    public static void WriteByScripts(RawClient client)
    {
        client.Call("EVAL \"for i=1,100 do redis.call('set',i,i) redis.call('sadd','s',i) end redis.call('spop','s',50) return 1\" 0");
        client.Call("FUNCTION LOAD \"#!lua name=l\\nredis.register_function('f',function(k,a) return redis.call('incr',k[1]) end)\"");
        client.Call("FCALL f 1 counter");
    }
}
