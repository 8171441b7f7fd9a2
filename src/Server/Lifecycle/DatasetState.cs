namespace MiniRedis.Server.Lifecycle;

/// <summary>The state of the data set as a whole. Under the executor's lock.</summary>
sealed class DatasetState
{
    /// <summary>Whether a data set is being loaded.</summary>
    public bool IsLoadingAny => IsLoading || IsLoadingBeside;

    /// <summary>Whether it is being loaded and there is none to serve meanwhile: most commands are refused.</summary>
    public bool IsLoading { get; set; }

    /// <summary>Whether another one is being loaded while this one is served (INFO's async_loading).</summary>
    public bool IsLoadingBeside { get; set; }
}
