namespace MiniRedis.Server.Links;

/// <summary>A connection that MIGRATE may use again.</summary>
sealed class CachedLink(Link link) : IDisposable
{
    public Link Link { get; } = link;

    public LinkWriter Writer { get; } = new(link);

    /// <summary>The database that is selected there; -1 if that is not known.</summary>
    public long Database { get; set; } = -1;

    /// <summary>Whether the other side takes the metadata of a cache's keys along with them; null if nobody has asked it.</summary>
    public bool? TakesMetadata { get; set; }

    /// <summary>When it was taken last; unix milliseconds.</summary>
    public long UsedAt { get; set; }

    public void Dispose() => Link.Dispose();
}

/// <summary>
/// Connections that MIGRATE keeps for a while: whoever moves a slot calls it again and again with the same target, and most of a call
/// for a few keys would be the handshake.
/// </summary>
/// <remarks>Under the executor's lock, which is held while a connection is made: Redis does nothing else meanwhile either.</remarks>
/// <param name="connector">Makes the connections.</param>
/// <param name="random">Chooses which one makes room for another.</param>
sealed class CachedLinks(LinkConnector connector, Random random) : IDisposable
{
    /// <summary>As many as Redis keeps (MIGRATE_SOCKET_CACHE_ITEMS).</summary>
    public const int MostLinks = 64;

    /// <summary>As long as Redis keeps them unused (MIGRATE_SOCKET_CACHE_TTL).</summary>
    public const int MostIdleMilliseconds = 10_000;

    readonly Dictionary<string, CachedLink> _links = [];

    /// <summary>Connections that are open (INFO's migrate_cached_sockets).</summary>
    public int Count => _links.Count;

    /// <summary>A connection to a server: one that is open, or a new one.</summary>
    /// <param name="target">The server. Its <see cref="LinkTarget.Timeout"/> holds for this use.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <exception cref="LinkException">It cannot be reached in time.</exception>
    public CachedLink Get(LinkTarget target, long now)
    {
        if (!_links.TryGetValue(target.ToString(), out var cached))
        {
            if (_links.Count == MostLinks) Drop(_links.Values.ElementAt(random.Next(MostLinks)));
            cached = new CachedLink(connector.Connect(target));
            _links.Add(target.ToString(), cached);
        }
        cached.Link.Timeout = target.Timeout;
        cached.UsedAt = now;
        return cached;
    }

    /// <summary>Ends a connection that has failed.</summary>
    public void Drop(CachedLink cached)
    {
        foreach (var (name, link) in _links)
        {
            if (link != cached) continue;
            _links.Remove(name);
            break;
        }
        cached.Dispose();
    }

    /// <summary>Ends the connections that nobody has used for a while.</summary>
    public void DropIdle(long now)
    {
        if (_links.Count == 0) return;
        foreach (var (name, link) in _links)
        {
            // Removing the current entry does not disturb the enumeration of a dictionary.
            if (now - link.UsedAt > MostIdleMilliseconds && _links.Remove(name)) link.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var link in _links.Values) link.Dispose();
        _links.Clear();
    }
}
