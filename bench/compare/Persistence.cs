using System.Diagnostics;

namespace MiniRedis.Compare;

/// <summary>How long a data set takes to the disk and back: SAVE, and a start that loads the file.</summary>
static class Persistence
{
    // As clients have them: texts that LZF cannot shorten, and texts that it can.
    static readonly (string Name, bool Compresses)[] s_data = [("random values of 64 bytes", false), ("values that compress", true)];

    public static void Load(string mine, string redis, int rounds, int keys)
    {
        Console.WriteLine($"{keys} keys: seconds of SAVE, and from start to ready less those of an empty server; each its own file, best of {rounds}");
        Console.WriteLine($"{"data",-28}{"MB",12}{"SAVE",18}{"ratio",8}{"load",18}{"ratio",8}");
        foreach (var (name, compresses) in s_data)
        {
            var (ours, theirs) = (Times("MiniRedis", mine, rounds, keys, compresses), Times("redis-server", redis, rounds, keys, compresses));
            Console.WriteLine($"{name,-28}{ours.Bytes >> 20,5} /{theirs.Bytes >> 20,5}"
                + $"{ours.Save,8:F2} /{theirs.Save,8:F2}{ours.Save / theirs.Save,8:F2}{ours.Load,8:F2} /{theirs.Load,8:F2}{ours.Load / theirs.Load,8:F2}");
        }
        Console.WriteLine();
    }

    static (double Save, double Load, long Bytes) Times(string name, string command, int rounds, int keys, bool compresses)
    {
        double empty;
        using (var idle = new RunningServer(name, command)) empty = idle.StartTime.TotalSeconds;
        using var full = new RunningServer(name, command, "--enable-debug-command", "yes");
        Fill(full, keys, compresses);
        var (save, load) = (double.MaxValue, double.MaxValue);
        using var client = full.Connect();
        for (var round = 0; round < rounds; round++)
        {
            var started = Stopwatch.StartNew();
            client.Call("SAVE");
            save = Math.Min(save, started.Elapsed.TotalSeconds);
            using var loaded = new RunningServer(name, command, "--dir", full.Directory);
            load = Math.Min(load, loaded.StartTime.TotalSeconds - empty);
        }
        return (save, load, new FileInfo(Path.Combine(full.Directory, "dump.rdb")).Length);
    }

    static void Fill(RunningServer server, int keys, bool compresses)
    {
        const int Ahead = 1000;
        using var client = server.Connect();
        if (compresses)
        {
            client.Call("DEBUG", "POPULATE", $"{keys}", "key", "64");
            return;
        }
        var random = new Random(1);
        var value = new char[64];
        for (var i = 0; i < keys; i++)
        {
            random.GetItems("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/".AsSpan(), value);
            client.Write("SET", $"key:{i:D12}", new string(value));
            if (i % Ahead != Ahead - 1 && i != keys - 1) continue;
            client.Flush();
            for (var n = i % Ahead; n >= 0; n--) client.Read();
        }
    }
}
