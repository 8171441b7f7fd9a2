using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Values;

/// <summary>
/// Client classes with an output buffer limit of their own; the index into <see cref="NetworkSettings.OutputBufferLimits"/>.
/// </summary>
internal enum ClientClass : byte { Normal, Replica, PubSub }

/// <summary>
/// When to drop a client that does not read its replies: at once above <paramref name="HardBytes"/>, or after more than
/// <paramref name="SoftSeconds"/> above <paramref name="SoftBytes"/>. 0 is no limit.
/// </summary>
internal readonly record struct OutputBufferLimit(long HardBytes, long SoftBytes, long SoftSeconds)
{
    public static string? Parse(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        if (args.Length % 4 != 0) return ConfigErrors.BufferLimitArguments;
        var limits = (OutputBufferLimit[])config.Network.OutputBufferLimits.Clone();
        for (var i = 0; i < args.Length; i += 4)
        {
            if (!TryParseClass(args[i], out var at)) return ConfigErrors.BufferLimitClass;
            if (!ConfigNumber.TryParseMemory(args[i + 1], out var hard)
                || !ConfigNumber.TryParseMemory(args[i + 2], out var soft)
                || !ConfigNumber.TryParseLenient(args[i + 3], out var seconds) || seconds < 0)
            {
                return ConfigErrors.BufferLimitValue;
            }
            limits[(int)at] = new OutputBufferLimit(hard, soft, seconds);
        }
        config.Network.OutputBufferLimits = limits;
        return null;
    }

    // Redis 7 still answers "slave" here, and clients that parse the value look for it.
    public static string Format(ServerConfig config)
    {
        var limits = config.Network.OutputBufferLimits;
        return $"normal {limits[0].Text()} slave {limits[1].Text()} pubsub {limits[2].Text()}";
    }

    public static IEnumerable<(string Line, bool Force)> Rewrite(ServerConfig config, ServerConfig defaults)
    {
        for (var i = 0; i < config.Network.OutputBufferLimits.Length; i++)
        {
            var limit = config.Network.OutputBufferLimits[i];
            var name = (ClientClass)i switch { ClientClass.Normal => "normal", ClientClass.Replica => "replica", _ => "pubsub" };
            var hard = ConfigNumber.FormatMemory(limit.HardBytes);
            var soft = ConfigNumber.FormatMemory(limit.SoftBytes);
            yield return ($"client-output-buffer-limit {name} {hard} {soft} {ConfigNumber.Text(limit.SoftSeconds)}",
                limit != defaults.Network.OutputBufferLimits[i]);
        }
    }

    string Text() => $"{ConfigNumber.Text(HardBytes)} {ConfigNumber.Text(SoftBytes)} {ConfigNumber.Text(SoftSeconds)}";

    static bool TryParseClass(string name, out ClientClass result)
    {
        if (name.Equals("normal", StringComparison.OrdinalIgnoreCase)) result = ClientClass.Normal;
        else if (name.Equals("slave", StringComparison.OrdinalIgnoreCase)) result = ClientClass.Replica;
        else if (name.Equals("replica", StringComparison.OrdinalIgnoreCase)) result = ClientClass.Replica;
        else if (name.Equals("pubsub", StringComparison.OrdinalIgnoreCase)) result = ClientClass.PubSub;
        else { result = default; return false; }
        return true;
    }
}
