using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Statistics;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Server.Tracking;

// The idea (Redis's, tracking.c). A client with CLIENT TRACKING on keeps values in a cache of its own, and the server tells it
// when they change. Either the server remembers the keys that the client has read (TrackingTable) and tells it once for each that
// changes. Or it tells the client of every change of keys with certain prefixes (TrackedPrefixes), and remembers nothing.
//
//     read by a tracking client ─► table[key] += client
//     event of a key            ─► table[key] removed, its clients told  ·  noted under its prefixes, told when the batch is over
//     flush, SWAPDB             ─► table emptied, every tracking client told "everything"
//
// The order of invalidations and replies is part of the protocol: a cache must learn that a value it has just received is gone.
// Other clients are told at once. The client whose command caused the change is told after the reply to that command, or to its
// EXEC. Prefixes are told after all replies of the batch.
//
// Changes come from the stream of effects, so no command can forget to tell. There is no sink while no client tracks. Ours
// differs from Redis in three things. SWAPDB tells "everything", since the names in a cache now mean other keys. A NOLOOP client
// is still told of keys that the table has no room for, since the server will not tell it of these again. And when all clients
// that ever tracked have left, the table is dropped. So it is when the system refuses it memory, and "everything" is told.

/// <summary>
/// Client-side caching: the clients that track and the keys remembered for them. Invalidations are in
/// TrackedKeys.Invalidation.cs.
/// </summary>
/// <remarks>Under the executor's lock.</remarks>
sealed partial class TrackedKeys(
    Keyspace keyspace, ClientRegistry clients, RunningCall running,
    Pushes pushes, EffectStream effects, Random random, MemorySettings settings)
    : IEffectSink, IMemoryHolder
{
    readonly TrackingTable _table = new(keyspace);
    readonly TrackedPrefixes _prefixes = new(new KeyComparer(keyspace[0]));

    // Connected clients that track or have tracked: the table may hold their ids.
    int _known;

    /// <summary>Number of clients that track.</summary>
    public int Clients { get; private set; }

    /// <summary>Number of keys that are remembered.</summary>
    public long Keys => _table.Count;

    /// <summary>Number of clients under all of these keys together.</summary>
    public long Items => _table.Items;

    /// <summary>Number of different prefixes.</summary>
    public int Prefixes => _prefixes.Count;

    /// <summary>Whether <see cref="EndCommand"/> has work: the client is to be told, or the table has too many keys.</summary>
    public bool IsDue { get; set; }

    /// <summary>Bytes of memory of the table.</summary>
    public long MemoryBytes => _table.MemoryBytes;

    /// <summary>Turns tracking on or changes its mode.</summary>
    /// <param name="modes">Without <see cref="TrackingModes.On"/>, which is implied.</param>
    /// <param name="redirect">0 for none.</param>
    public ClientTracking Enable(Client client, TrackingModes modes, long redirect)
    {
        if (client.Tracking is not { } tracking)
        {
            client.Tracking = tracking = new ClientTracking();
            if (_known++ == 0) effects.AddSink(this);
        }
        if (!tracking.IsOn) Clients++;
        tracking.Modes = TrackingModes.On | modes | tracking.Modes & TrackingModes.Caching;
        tracking.Redirect = redirect;
        return tracking;
    }

    /// <summary>Adds a prefix for a client with <see cref="TrackingModes.Broadcast"/>.</summary>
    public void AddPrefix(Client client, ReadOnlySpan<byte> prefix) => _prefixes.Add(client, client.Tracking!, prefix);

    /// <summary>
    /// Turns tracking off. The table keeps its keys: if the client tracks again, it is told of the old keys too.
    /// </summary>
    public void Disable(Client client)
    {
        if (client.Tracking is not { IsOn: true } tracking) return;
        _prefixes.RemoveAll(client, tracking);
        // The redirection stays: invalidations from earlier in the same transaction still go there.
        tracking.Modes = TrackingModes.None;
        Clients--;
    }

    /// <summary>The client leaves.</summary>
    public void Remove(Client client)
    {
        if (client.Tracking is null) return;
        Disable(client);
        client.Tracking = null;
        if (--_known > 0) return;
        effects.RemoveSink(this);
        _table.Clear();
    }

    /// <summary>A command of a tracking client has run. If it reads, the client may now have its keys in its cache.</summary>
    /// <param name="client">The client that reads.</param>
    /// <param name="command">The command that ran.</param>
    /// <param name="request">The request with the keys.</param>
    /// <param name="firstKeyHash">The hash of the first key, if it is known.</param>
    public void Remember(Client client, CommandSpec command, in Request request, ulong? firstKeyHash)
    {
        var database = client.Database;
        // A script does not read its keys itself: the commands it calls do.
        if ((command.Flags & CommandFlags.ReadOnly) == 0 || command.Group == CommandGroup.Scripting) return;
        try
        {
            Remember(client.Id, database, command, request, firstKeyHash);
        }
        catch (MemoryRefusedException)
        {
            // The reply is written, and a table that is half changed is no worse than none: all caches begin anew.
            InvalidateAll(client);
        }
        if (IsFull) IsDue = true;
    }

    void Remember(long id, Database database, CommandSpec command, in Request request, ulong? firstKeyHash)
    {
        if (command is { FirstKey: > 0, KeyStep: 1 } && command.LastKey == command.FirstKey && (command.Flags & CommandFlags.MovableKeys) == 0)
        {
            var key = request[command.FirstKey];
            _table.Add(key, firstKeyHash ?? database.HashOf(key), id, clients);
        }
        else
        {
            var keys = new KeyBuffer(stackalloc KeyRef[16]);
            KeyExtractor.TryGetKeys(command, request, ref keys);
            foreach (var reference in keys.Keys)
            {
                var key = request[reference.Position];
                _table.Add(key, database.HashOf(key), id, clients);
            }
            keys.Dispose();
        }
    }

    /// <summary>
    /// Prefetches the entries of the table that a tracking client's requests will look up, as the window did for the keyspace:
    /// first the buckets of all keys, then the records.
    /// </summary>
    /// <param name="hash">The hash of a key of the request.</param>
    public void PrefetchBucket(ulong hash) => _table.PrefetchBucket(hash);

    /// <inheritdoc cref="PrefetchBucket"/>
    public void PrefetchRecord(ulong hash) => _table.PrefetchRecord(hash);

    bool IsFull => settings.TrackingTableMaxKeys is > 0 and var most && _table.Count > most;

    KeyspaceEvents IEffectSink.WantedEvents => KeyspaceEvents.All;

    void IEffectSink.OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
        if (!EffectStream.IsModification(kind, name)) return;
        var changer = running.Client;
        var isByServer = kind is KeyspaceEvents.Expired or KeyspaceEvents.Evicted || name == EffectStream.Purged;
        if (_prefixes.Count > 0) _prefixes.Note(key, isByServer ? null : changer);
        Invalidate(key, changer);
    }

    void IEffectSink.OnFlushing(int database) => InvalidateAll(running.Client);

    void IEffectSink.OnFlushingAll(int databases) => InvalidateAll(running.Client);

    void IEffectSink.OnSwapped(int first, int second) => InvalidateAll(running.Client);
}
