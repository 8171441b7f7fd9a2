namespace MiniRedis.Server.Statistics;

/// <summary>Counters of INFO stats and clients. Under the executor's lock.</summary>
/// <param name="threads">Event loops, which are counted one by one.</param>
sealed class ServerStatistics(int threads = 1)
{
    public long ConnectionsReceived, CommandsProcessed, RejectedConnections;

    /// <summary>Bytes from and to clients. Those of replication are counted beside them.</summary>
    public long NetInputBytes, NetOutputBytes;
    public long KeyspaceHits, KeyspaceMisses;
    public long ExpiredKeys, ExpiredFields, ExpiredTimeCapReached, EvictedKeys, PurgedKeys, EvictedClients;
    public long ExpireCycleTicks;
    public long UnexpectedErrors, ErrorReplies;
    public long QueryBufferLimitDisconnections, OutputBufferLimitDisconnections;
    public long LazyFreedObjects;
    public long AclDeniedAuth, AclDeniedCommands, AclDeniedKeys, AclDeniedChannels, AclDeniedDatabases, AclDeniedCertificates;
    public long RdbSaves, AofRewrites;

    /// <summary>Synchronizations of replicas, bytes that came from the master, and bytes that went to replicas.</summary>
    public long FullSyncs, PartialSyncs, RefusedPartialSyncs, NetReplicationInputBytes, NetReplicationOutputBytes;

    /// <summary>Snapshots taken. Redis forks for them and shows them as total_forks.</summary>
    public long Snapshots;

    /// <summary>
    /// Cycles are batches and runs of the cron. Their number, their time under the executor's lock, and the time of the commands
    /// in them.
    /// </summary>
    public long Cycles, CycleTicks, CommandTicks, CronTicks, LongestCycleTicks, MostCommandsPerCycle;

    /// <summary>What is counted by prefix; null while no prefix is known.</summary>
    public PrefixStatistics? Prefixes { get; set; }

    /// <summary>Scripts of EVAL that gave way to newer ones.</summary>
    public long EvictedScripts { get; set; }

    readonly (long Reads, long Writes)[] _threads = new (long, long)[threads];

    /// <summary>What each event loop has received and what it has sent: batches.</summary>
    public ReadOnlySpan<(long Reads, long Writes)> Threads => _threads;

    public long TotalReads => _threads.Sum(thread => thread.Reads);

    public long TotalWrites => _threads.Sum(thread => thread.Writes);

    public void CountRead(int thread) => _threads[thread].Reads++;

    public void CountWrite(int thread) => _threads[thread].Writes++;

    readonly SortedDictionary<string, long> _errors = new(StringComparer.Ordinal);

    /// <summary>Error replies by code, for INFO errorstats.</summary>
    public IReadOnlyDictionary<string, long> Errors => _errors;

    /// <summary>
    /// Beyond this many codes, new ones from scripts are counted together: scripts could invent them without end.
    /// </summary>
    const int MaxErrorCodes = 128;

    const string OtherErrors = "ERRORSTATS_OVERFLOW";

    /// <summary>A code ends at the first blank within this many bytes. An error without a code counts as ERR.</summary>
    const int MaxCodeBytes = 31;

    /// <param name="text">The error without its '-'.</param>
    /// <param name="isCustom">Whether a script made it up.</param>
    public void CountError(ReadOnlySpan<byte> text, bool isCustom = false)
    {
        ErrorReplies++;
        // In the reply line ends around the text are left out, and those within are blanks.
        text = text.Trim("\r\n"u8);
        var end = text[..Math.Min(text.Length, MaxCodeBytes)].IndexOfAny(" \r\n"u8);
        var code = end < 0 ? "ERR" : System.Text.Encoding.Latin1.GetString(text[..end]);
        if (isCustom && _errors.Count >= MaxErrorCodes && !_errors.ContainsKey(code)) code = OtherErrors;
        _errors[code] = _errors.GetValueOrDefault(code) + 1;
    }

    public Rate CommandsPerSecond { get; } = new();
    public Rate InputPerSecond { get; } = new();
    public Rate OutputPerSecond { get; } = new();
    public Rate ReplicationInputPerSecond { get; } = new();
    public Rate ReplicationOutputPerSecond { get; } = new();

    /// <summary>All bytes received, and all sent.</summary>
    public long InputBytes => NetInputBytes + NetReplicationInputBytes;
    public long OutputBytes => NetOutputBytes + NetReplicationOutputBytes;
    public Rate CyclesPerSecond { get; } = new();
    public Rate CycleTicksPerSecond { get; } = new();

    /// <summary>A batch or a run of the cron is over.</summary>
    public void CountCycle(long ticks, long commands)
    {
        Cycles++;
        CycleTicks += ticks;
        LongestCycleTicks = Math.Max(LongestCycleTicks, ticks);
        MostCommandsPerCycle = Math.Max(MostCommandsPerCycle, commands);
    }

    public void Reset()
    {
        ConnectionsReceived = CommandsProcessed = RejectedConnections = 0;
        NetInputBytes = NetOutputBytes = KeyspaceHits = KeyspaceMisses = 0;
        ExpiredKeys = ExpiredFields = ExpiredTimeCapReached = EvictedKeys = PurgedKeys = EvictedClients = ExpireCycleTicks = 0;
        RdbSaves = AofRewrites = Snapshots = FullSyncs = PartialSyncs = RefusedPartialSyncs = 0;
        NetReplicationInputBytes = NetReplicationOutputBytes = 0;
        EvictedScripts = 0;
        UnexpectedErrors = ErrorReplies = 0;
        Array.Clear(_threads);
        QueryBufferLimitDisconnections = OutputBufferLimitDisconnections = LazyFreedObjects = 0;
        AclDeniedAuth = AclDeniedCommands = AclDeniedKeys = AclDeniedChannels = AclDeniedDatabases = AclDeniedCertificates = 0;
        Cycles = CycleTicks = CommandTicks = CronTicks = LongestCycleTicks = MostCommandsPerCycle = 0;
        _errors.Clear();
        CommandsPerSecond.Reset();
        InputPerSecond.Reset();
        OutputPerSecond.Reset();
        ReplicationInputPerSecond.Reset();
        ReplicationOutputPerSecond.Reset();
        CyclesPerSecond.Reset();
        CycleTicksPerSecond.Reset();
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
