namespace MiniRedis.Server.Transactions;

/// <summary>
/// What a client has while it queues or watches: the queued requests, and the watched keys. Made by <see cref="ClientTransactions"/>,
/// which also keeps those that are done with. Whether it queues, and whether EXEC will fail, is in the client's flags.
/// </summary>
sealed class Transaction
{
    /// <summary>Bytes of the object, its queue's and its lists', apart from what those count themselves.</summary>
    const int OwnBytes = 240;

    /// <summary>From so many watched keys on, a set tells whether a key is among them.</summary>
    const int ManyWatches = 8;

    // Empty unless there are many.
    readonly HashSet<WatchedKey> _watched = [];
    long _watchBytes;

    public TransactionQueue Queue { get; } = new();

    /// <summary>EXEC is running the queue: whatever becomes of the client, it is not to be touched before that ends.</summary>
    public bool IsRunning { get; set; }

    /// <summary>The watched keys, the latest first.</summary>
    public WatchedKey.Watch? Watches { get; private set; }

    public int WatchCount { get; private set; }

    /// <summary>Bytes of memory that it holds. Keys that others watch too are counted for each.</summary>
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
