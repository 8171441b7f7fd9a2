namespace MiniRedis.Server.Execution;

/// <summary>Counters of INFO stats and clients. Under the executor's lock.</summary>
sealed class ServerStatistics
{
    public long ConnectionsReceived, CommandsProcessed, RejectedConnections;
    public long NetInputBytes, NetOutputBytes;
    public long KeyspaceHits, KeyspaceMisses;
    public long ExpiredKeys, ExpiredTimeCapReached, EvictedKeys, EvictedClients;
    public long ExpireCycleTicks;
    public long UnexpectedErrors, ErrorReplies;
    public long TotalReads, TotalWrites;
    public long QueryBufferLimitDisconnections, OutputBufferLimitDisconnections;
    public long LazyFreedObjects;
    public long AclAccessDeniedAuth;
    public long PeakMemory, PeakMemoryAt;

    readonly SortedDictionary<string, long> _errors = new(StringComparer.Ordinal);

    /// <summary>Error replies by code, for INFO errorstats.</summary>
    public IReadOnlyDictionary<string, long> Errors => _errors;

    /// <summary>More codes than this and they are no longer told apart, as in Redis: a script could invent them without end.</summary>
    const int MaxErrorCodes = 128;

    public bool ErrorCodesOverflowed { get; private set; }

    public void CountError(ReadOnlySpan<byte> text)
    {
        ErrorReplies++;
        if (ErrorCodesOverflowed) return;
        var end = text.IndexOf((byte)' ');
        var code = System.Text.Encoding.ASCII.GetString(end < 0 ? text : text[..end]);
        _errors[code] = _errors.GetValueOrDefault(code) + 1;
        if (_errors.Count <= MaxErrorCodes) return;
        ErrorCodesOverflowed = true;
        _errors.Clear();
    }

    public Rate CommandsPerSecond { get; } = new();
    public Rate InputPerSecond { get; } = new();
    public Rate OutputPerSecond { get; } = new();

    public void Reset()
    {
        ConnectionsReceived = CommandsProcessed = RejectedConnections = 0;
        NetInputBytes = NetOutputBytes = KeyspaceHits = KeyspaceMisses = 0;
        ExpiredKeys = ExpiredTimeCapReached = EvictedKeys = EvictedClients = ExpireCycleTicks = 0;
        UnexpectedErrors = ErrorReplies = TotalReads = TotalWrites = 0;
        QueryBufferLimitDisconnections = OutputBufferLimitDisconnections = LazyFreedObjects = AclAccessDeniedAuth = 0;
        _errors.Clear();
        ErrorCodesOverflowed = false;
        CommandsPerSecond.Reset();
        InputPerSecond.Reset();
        OutputPerSecond.Reset();
    }
}

/// <summary>The recent rate of a counter: the mean of 16 samples 100 ms apart, as INFO's instantaneous_* fields are defined.</summary>
sealed class Rate
{
    const int Samples = 16;
    readonly double[] _perSecond = new double[Samples];
    long _lastCount, _lastMilliseconds;
    int _next;

    public double Mean => _perSecond.Sum() / Samples;

    public void Sample(long count, long nowMilliseconds)
    {
        var elapsed = nowMilliseconds - _lastMilliseconds;
        if (_lastMilliseconds != 0 && elapsed > 0)
        {
            _perSecond[_next] = Math.Max(0, count - _lastCount) * 1000.0 / elapsed;
            _next = (_next + 1) % Samples;
        }
        _lastCount = count;
        _lastMilliseconds = nowMilliseconds;
    }

    public void Reset()
    {
        Array.Clear(_perSecond);
        _lastCount = _lastMilliseconds = 0;
    }
}
