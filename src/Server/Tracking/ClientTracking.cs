namespace MiniRedis.Server.Tracking;

/// <summary>
/// A client's settings of CLIENT TRACKING. Exists from the first time on. Belongs to <see cref="TrackedKeys"/>.
/// </summary>
sealed class ClientTracking
{
    /// <summary>Bytes on the heap, without prefixes.</summary>
    const int OwnBytes = 48;

    /// <summary>Bytes of a client's prefix: entries of lists and sets, measured.</summary>
    const int PrefixBytes = 64;

    readonly List<TrackedPrefix> _prefixes = [];
    long _prefixBytes;

    public TrackingModes Modes { get; set; }

    /// <summary>Id of the client that gets its invalidations; 0 for none.</summary>
    public long Redirect { get; set; }

    /// <summary>The prefixes of its keys, in the order of bytes. Empty without BCAST.</summary>
    public IReadOnlyList<TrackedPrefix> Prefixes => _prefixes;

    /// <summary>Adds a new prefix. Call <see cref="OrderPrefixes"/> afterwards.</summary>
    public void Add(TrackedPrefix prefix)
    {
        _prefixes.Add(prefix);
        _prefixBytes += PrefixBytes + prefix.Text.Length;
    }

    /// <summary>Sorts once after all prefixes were added: inserting each in its place would take quadratic time.</summary>
    public void OrderPrefixes() => _prefixes.Sort(TrackedPrefix.ByText);

    public void ClearPrefixes()
    {
        _prefixes.Clear();
        _prefixBytes = 0;
    }

    public bool IsOn => Has(TrackingModes.On);

    /// <summary>Whether keys that its command reads now are remembered for it.</summary>
    public bool Remembers
    {
        get
        {
            if ((Modes & (TrackingModes.On | TrackingModes.Broadcast)) != TrackingModes.On) return false;
            return Has(TrackingModes.OptIn) ? Has(TrackingModes.Caching) : !(Has(TrackingModes.OptOut) && Has(TrackingModes.Caching));
        }
    }

    public long MemoryBytes => OwnBytes + _prefixBytes;

    public bool Has(TrackingModes mode) => (Modes & mode) != 0;
}

[Flags]
enum TrackingModes : byte
{
    None = 0,
    On = 1 << 0,

    /// <summary>BCAST: invalidations of every key that begins with one of its prefixes.</summary>
    Broadcast = 1 << 1,

    OptIn = 1 << 2,
    OptOut = 1 << 3,

    /// <summary>No invalidations of its own changes.</summary>
    NoLoop = 1 << 4,

    /// <summary>CLIENT CACHING was called: for the next command or transaction.</summary>
    Caching = 1 << 5,

    /// <summary>The client that it redirects to has left.</summary>
    Broken = 1 << 6,
}
