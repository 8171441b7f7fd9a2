using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Caching;

// The idea (memcached's at Facebook: Nishtala et al., "Scaling Memcache", NSDI 2013). Of all who miss a key, one is to compute it: it gets
// a token, the others wait or take what is there. The same token closes the race between filling and invalidating: a write or a deletion
// of the key voids it, and a value that was computed from older data is refused.
//
//     none ──Ask──► leased ──Fill, Free, Void──► none
//                    │  │
//                    │  └──time over, connection closed──► open ──Ask──► leased, by another token
//                    │                                      └──Fill, Free, Void, long open──► none
//                    └──Hold──► held ──time over, Void──► none
//
// Ours differs in three ways. A lease outlives its time until somebody takes it over: a late fill is better than none. Its connection's
// end opens it at once: no reader waits for a process that has died. And a value counts as created when the lease was granted, so a purge
// of a tag voids nothing: it compares.
//
// A lease is asked for and ended with the hash that the window of requests has made of the key, and its object is used again: so it costs no
// hash and no memory of the collected heap.
//
// A table without leases costs the writers one comparison. So open leases do not stay for ever: they go after the longest time that a
// lease can have, or when the table is full.

/// <summary>What became of the wish for a lease.</summary>
enum LeaseOutcome : byte
{
    /// <summary>It is granted.</summary>
    Granted,

    /// <summary>Another computes.</summary>
    Taken,

    /// <summary>Nobody is to compute for a while.</summary>
    Held,

    /// <summary>The table is full.</summary>
    Full,
}

/// <summary>The answer to the wish for a lease.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Token">The token, if it is granted.</param>
/// <param name="Rest">Milliseconds that are left of the lease of another, or of the hold.</param>
readonly record struct LeaseAnswer(LeaseOutcome Outcome, ulong Token = 0, long Rest = 0);

/// <summary>A key is free again, or filled: whoever waits for it may ask again.</summary>
delegate void LeaseEnded(int database, ReadOnlySpan<byte> key);

/// <summary>Who may refill which key, and who has failed to. It knows no clock, and calls nobody but <see cref="Ended"/>.</summary>
/// <remarks>Under the executor's lock. Times are unix milliseconds.</remarks>
/// <param name="hasher">Hashes keys, as every database does, where the caller has not.</param>
/// <param name="nextToken">A random number; tokens must not be guessed by accident.</param>
sealed class LeaseTable(Database hasher, Func<ulong> nextToken)
{
    /// <summary>The longest time of a lease, and the longest that one stays open: ten minutes.</summary>
    public const long LongestTime = 600_000;

    /// <summary>An empty table with more buckets is given back.</summary>
    const int MostKept = 1024;

    const int FirstBuckets = 16;

    /// <summary>Objects that wait to be used again: as many as applications compute values at a time. Those of long keys are not kept.</summary>
    const int MostFree = 256, LongestKeptKey = 128;

    Lease?[] _buckets = new Lease?[FirstBuckets];
    Lease? _free;
    int _freeCount;
    readonly Dictionary<long, Lease> _ofClients = [];
    readonly DeadlineHeap<Lease> _ends = new();
    Lease? _firstOpen, _lastOpen;

    /// <summary>Called when a lease has ended.</summary>
    public LeaseEnded? Ended { get; set; }

    /// <summary>Most leases and holds; more are not granted.</summary>
    public int Most { get; set; } = int.MaxValue;

    /// <summary>Leases and holds, open leases among them.</summary>
    public int Count { get; private set; }

    public long MemoryBytes { get; private set; }

    /// <summary>Asks for the lease of a key.</summary>
    /// <param name="client">The connection that asks.</param>
    /// <param name="version">The cache clock.</param>
    /// <param name="time">Milliseconds until another may take it over; 1 to <see cref="LongestTime"/>.</param>
    /// <param name="keyHash">The key's hash, where it is known.</param>
    public LeaseAnswer Ask(int database, ReadOnlySpan<byte> key, long client, long version, long now, long time, ulong? keyHash = null)
    {
        var hash = keyHash ?? hasher.HashOf(key);
        if (TryFind(database, key, hash, out var lease))
        {
            if (!lease.IsOpen && now < lease.End)
                return new(lease.IsHold ? LeaseOutcome.Held : LeaseOutcome.Taken, Rest: lease.End - now);
            Unlink(lease);
        }
        else
        {
            if (Count >= Most && !TryMakeRoom(now)) return new(LeaseOutcome.Full);
            lease = Add(database, key, hash);
        }
        (lease.Token, lease.Version, lease.GrantedAt, lease.End, lease.Client) = (nextToken(), version, now, now + time, client);
        lease.IsOpen = lease.IsHold = false;
        _ends.Add(lease);
        LinkToClient(lease);
        return new(LeaseOutcome.Granted, lease.Token);
    }

