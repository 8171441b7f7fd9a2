using System.Globalization;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Hosting;

/// <summary>
/// oom-score-adj: how willing Linux's out-of-memory killer is to take this process, from -1000 (never) to 1000 (first). See proc(5).
/// Lowering it needs CAP_SYS_RESOURCE. The value for background workers has no use here: there is no process but this one.
/// </summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class OomScore(ServerConfig config, ServerLog log, string path = OomScore.Path)
{
    public const string Path = "/proc/self/oom_score_adj";

    const int Least = -1000, Most = 1000;

    // What the process was started with; null while that is in force.
    int? _base;

    /// <summary>Puts the setting into force: writes the score, or, once it is off again, the one the process was started with.</summary>
    /// <returns>Whether that went well; why not is logged.</returns>
    public bool Apply()
    {
        if (config.Process.OomScoreAdj == OomScoreAdjust.No && _base is null) return true;
        try
        {
            File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $"{Score()}\n"));
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or FormatException)
        {
            log.CannotAdjustOomScore(failure.Message);
            return false;
        }
    }

    int Score()
    {
        if (config.Process.OomScoreAdj == OomScoreAdjust.No)
        {
            var before = _base!.Value;
            _base = null;
            return before;
        }
        _base ??= int.Parse(File.ReadAllText(path), NumberStyles.Integer, CultureInfo.InvariantCulture);
        var score = config.Process.OomScoreAdjValues[config.Replication.ReplicaOf is null ? 0 : 1];
        if (config.Process.OomScoreAdj == OomScoreAdjust.Relative) score += _base.Value;
        return Math.Clamp(score, Least, Most);
    }
}
