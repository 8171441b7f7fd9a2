using System.Globalization;

namespace MiniRedis.Cluster.Sentinel;

/// <summary>
/// What Sentinels tell each other on the channel <c>__sentinel__:hello</c> of every instance, and by PUBLISH to each other: who
/// they are, and which configuration of a master they have. Eight fields with commas between them.
/// </summary>
sealed record HelloMessage(
    string Ip, int Port, string RunId, ulong CurrentEpoch, string MasterName, string MasterHost, int MasterPort, ulong ConfigEpoch)
{
    public const string Channel = "__sentinel__:hello";

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Ip},{Port},{RunId},{CurrentEpoch},{MasterName},{MasterHost},{MasterPort},{ConfigEpoch}");

    /// <summary>Null for what is no such message.</summary>
    public static HelloMessage? Parse(string text)
    {
        var fields = text.Split(',');
        return fields.Length == 8
            && int.TryParse(fields[1], CultureInfo.InvariantCulture, out var port)
            && ulong.TryParse(fields[3], CultureInfo.InvariantCulture, out var currentEpoch)
            && int.TryParse(fields[6], CultureInfo.InvariantCulture, out var masterPort)
            && ulong.TryParse(fields[7], CultureInfo.InvariantCulture, out var configEpoch)
            ? new(fields[0], port, fields[2], currentEpoch, fields[4], fields[5], masterPort, configEpoch)
            : null;
    }
}