    /// <summary>What <see cref="Ask"/> would say, without asking: who only reads learns whether somebody computes.</summary>
    /// <returns>Granted, with no token, if nobody computes.</returns>
    public LeaseAnswer Look(int database, ReadOnlySpan<byte> key, long now, ulong? keyHash = null)
    {
        if (Count == 0 || !TryFind(database, key, keyHash ?? hasher.HashOf(key), out var lease) || lease.IsOpen || now >= lease.End)
            return new(LeaseOutcome.Granted);
        return new(lease.IsHold ? LeaseOutcome.Held : LeaseOutcome.Taken, Rest: lease.End - now);
    }

    /// <summary>Ends the lease of a key: it is filled, or its holder gave up.</summary>
    /// <param name="version">The cache clock when it was granted.</param>
    /// <param name="grantedAt">When it was granted.</param>
    /// <returns>False if the token is void. Then the lease of another, if there is one, goes on.</returns>
    public bool TryEnd(int database, ReadOnlySpan<byte> key, ulong token, out long version, out long grantedAt, ulong? keyHash = null)
    {
        version = grantedAt = 0;
        if (!TryFindOf(database, key, token, keyHash, out var lease)) return false;
        (version, grantedAt) = (lease.Version, lease.GrantedAt);
        Remove(lease);
        return true;
    }

    /// <summary>Ends the lease of a key, and has nobody compute for a while.</summary>
    /// <returns>False if the token is void.</returns>
    public bool TryHold(int database, ReadOnlySpan<byte> key, ulong token, long until)
    {
        if (!TryFindOf(database, key, token, keyHash: null, out var lease)) return false;
        Unlink(lease);
        lease.IsOpen = false;
        lease.IsHold = true;
        lease.End = until;
        _ends.Add(lease);
        Ended?.Invoke(database, lease.Key);
        return true;
    }

    /// <summary>Gives a lease another end, also one whose time is over, if nobody has taken it over.</summary>
    /// <param name="client">The connection that asks: it holds the lease from now on.</param>
    /// <returns>False if the token is void.</returns>
    public bool TryExtend(int database, ReadOnlySpan<byte> key, ulong token, long client, long until)
    {
        if (!TryFindOf(database, key, token, keyHash: null, out var lease)) return false;
        Unlink(lease);
        lease.IsOpen = false;
        lease.End = until;
        lease.Client = client;
        _ends.Add(lease);
        LinkToClient(lease);
        return true;
    }

    /// <summary>A command has changed the key, or could have: what is being computed for it is of older data.</summary>
    public void Void(int database, ReadOnlySpan<byte> key, ulong? keyHash = null)
    {
        if (Count > 0 && TryFind(database, key, keyHash ?? hasher.HashOf(key), out var lease)) Remove(lease);
    }

    /// <summary>As <see cref="Void"/>, for every key of a database.</summary>
    public void VoidAll(int database)
    {
        if (Count == 0) return;
        var gone = new List<Lease>();
        foreach (var first in _buckets)
        {
            for (var lease = first; lease is not null; lease = lease.Next)
            {
                if (lease.Database == database) gone.Add(lease);
            }
        }
        foreach (var lease in gone) Remove(lease);
    }

    /// <summary>A connection has closed: others may take its leases over.</summary>
    public void Close(long client)
    {
        while (_ofClients.TryGetValue(client, out var lease)) Open(lease);
    }

    /// <summary>Opens the leases whose time is over, and drops those that are open for long.</summary>
    /// <returns>The next end of a lease; <see cref="long.MaxValue"/> if there is none.</returns>
    public long Run(long now)
    {
        while (_ends.First is { } lease && lease.End <= now)
        {
            if (lease.IsHold) Remove(lease);
            else Open(lease);
        }
        while (_firstOpen is { } old && old.End + LongestTime <= now) Remove(old);
        return _ends.First?.End ?? long.MaxValue;
    }

    /// <summary>Whether there is room for one more, now that what is over has gone.</summary>
    bool TryMakeRoom(long now)
    {
        Run(now);
        while (Count >= Most && _firstOpen is { } open) Remove(open);
        return Count < Most;
    }

