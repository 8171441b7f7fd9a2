namespace MiniRedis.Server.Tracking;

/// <summary>What a client has asked for with CLIENT TRACKING. Exists from the first time on; <see cref="TrackedKeys"/>'s.</summary>
sealed class ClientTracking
{
    /// <summary>Bytes on the heap, without prefixes.</summary>
    const int OwnBytes = 48;

    /// <summary>Bytes of a prefix that a client names: places in lists and sets, as measured.</summary>
    const int PrefixBytes = 64;

    readonly List<TrackedPrefix> _prefixes = [];
    long _prefixBytes;

    public TrackingModes Modes { get; set; }

    /// <summary>Id of the client that is told in its place; 0 for none.</summary>
    public long Redirect { get; set; }

    /// <summary>What its keys begin with, in the order of bytes; none unless it is told of all of them (BCAST).</summary>
    public IReadOnlyList<TrackedPrefix> Prefixes => _prefixes;

    /// <summary>Adds a prefix that is not there; <see cref="OrderPrefixes"/> is to follow.</summary>
    public void Add(TrackedPrefix prefix)
    {
        _prefixes.Add(prefix);
        _prefixBytes += PrefixBytes + prefix.Text.Length;
    }

    /// <summary>Once for all that were added: to insert each in its place would take the square of their number.</summary>
    public void OrderPrefixes() => _prefixes.Sort(TrackedPrefix.ByText);

    public void ClearPrefixes()
    {
        _prefixes.Clear();
        _prefixBytes = 0;
    }

    public bool IsOn => Has(TrackingModes.On);

    /// <summary>Whether the keys that a command of it reads now are remembered for it.</summary>
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

    /// <summary>BCAST: told of every key that begins with one of its prefixes.</summary>
    Broadcast = 1 << 1,

    OptIn = 1 << 2,
    OptOut = 1 << 3,

    /// <summary>Not told of what it changes itself.</summary>
    NoLoop = 1 << 4,

    /// <summary>CLIENT CACHING was called: for the next command or transaction.</summary>
    Caching = 1 << 5,

    /// <summary>Who was to be told in its place was not there any more.</summary>
    Broken = 1 << 6,
}
