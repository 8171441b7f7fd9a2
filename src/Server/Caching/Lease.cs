using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Caching;

/// <summary>What is known of the refill of one key. Belongs to <see cref="LeaseTable"/>, which uses the object again for another.</summary>
sealed class Lease : IHasDeadline
{
    /// <summary>Bytes of memory beside those of the key: two objects and the places in table and heap.</summary>
    public const int OwnBytes = 192;

    byte[] _key = [];
    int _length;

    public int Database { get; private set; }

    /// <summary>As the keyspace hashes it.</summary>
    public ulong Hash { get; private set; }

    public ReadOnlySpan<byte> Key => _key.AsSpan(0, _length);

    /// <summary>The next in the bucket, or among those that wait to be used again.</summary>
    public Lease? Next { get; set; }

    /// <summary>What its holder shows to fill the key; not valid of a hold.</summary>
    public ulong Token { get; set; }

    /// <summary>The cache clock when it was granted: what the filled value counts as created at.</summary>
    public long Version { get; set; }

    /// <summary>When it was granted, in unix milliseconds.</summary>
    public long GrantedAt { get; set; }

    /// <summary>When others may take it over, or when the hold is over, in unix milliseconds.</summary>
    public long End { get; set; }

    /// <summary>The connection that it was granted to.</summary>
    public long Client { get; set; }

    /// <summary>Nobody computes, and nobody is to.</summary>
    public bool IsHold { get; set; }

    /// <summary>Its time is over or its connection has closed: whoever asks takes it over. Until then it can be filled.</summary>
    public bool IsOpen { get; set; }

    long IHasDeadline.Deadline => End;

    /// <inheritdoc/>
    public int HeapIndex { get; set; } = -1;

    /// <summary>Neighbours among the leases of its connection.</summary>
    public Lease? PreviousOfClient { get; set; }

    /// <inheritdoc cref="PreviousOfClient"/>
    public Lease? NextOfClient { get; set; }

    /// <summary>Neighbours among the open ones, the longest open first.</summary>
    public Lease? PreviousOpen { get; set; }

    /// <inheritdoc cref="PreviousOpen"/>
    public Lease? NextOpen { get; set; }

    public long MemoryBytes => OwnBytes + _length;

    /// <summary>Bytes that the key's place takes.</summary>
    public int KeyCapacity => _key.Length;

    /// <summary>Makes it one of this key.</summary>
    public void BeginFor(int database, ReadOnlySpan<byte> key, ulong hash)
    {
        (Database, Hash, _length) = (database, hash, key.Length);
        if (_key.Length < key.Length) _key = new byte[key.Length];
        key.CopyTo(_key);
    }

    /// <summary>Whether it is one of this key.</summary>
    public bool IsFor(int database, ReadOnlySpan<byte> key, ulong hash) =>
        Hash == hash && Database == database && Key.SequenceEqual(key);
}