    void Open(Lease lease)
    {
        Unlink(lease);
        lease.IsOpen = true;
        lease.PreviousOpen = _lastOpen;
        if (_lastOpen is null) _firstOpen = lease;
        else _lastOpen.NextOpen = lease;
        _lastOpen = lease;
        Ended?.Invoke(lease.Database, lease.Key);
    }

    Lease Add(int database, ReadOnlySpan<byte> key, ulong hash)
    {
        var lease = _free ?? new();
        if (_free is not null)
        {
            _free = lease.Next;
            _freeCount--;
        }
        lease.BeginFor(database, key, hash);
        if (Count == _buckets.Length) Grow();
        ref var bucket = ref BucketOf(hash);
        lease.Next = bucket;
        bucket = lease;
        Count++;
        MemoryBytes += lease.MemoryBytes;
        return lease;
    }

    void Remove(Lease lease)
    {
        Unlink(lease);
        ref var bucket = ref BucketOf(lease.Hash);
        if (bucket == lease)
        {
            bucket = lease.Next;
        }
        else
        {
            var before = bucket!;
            while (before.Next != lease) before = before.Next!;
            before.Next = lease.Next;
        }
        Count--;
        MemoryBytes -= lease.MemoryBytes;
        if (Count == 0 && _buckets.Length > MostKept) _buckets = new Lease?[FirstBuckets];
        Ended?.Invoke(lease.Database, lease.Key);
        lease.IsOpen = lease.IsHold = false;
        lease.Next = null;
        if (_freeCount == MostFree || lease.KeyCapacity > LongestKeptKey) return;
        (lease.Next, _free) = (_free, lease);
        _freeCount++;
    }

    ref Lease? BucketOf(ulong hash) => ref _buckets[hash & (ulong)(_buckets.Length - 1)];

    void Grow()
    {
        var old = _buckets;
        _buckets = new Lease?[old.Length * 2];
        foreach (var first in old)
        {
            for (var lease = first; lease is not null;)
            {
                var next = lease.Next;
                ref var bucket = ref BucketOf(lease.Hash);
                lease.Next = bucket;
                bucket = lease;
                lease = next;
            }
        }
    }

    /// <summary>Takes a lease off the heap and the lists, as it leaves its state.</summary>
    void Unlink(Lease lease)
    {
        if (lease.HeapIndex >= 0) _ends.Remove(lease);
        if (lease.IsOpen)
        {
            if (lease.PreviousOpen is null) _firstOpen = lease.NextOpen;
            else lease.PreviousOpen.NextOpen = lease.NextOpen;
            if (lease.NextOpen is null) _lastOpen = lease.PreviousOpen;
            else lease.NextOpen.PreviousOpen = lease.PreviousOpen;
            lease.PreviousOpen = lease.NextOpen = null;
        }
        else if (!lease.IsHold)
        {
            UnlinkFromClient(lease);
        }
    }

    void LinkToClient(Lease lease)
    {
        ref var first = ref CollectionsMarshal.GetValueRefOrAddDefault(_ofClients, lease.Client, out _);
        lease.NextOfClient = first;
        if (first is not null) first.PreviousOfClient = lease;
        first = lease;
    }

    void UnlinkFromClient(Lease lease)
    {
        if (lease.NextOfClient is not null) lease.NextOfClient.PreviousOfClient = lease.PreviousOfClient;
        if (lease.PreviousOfClient is not null) lease.PreviousOfClient.NextOfClient = lease.NextOfClient;
        else if (lease.NextOfClient is not null) _ofClients[lease.Client] = lease.NextOfClient;
        else _ofClients.Remove(lease.Client);
        lease.PreviousOfClient = lease.NextOfClient = null;
    }

    bool TryFind(int database, ReadOnlySpan<byte> key, ulong hash, [NotNullWhen(true)] out Lease? lease)
    {
        lease = BucketOf(hash);
        while (lease is not null && !lease.IsFor(database, key, hash)) lease = lease.Next;
        return lease is not null;
    }

    /// <summary>Finds the lease of a token, if it is not void.</summary>
    bool TryFindOf(int database, ReadOnlySpan<byte> key, ulong token, ulong? keyHash, [NotNullWhen(true)] out Lease? lease)
    {
        lease = null;
        return Count > 0 && TryFind(database, key, keyHash ?? hasher.HashOf(key), out lease) && !lease.IsHold && lease.Token == token;
    }
}
