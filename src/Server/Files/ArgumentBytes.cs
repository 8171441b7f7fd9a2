namespace MiniRedis.Server.Files;

/// <summary>Arguments of the process that are no UTF-8: names of files may be any bytes.</summary>
static class ArgumentBytes
{
    /// <summary>What the runtime puts in the place of bytes that are no UTF-8.</summary>
    const char Replacement = '\uFFFD';

    /// <summary>The arguments, with their bytes in the form of <see cref="FileNames"/>. Only Linux tells them.</summary>
    public static string[] Restore(string[] args)
    {
        if (!OperatingSystem.IsLinux() || !Array.Exists(args, arg => arg.Contains(Replacement))) return args;
        try
        {
            return Restore(args, File.ReadAllBytes("/proc/self/cmdline"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return args;
        }
    }

    /// <param name="args">As the runtime gives them, without what stands in front of them.</param>
    /// <param name="line">The command line of the process: a zero byte ends each word.</param>
    internal static string[] Restore(string[] args, ReadOnlySpan<byte> line)
    {
        var words = new List<string>();
        for (int length; (length = line.IndexOf((byte)0)) >= 0; line = line[(length + 1)..]) words.Add(FileNames.FromBytes(line[..length]));
        return words.Count < args.Length ? args : [.. words[^args.Length..]];
    }
}
