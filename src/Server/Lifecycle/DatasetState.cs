namespace MiniRedis.Server.Lifecycle;

/// <summary>The state of the data set as a whole. Under the executor's lock.</summary>
sealed class DatasetState
{
    /// <summary>Whether it is being loaded and is not complete yet.</summary>
    public bool IsLoading { get; set; }
}
