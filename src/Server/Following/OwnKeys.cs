using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Following;

/// <summary>
/// The keys with a deadline that clients of a writable replica have made (replica-read-only no). The master does not know them and would
/// never delete them, so they expire here. Every other key waits for the master. While the replica is read-only, or the server is a master,
/// this costs nothing.
/// </summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class OwnKeys(
    Keyspace keyspace, KeyAccess keys, RunningCall running, EffectStream effects, ReplicationHistory history, ReplicationSettings settings)
    : IEffectSink
{
    /// <summary>Keys looked at in one run: a tenth of a millisecond.</summary>
    const int KeysInOneRun = 64;

    readonly HashSet<byte[]>?[] _keys = new HashSet<byte[]>?[keyspace.DatabaseCount];
    readonly Queue<(int Database, byte[] Key)> _order = [];
    readonly KeyComparer _comparer = new(keyspace[0]);
    bool _isOn;

    /// <summary>Keys that are remembered: slave_expires_tracked_keys.</summary>
    public int Count => _order.Count;

    KeyspaceEvents IEffectSink.WantedEvents => KeyspaceEvents.All;

    /// <summary>The role or replica-read-only has changed.</summary>
    public void Follow()
    {
        var isOn = history.IsReplica && !settings.ReplicaReadOnly;
        if (isOn == _isOn) return;
        _isOn = isOn;
        if (isOn)
        {
            effects.AddSink(this);
            return;
        }
        effects.RemoveSink(this);
        _order.Clear();
        Array.Clear(_keys);
    }

    void IEffectSink.OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
        if (running.Client is not { } client || client.Has(ClientFlags.Master)) return;
        if (keyspace[database].Lookup(key) is not { Found: true, Record.HasExpiry: true }) return;
        var known = _keys[database] ??= new(_comparer);
        if (known.GetAlternateLookup<ReadOnlySpan<byte>>().Contains(key)) return;
        var copy = key.ToArray();
        known.Add(copy);
        _order.Enqueue((database, copy));
    }

    /// <summary>Deletes some of the keys that have expired. Called by the cron.</summary>
    public void Run()
    {
        for (var i = Math.Min(KeysInOneRun, _order.Count); i > 0; i--)
        {
            var (number, key) = _order.Dequeue();
            var database = keyspace[number];
            var at = database.Lookup(key);
            if (at is { Found: true, Record.HasExpiry: true } && at.Record.ExpireAt > keys.Due)
            {
                _order.Enqueue((number, key));
                continue;
            }
            _keys[number]!.Remove(key);
            if (at is not { Found: true, Record.HasExpiry: true }) continue;
            keys.Expire(database, at);
            effects.EndUnit();
        }
    }
}
