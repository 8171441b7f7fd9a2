using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Execution.Gates;

/// <summary>
/// Logs connections to the TLS port that were given up, a few lines a second: whoever floods it must not fill the disk. Any thread.
/// </summary>
sealed class RefusedHandshakes(TimeProvider time, ServerLog log)
{
    /// <summary>Most lines of one second. What happens by mistake happens less often.</summary>
    const int MostLines = 10;

    static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    readonly Lock _lock = new();
    long _secondBegan = time.GetTimestamp();
    int _lines;
    long _unsaid;

    public void Note(string remote, string reason)
    {
        long unsaid;
        lock (_lock)
        {
            if (time.GetElapsedTime(_secondBegan) >= s_second) (_secondBegan, _lines) = (time.GetTimestamp(), 0);
            if (++_lines > MostLines)
            {
                _unsaid++;
                return;
            }
            (unsaid, _unsaid) = (_unsaid, 0);
        }
        log.HandshakeFailed(reason, remote);
        if (unsaid > 0) log.HandshakesUnsaid(unsaid);
    }
}
