using MiniRedis.Resp;
using MiniRedis.Server.Blocking;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Statistics;

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
    readonly int _databases;
    bool _listens;

    /// <param name="keyspace">Whose keys are filled.</param>
    /// <param name="blocked">Clients that wait for a fill, or for the lease.</param>
    /// <param name="effects">Tells of databases that are emptied or exchanged.</param>
    /// <param name="random">Makes the tokens.</param>
    /// <param name="settings">Bounds the table.</param>
    public CacheLeases(Keyspace keyspace, BlockedClients blocked, EffectStream effects, Random random, CachingSettings settings)
    {
        (_blocked, _effects, _settings, _databases) = (blocked, effects, settings, keyspace.DatabaseCount);
        // 0 stands for none.
        var comparer = new KeyComparer(keyspace[0]);
        _table = new(keyspace.DatabaseCount, comparer, () => Math.Max(1, (ulong)random.NextInt64() << 1 ^ (ulong)random.NextInt64()))
        {
            Ended = (database, key) => blocked.Signal(database, key),
        };
    }

    /// <summary>Whether there is any lease: without, a command that writes pays this test alone.</summary>
    public bool Any => _table.Count > 0;

    /// <inheritdoc cref="LeaseTable.Count"/>
    public int Count => _table.Count;

    public long MemoryBytes => _table.MemoryBytes;

    /// <inheritdoc cref="LeaseTable.Ask"/>
    public LeaseAnswer Ask(int database, ReadOnlySpan<byte> key, long client, long version, long now, long time)
    {
        _table.Most = _settings.CacheLeaseMax;
        var answer = _table.Ask(database, key, client, version, now, time);
        if (!_listens && Any) Listen(true);
        return answer;
    }

    /// <inheritdoc cref="LeaseTable.Look"/>
    public LeaseAnswer Look(int database, ReadOnlySpan<byte> key, long now) => _table.Look(database, key, now);

    /// <inheritdoc cref="LeaseTable.TryEnd"/>
    public bool TryEnd(int database, ReadOnlySpan<byte> key, ulong token, out long version, out long grantedAt) =>
        _table.TryEnd(database, key, token, out version, out grantedAt);

    /// <inheritdoc cref="LeaseTable.TryHold"/>
    public bool TryHold(int database, ReadOnlySpan<byte> key, ulong token, long until) => _table.TryHold(database, key, token, until);

    /// <inheritdoc cref="LeaseTable.TryExtend"/>
    public bool TryExtend(int database, ReadOnlySpan<byte> key, ulong token, long client, long until) =>
        _table.TryExtend(database, key, token, client, until);

    /// <inheritdoc cref="LeaseTable.Void"/>
    public void Void(int database, ReadOnlySpan<byte> key) => _table.Void(database, key);

    /// <summary>
    /// Voids the leases of the keys that a command names, since it may have changed them. It need not have: who deletes a key that is not
    /// there says that what is being computed for it is old.
    /// </summary>
    public void VoidKeysOf(CommandSpec command, in Request request, int database)
    {
        var keys = new KeyBuffer(stackalloc KeyRef[16]);
        KeyExtractor.TryGetKeys(command, request, ref keys);
        foreach (var key in keys.Keys)
        {
            // COPY and MOVE name a key of another database.
            if (command.Databases is null) _table.Void(database, request[key.Position]);
            else VoidEverywhere(request[key.Position]);
        }
        keys.Dispose();
    }

    void VoidEverywhere(ReadOnlySpan<byte> key)
    {
        for (var database = 0; database < _databases; database++) _table.Void(database, key);
    }

    /// <summary>A connection has closed: others may take its leases over.</summary>
    public void Close(long client)
    {
        if (Any) _table.Close(client);
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
