using MiniRedis.Server.Clients;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.PubSub;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Server.Caching;

/// <summary>Tells the other nodes of a cluster of a message, which their subscribers get.</summary>
delegate void MessageToNodes(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message);

/// <summary>
/// Tells of purges: subscribers, whose caches drop what the server has dropped, and the other nodes of a cluster, which carry them out.
/// Whether they are told does not depend on notify-keyspace-events: it is for the application's correctness, not for its curiosity.
/// </summary>
/// <remarks>Under the executor's lock.</remarks>
sealed partial class CachePurges(
    Keyspace keyspace, PubSubChannels channels, ClientPause pause, EffectStream effects, ReplicationHistory history, Clock clock,
    CronSignal cronSignal)
    : IMemoryHolder
{
    readonly FrameBuffer _channel = new(), _message = new();

    /// <summary>The other nodes of a cluster; null without one. Set by the root.</summary>
    public MessageToNodes? Nodes { get; set; }

    /// <summary>Whether clients cache keys, and wait to hear of those that a purge has overtaken. Set by the root.</summary>
    public Func<bool> IsAwaited { get; init; } = () => false;

    public long MemoryBytes => keyspace.PurgeBytes + _repetitionBytes;

    /// <summary>Tells of a purge of one name, which has been carried out here.</summary>
    /// <param name="toNodes">Whether the other nodes of a cluster are to carry it out.</param>
    public void Tell(int database, in PurgeMessage purge, bool toNodes)
    {
        var spreads = toNodes && Nodes is not null;
        if (!spreads && !channels.HasListeners) return;
        PurgeMessage.WriteChannel(_channel, database);
        purge.Write(_message);
        channels.Publish(_channel.Written, _message.Written);
        if (spreads) Nodes!(_channel.Written, _message.Written);
        _channel.Clear();
        _message.Clear();
    }

    /// <summary>
    /// A link to another node of the cluster is open, after one that broke: tells it of the purges since <paramref name="version"/> that
    /// this node made for all. It may have heard of some of them, and knows those by their text.
    /// </summary>
    /// <param name="version">That it has heard of the purges up to there is known.</param>
    /// <param name="node">Tells the node.</param>
    public void TellAgain(long version, MessageToNodes node)
    {
        foreach (var database in keyspace.Databases)
        {
            var log = database.Purges;
            for (var i = log.IndexAfter(version); i < log.Count; i++)
            {
                var purge = log[i];
                if (!purge.IsForAllNodes) continue;
                PurgeMessage.WriteChannel(_channel, database.Number);
                new PurgeMessage(purge.Version, purge.IsSoft, purge.Scope, purge.Name).Write(_message);
                node(_channel.Written, _message.Written);
                _channel.Clear();
                _message.Clear();
            }
        }
    }

    /// <summary>
    /// Carries out a purge that another node of the cluster tells of, with a version of this node above that one's: local caches compare
    /// versions of one node with each other.
    /// </summary>
    public void Adopt(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message)
    {
        // A replica hears of it from its master, in order with all other changes. Nobody hears of what makes no sense.
        if (history.IsReplica || !PurgeMessage.IsChannel(channel, out var number) || number >= keyspace.DatabaseCount) return;
        if (!PurgeMessage.TryRead(message, out var purge)) return;
        keyspace.CacheClock.RaiseTo(purge.Version - 1);
        CarryOut(number, purge.Scope, purge.IsSoft, purge.Name, toNodes: false);
    }

    /// <summary>Carries out a purge of its own unit that no client's command asks for now.</summary>
    void CarryOut(int database, PurgeScope scope, bool isSoft, ReadOnlySpan<byte> name, bool toNodes)
    {
        Purge(database, scope, isSoft, new(name), toNodes);
        effects.EndUnit();
    }

    /// <summary>Purges names of a database under one version of this server, and tells everybody.</summary>
    /// <param name="toNodes">Whether the other nodes of a cluster are to carry it out.</param>
    /// <returns>The version.</returns>
    public long Purge(int database, PurgeScope scope, bool isSoft, in PurgeNames names, bool toNodes)
    {
        var version = keyspace.CacheClock.Next(clock.NowMicroseconds);
        for (var i = 0; i < names.Count; i++) keyspace[database].Purge(scope, names[i], isSoft, version, isForAllNodes: toNodes);
        effects.Dirty++;
        if (effects.IsPropagating) CacheEffects.Purge(effects, database, version, isSoft, scope, names);
        for (var i = 0; i < names.Count; i++) Tell(database, new(version, isSoft, scope, names[i]), toNodes);
        WakeWhoLooks(database);
        return version;
    }

    /// <summary>
    /// A database has been purged. The walk over the keys of a prefix begins soon, and so does that which tells the clients that cache keys.
    /// </summary>
    public void WakeWhoLooks(int database)
    {
        if (keyspace[database].PurgesPrefixes || IsAwaited()) cronSignal.Request();
    }
}
