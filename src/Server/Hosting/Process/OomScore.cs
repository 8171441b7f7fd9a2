using System.Globalization;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Hosting.Process;

/// <summary>
/// oom-score-adj: how readily Linux's out-of-memory killer takes this process, from -1000 (never) to 1000 (first). See proc(5).
/// Lowering it needs CAP_SYS_RESOURCE. The value for background workers has no use here: there is only this process.
/// </summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class OomScore(ServerConfig config, ServerLog log, string path = OomScore.Path)
{
    public const string Path = "/proc/self/oom_score_adj";

    const int Least = -1000, Most = 1000;

    // The score with which the process was started; null while it is in force.
    int? _base;

    /// <summary>
    /// Puts the setting into force: writes the score or, once the setting is off again, the score of the start.
    /// </summary>
    /// <returns>Whether it succeeded. A failure is logged.</returns>
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
