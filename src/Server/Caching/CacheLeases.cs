using MiniRedis.Resp;
using MiniRedis.Server.Blocking;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Caching;

/// <summary>
/// The leases of a server (<see cref="LeaseTable"/>), and what has to do with them: commands that write void them, clients that wait for
/// their ends are served, and their memory counts. They live here alone: neither files nor replicas know them.
/// </summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class CacheLeases : IEffectSink, IMemoryHolder
{
    readonly LeaseTable _table;
    readonly BlockedClients _blocked;
    readonly EffectStream _effects;
    readonly CachingSettings _settings;
    readonly CronSignal _cronSignal;
    readonly Clock _clock;
    readonly int _databases;
    bool _listens;

    /// <param name="keyspace">Whose keys are filled.</param>
    /// <param name="blocked">Clients that wait for a fill, or for the lease.</param>
    /// <param name="effects">Tells of databases that are emptied or exchanged.</param>
    /// <param name="random">Makes the tokens.</param>
    /// <param name="settings">Bounds the table.</param>
    /// <param name="clock">The time of leases.</param>
    /// <param name="cronSignal">Has those who wait served where no command does.</param>
    public CacheLeases(
        Keyspace keyspace, BlockedClients blocked, EffectStream effects, Random random, CachingSettings settings, Clock clock,
        CronSignal cronSignal)
    {
        (_blocked, _effects, _settings, _clock, _cronSignal) = (blocked, effects, settings, clock, cronSignal);
        _databases = keyspace.DatabaseCount;
        // 0 stands for none.
        _table = new(keyspace[0], () => Math.Max(1, (ulong)random.NextInt64() << 1 ^ (ulong)random.NextInt64()))
        {
            Ended = blocked.Signal,
        };
        blocked.IsBeingFilled = IsBeingFilled;
    }

    /// <summary>Whether there is any lease: without, a command that writes pays this test alone.</summary>
    public bool Any => _table.Count > 0;

    /// <inheritdoc cref="LeaseTable.Count"/>
    public int Count => _table.Count;

    public long MemoryBytes => _table.MemoryBytes;

    /// <inheritdoc cref="LeaseTable.Ask"/>
    public LeaseAnswer Ask(int database, ReadOnlySpan<byte> key, long client, long version, long now, long time, ulong? keyHash = null)
    {
        _table.Most = _settings.CacheLeaseMax;
        var answer = _table.Ask(database, key, client, version, now, time, keyHash);
        if (!_listens && Any) Listen(true);
        return answer;
    }

    /// <inheritdoc cref="LeaseTable.Look"/>
    public LeaseAnswer Look(int database, ReadOnlySpan<byte> key, long now, ulong? keyHash = null) => _table.Look(database, key, now, keyHash);

    /// <inheritdoc cref="LeaseTable.TryEnd"/>
    public bool TryEnd(int database, ReadOnlySpan<byte> key, ulong token, out long version, out long grantedAt, ulong? keyHash = null) =>
        _table.TryEnd(database, key, token, out version, out grantedAt, keyHash);

    /// <inheritdoc cref="LeaseTable.TryHold"/>
    public bool TryHold(int database, ReadOnlySpan<byte> key, ulong token, long until) => _table.TryHold(database, key, token, until);

    /// <inheritdoc cref="LeaseTable.TryExtend"/>
    public bool TryExtend(int database, ReadOnlySpan<byte> key, ulong token, long client, long until) =>
        _table.TryExtend(database, key, token, client, until);

    /// <inheritdoc cref="LeaseTable.Void"/>
    public void Void(int database, ReadOnlySpan<byte> key, ulong? keyHash = null) => _table.Void(database, key, keyHash);

    /// <summary>
    /// Voids the leases of the keys that a command names, since it may have changed them. It need not have: who deletes a key that is not
    /// there says that what is being computed for it is old.
    /// </summary>
    /// <param name="command">The command.</param>
    /// <param name="request">What it was called with.</param>
    /// <param name="database">Of the client.</param>
    /// <param name="keyHash">The hash of its first key, where it is known.</param>
    public void VoidKeysOf(CommandSpec command, in Request request, int database, ulong? keyHash = null)
    {
        var keys = new KeyBuffer(stackalloc KeyRef[16]);
        KeyExtractor.TryGetKeys(command, request, ref keys);
        foreach (var key in keys.Keys)
        {
            // COPY and MOVE name a key of another database.
            if (command.Databases is null)
                _table.Void(database, request[key.Position], key.Position == command.FirstKey ? keyHash : null);
            else VoidEverywhere(request[key.Position]);
        }
        keys.Dispose();
    }

    /// <summary>
    /// Whether another client computes the value of a key: who waits for it goes on to do so. It has the cron come in time for the end of that.
    /// </summary>
    bool IsBeingFilled(int database, ReadOnlySpan<byte> key)
    {
        var now = _clock.Now;
        var answer = _table.Look(database, key, now);
        if (answer.Outcome != LeaseOutcome.Taken) return false;
        _cronSignal.RequestBefore(now + answer.Rest);
        return true;
    }

    void VoidEverywhere(ReadOnlySpan<byte> key)
    {
        for (var database = 0; database < _databases; database++) _table.Void(database, key);
    }

    /// <summary>A connection has closed: others may take its leases over.</summary>
    public void Close(long client)
    {
        if (!Any) return;
        _table.Close(client);
        if (_blocked.HasReady) _cronSignal.Request();
    }

    /// <summary>The server begins to follow a master, or ends: who fills is, or was, that one's to say.</summary>
    public void VoidAll()
    {
        for (var database = 0; database < _databases; database++) _table.VoidAll(database);
    }

    /// <summary>Opens leases whose time is over. Called by the cron, which then serves the clients that wait.</summary>
    /// <returns>Milliseconds until the next end of a lease; <see cref="int.MaxValue"/> if there is none.</returns>
    public int Run(long now)
    {
        if (!_listens) return int.MaxValue;
        var next = _table.Run(now);
        if (!Any) Listen(false);
        return (int)Math.Min(next - now, int.MaxValue);
    }

    void Listen(bool isOn)
    {
        _listens = isOn;
        if (isOn) _effects.AddSink(this);
        else _effects.RemoveSink(this);
    }

    KeyspaceEvents IEffectSink.WantedEvents => KeyspaceEvents.None;

    /// <summary>Commands void leases, not events: one that changes nothing has none, and expiry and eviction void nothing.</summary>
    void IEffectSink.OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
    }

    void IEffectSink.OnFlushing(int database) => _table.VoidAll(database);

    void IEffectSink.OnSwapped(int first, int second)
    {
        _table.VoidAll(first);
        _table.VoidAll(second);
    }
}
