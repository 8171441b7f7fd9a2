namespace MiniRedis.Storage.Caching;

/// <summary>What a key of a cache carries besides its value and its deadline; its tags stand apart (<see cref="TagNames"/>).</summary>
public readonly record struct CacheMetadata
{
    /// <summary>
    /// When computing the value began, in microseconds of the <see cref="CacheClock"/>: the version of the key. Below 2^55.
    /// </summary>
    public required long Created { get; init; }

    /// <summary>
    /// For how long the value may be served stale, in milliseconds: it is fresh until its deadline less this. 0: never. A purge that
    /// is soft, too, makes it stale for so long. Not together with <see cref="Slide"/>.
    /// </summary>
    public long StaleWindow { get; init; }

    /// <summary>Each use moves the deadline to so many milliseconds from then; 0 for a key that does not slide.</summary>
    public long Slide { get; init; }

    /// <summary>The deadline slides no further than this (unix milliseconds); -1 for no limit. Only with <see cref="Slide"/>.</summary>
    public long SlideLimit { get; init; }

    /// <summary>What computing the value took, in milliseconds; 0 if that is not known. At most 2^32 - 1.</summary>
    public long Cost { get; init; }

    /// <summary>Whether the value says that there is nothing.</summary>
    public bool IsNegative { get; init; }

    internal bool IsSliding => Slide > 0;

    // What is seldom set lies in a block of its own.
    internal bool NeedsBlock => StaleWindow > 0 || Slide > 0 || Cost > 0;
}
