namespace MiniRedis.Server.Transactions;

/// <summary>
/// The queued requests and the watched keys of one client. <see cref="ClientTransactions"/> creates it and keeps used ones for
/// reuse. The client's flags say whether it queues and whether EXEC will fail.
/// </summary>
sealed class Transaction
{
    /// <summary>Bytes of the object, its queue and its lists, without those that they count themselves.</summary>
    const int OwnBytes = 240;

    /// <summary>From this many watched keys on, a set finds whether a key is among them.</summary>
    const int ManyWatches = 8;

    // Empty unless there are many.
    readonly HashSet<WatchedKey> _watched = [];
    long _watchBytes;

    public TransactionQueue Queue { get; } = new();

    /// <summary>
    /// Whether EXEC is running the queue. Until that ends the transaction must not be changed, even if the client leaves.
    /// </summary>
    public bool IsRunning { get; set; }

    /// <summary>
    /// The number of the database that a queued SELECT has chosen; null if there is none. Noted only for users whose databases are
    /// restricted.
    /// </summary>
    public int? SelectedDatabase { get; set; }

    /// <summary>The watched keys, the latest first.</summary>
    public WatchedKey.Watch? Watches { get; private set; }

    public int WatchCount { get; private set; }

    /// <summary>Bytes of memory. Keys watched by several clients are counted for each.</summary>
    public long MemoryBytes => OwnBytes + Queue.MemoryBytes + _watchBytes;

    public bool IsWatching(WatchedKey key)
    {
        if (WatchCount > ManyWatches) return _watched.Contains(key);
        for (var watch = Watches; watch is not null; watch = watch.NextOfClient)
        {
            if (watch.Key == key) return true;
        }
        return false;
    }

    public void Add(WatchedKey.Watch watch)
    {
        if (WatchCount == ManyWatches)
        {
            for (var other = Watches; other is not null; other = other.NextOfClient) _watched.Add(other.Key);
        }
        if (WatchCount >= ManyWatches) _watched.Add(watch.Key);
        watch.NextOfClient = Watches;
        Watches = watch;
        WatchCount++;
        _watchBytes += WatchedKey.Watch.OwnBytes + watch.Key.Key.Length;
    }

    public void ClearWatches()
    {
        if (WatchCount > ManyWatches)
        {
            _watched.Clear();
            _watched.TrimExcess();
        }
        Watches = null;
        WatchCount = 0;
        _watchBytes = 0;
    }
}
