using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Tracking;

// The idea (Redis's, tracking.c). A client that has CLIENT TRACKING on keeps what it reads in a cache of its own, and is told when
// that is no longer true. Either the server remembers which keys it has read (TrackingTable) and tells it once for each that
// changes, or it is told of every change of keys with certain prefixes (TrackedPrefixes), and the server remembers nothing.
//
//     read by a tracking client ─► table[key] += client
//     event of a key            ─► table[key] taken out, its clients told  ·  noted under its prefixes, told when the batch is over
//     flush, SWAPDB             ─► table emptied, every tracking client told "everything"
//
// When a client is told relative to replies is part of the protocol, since a cache must not miss that the value it was just
// answered is gone: others at once; the client whose command caused it, behind the reply to that command or to the EXEC it is
// in; prefixes behind all replies of the batch.
//
// What changes keys is read from the stream of effects, so no command can forget it; nobody listens while no client tracks.
// Ours differs from Redis's in three things. SWAPDB tells "everything": a cache has names, which now mean other keys. Who is
// NOLOOP is told all the same of keys that the table has no room for, since the server will not tell it of those again. And when
// all clients that ever tracked have left, the table goes with them.

/// <summary>Client-side caching: who tracks, what is remembered for them. Telling them is in Tracking.Invalidation.cs.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed partial class TrackedKeys(
    Keyspace keyspace, ClientRegistry clients, RunningCall running,
    Pushes pushes, EffectStream effects, Random random, MemorySettings settings)
    : IEffectSink, IMemoryHolder
{
    readonly TrackingTable _table = new(keyspace);
    readonly TrackedPrefixes _prefixes = new(new KeyComparer(keyspace[0]));

    // Clients connected that track or have tracked: the table may hold ids of theirs.
    int _known;

    /// <summary>Clients that track.</summary>
    public int Clients { get; private set; }

    /// <summary>Keys that are remembered.</summary>
    public long Keys => _table.Count;

    /// <summary>Clients under those keys, all together.</summary>
    public long Items => _table.Items;

    /// <summary>Different prefixes that clients are told of.</summary>
    public int Prefixes => _prefixes.Count;

    /// <summary>Something waits for the command that runs to be over: its client is to be told, or the table has too many keys.</summary>
    public bool IsDue { get; set; }

    /// <summary>Bytes of memory of what is remembered.</summary>
    public long MemoryBytes => _table.MemoryBytes;

    /// <summary>Turns tracking on, or changes how.</summary>
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

    /// <summary>Has a client with <see cref="TrackingModes.Broadcast"/> be told of keys that begin with <paramref name="prefix"/>.</summary>
    public void AddPrefix(Client client, ReadOnlySpan<byte> prefix) => _prefixes.Add(client, client.Tracking!, prefix);

    /// <summary>Turns tracking off. The table keeps what it knows: if the client tracks again, it is told of old keys too.</summary>
    public void Disable(Client client)
    {
        if (client.Tracking is not { IsOn: true } tracking) return;
        _prefixes.RemoveAll(client, tracking);
        // Where it redirected to stays: what it invalidated earlier in the transaction in which it does this is told there.
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

    /// <summary>A command of a tracking client has run: if it reads, the client may now have the keys that it names in its cache.</summary>
    /// <param name="client">Who reads.</param>
    /// <param name="command">What ran.</param>
    /// <param name="request">With the keys.</param>
    /// <param name="firstKeyHash">The hash of the first key, where it is known.</param>
    public void Remember(Client client, CommandSpec command, in Request request, ulong? firstKeyHash)
    {
        var database = client.Database;
        // A script's own keys are not read by it but by the commands it calls.
        if ((command.Flags & CommandFlags.ReadOnly) == 0 || command.Group == CommandGroup.Scripting) return;
        if (command is { FirstKey: > 0, KeyStep: 1 } && command.LastKey == command.FirstKey && (command.Flags & CommandFlags.MovableKeys) == 0)
        {
            var key = request[command.FirstKey];
            _table.Add(key, firstKeyHash ?? database.HashOf(key), client.Id, clients);
        }
        else
        {
            var keys = new KeyBuffer(stackalloc KeyRef[16]);
            KeyExtractor.TryGetKeys(command, request, ref keys);
            foreach (var reference in keys.Keys)
            {
                var key = request[reference.Position];
                _table.Add(key, database.HashOf(key), client.Id, clients);
            }
            keys.Dispose();
        }
        if (IsFull) IsDue = true;
    }

    /// <summary>
    /// Starts loading what a tracking client's requests will look up in the table, as the window did for the keyspace: buckets of all keys
    /// first, then records.
    /// </summary>
    /// <param name="hash">Of a key that a request names.</param>
    public void PrefetchBucket(ulong hash) => _table.PrefetchBucket(hash);

    /// <inheritdoc cref="PrefetchBucket"/>
    public void PrefetchRecord(ulong hash) => _table.PrefetchRecord(hash);

    bool IsFull => settings.TrackingTableMaxKeys is > 0 and var most && _table.Count > most;

    KeyspaceEvents IEffectSink.WantedEvents => KeyspaceEvents.All;

    void IEffectSink.OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
        if (!EffectStream.IsModification(kind, name)) return;
        var changer = running.Client;
        if (_prefixes.Count > 0) _prefixes.Note(key, kind is KeyspaceEvents.Expired or KeyspaceEvents.Evicted ? null : changer);
        Invalidate(key, changer);
    }

    void IEffectSink.OnFlushing(int database) => InvalidateAll();

    void IEffectSink.OnFlushingAll(int databases) => InvalidateAll();

    void IEffectSink.OnSwapped(int first, int second) => InvalidateAll();
}
