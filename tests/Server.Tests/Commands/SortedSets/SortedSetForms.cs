namespace MiniRedis.Server.Tests.Commands.SortedSets;

/// <summary>Sorted sets have two forms: commands must answer the same of both.</summary>
static class SortedSetForms
{
    /// <summary>Runs a script with packed sorted sets, then with big ones.</summary>
    public static void Run(string script, int protocol = 2)
    {
        foreach (var entries in (int[])[128, 0])
        {
            using var server = new TestServer($"zset-max-listpack-entries {entries}");
            using var client = server.Connect();
            if (protocol == 3) client.Call("HELLO 3");
            client.Run(script);
        }
    }
}
