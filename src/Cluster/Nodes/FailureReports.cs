namespace MiniRedis.Cluster.Nodes;

/// <summary>Which masters said that a node is down, and when they last did.</summary>
sealed class FailureReports
{
    Dictionary<ClusterNode, long>? _reports;

    /// <summary>False if the sender had a report already, which is renewed.</summary>
    public bool Add(ClusterNode sender, long now)
    {
        _reports ??= [];
        var isNew = _reports.TryAdd(sender, now);
        if (!isNew) _reports[sender] = now;
        return isNew;
    }

    /// <summary>False if there was none.</summary>
    public bool Remove(ClusterNode sender)
    {
        if (_reports is null || !_reports.Remove(sender)) return false;
        if (_reports.Count == 0) _reports = null;
        return true;
    }

    /// <summary>How many were made or renewed since a time. Older ones are dropped.</summary>
    public int CountSince(long time)
    {
        if (_reports is null) return 0;
        // Removing what the enumerator has just given is allowed.
        foreach (var (sender, at) in _reports)
        {
            if (at < time) _reports.Remove(sender);
        }
        return _reports.Count;
    }
}
