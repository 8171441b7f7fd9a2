using System.Diagnostics.CodeAnalysis;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Statistics;

/// <summary>
/// What is counted by prefix: of keys that have a policy by its prefix, of others by the part of their names up to the first delimiter
/// (cache-stats-delimiter), the delimiter included. A key counts once.
/// </summary>
/// <remarks>
/// Under the executor's lock. It counts while a prefix is known; otherwise <see cref="ServerStatistics.Prefixes"/> is null, and a look-up
/// pays for that test alone. Segments are found in the traffic and by the walk that counts keys, and their number is bounded: names that
/// applications make up without end take no more memory than that.
/// </remarks>
sealed class PrefixStatistics(CachingSettings settings, ServerStatistics statistics) : IMemoryHolder
{
    /// <summary>Most segments. An application has some tens; more are names with an id in front.</summary>
    public const int MostSegments = 1000;

    /// <summary>A longer segment is no name of a kind of keys.</summary>
    const int LongestSegment = 128;

    readonly Dictionary<byte[], PrefixFigures> _segments = new(new BytesComparer());
    PrefixTree<PrefixFigures>? _ofPolicies;
    PrefixFigures[] _policies = [];
    byte[] _delimiter = [];

    /// <summary>Rises whenever prefixes are added that have not been counted yet.</summary>
    public int Generation { get; private set; }

    /// <summary>Bytes of the collected heap. The settings that the policies come from are not among them.</summary>
    public long MemoryBytes { get; private set; }

    /// <summary>The figures of all prefixes, those of policies first.</summary>
    public IEnumerable<PrefixFigures> All => _policies.Concat(_segments.Values);

    /// <summary>The settings have changed. What goes on to be counted keeps its figures.</summary>
    public void Follow()
    {
        var known = All.ToDictionary(static figures => figures.Prefix, new BytesComparer());
        _policies = Array.ConvertAll(settings.CachePolicies, policy =>
        {
            var prefix = ConfigText.ToBytes(policy.Prefix);
            return known.GetValueOrDefault(prefix) ?? new(prefix);
        });
        _ofPolicies = _policies.Length == 0 ? null : new(_policies.Select(static figures => (figures.Prefix, figures)));
        var delimiter = ConfigText.ToBytes(settings.CacheStatsDelimiter);
        foreach (var segment in _segments.Keys.ToArray())
        {
            if (!delimiter.AsSpan().SequenceEqual(_delimiter) || _ofPolicies?.Find(segment) is not null) _segments.Remove(segment);
        }
        _delimiter = delimiter;
        statistics.Prefixes = _ofPolicies is null && _delimiter.Length == 0 ? null : this;
        CountBytes();
        Generation++;
    }

    /// <summary>The figures that a key counts for; null if it counts for none.</summary>
    public PrefixFigures? Find(ReadOnlySpan<byte> key) => _ofPolicies?.Find(key) ?? (_delimiter.Length == 0 ? null : FindSegment(key));

    /// <summary>The figures of a prefix; false if nothing is counted for it.</summary>
    public bool TryGet(ReadOnlySpan<byte> prefix, [NotNullWhen(true)] out PrefixFigures? figures)
    {
        foreach (var candidate in All)
        {
            figures = candidate;
            if (prefix.SequenceEqual(candidate.Prefix)) return true;
        }
        figures = null;
        return false;
    }

    /// <summary>Counts something of a key.</summary>
    public void Add(ReadOnlySpan<byte> key, PrefixCount what) => Find(key)?.Add(what);

    /// <summary>Counts a value that was stored under a lease, so many milliseconds after that was granted.</summary>
    public void AddFill(ReadOnlySpan<byte> key, long milliseconds)
    {
        if (Find(key) is { } figures) MemoryBytes += figures.AddFill(milliseconds);
    }

    /// <summary>Forgets what was counted, and segments.</summary>
    public void Reset()
    {
        foreach (var figures in _policies) figures.Reset();
        _segments.Clear();
        CountBytes();
        Generation++;
    }

    void CountBytes() => MemoryBytes = All.Sum(static figures => (long)figures.MemoryBytes) + (_ofPolicies?.MemoryBytes ?? 0);

    PrefixFigures? FindSegment(ReadOnlySpan<byte> key)
    {
        var end = key.IndexOf(_delimiter);
        if (end < 0 || end + _delimiter.Length > LongestSegment) return null;
        var segment = key[..(end + _delimiter.Length)];
        if (_segments.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(segment, out var figures)) return figures;
        if (_segments.Count == MostSegments) return null;
        figures = new(segment.ToArray());
        _segments.Add(figures.Prefix, figures);
        MemoryBytes += figures.MemoryBytes;
        return figures;
    }

    /// <summary>The segments are few, so a hash that somebody could make collide would cost little.</summary>
    sealed class BytesComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] bytes) => GetHashCode(bytes.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
