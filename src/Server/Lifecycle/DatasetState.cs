namespace MiniRedis.Server.Lifecycle;

/// <summary>What is known of the data set as a whole. Under the executor's lock.</summary>
sealed class DatasetState
{
    /// <summary>Whether it is being loaded, and is not whole yet.</summary>
    public bool IsLoading { get; set; }
}
