namespace MiniRedis.Server.Lifecycle;

/// <summary>The state of the data set as a whole. Under the executor's lock.</summary>
sealed class DatasetState
{
    /// <summary>Whether it is being loaded and is not complete yet.</summary>
    public bool IsLoading { get; set; }

    /// <summary>Whether it is the copy of a master's, who decides what goes: expired keys are hidden, not deleted.</summary>
    public bool IsReplica { get; set; }
}
