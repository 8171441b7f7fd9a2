using System.Runtime.CompilerServices;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Resp;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Keys;
using ClusterSettings = MiniRedis.Server.Configuration.Settings.ClusterSettings;

namespace MiniRedis.Server.Routing;

/// <summary>
/// Decides where requests are served, by the slots of their keys. A request of one key whose slot is at rest on this node, which is most of
/// them, costs a look at a bitmap: the upper bits of the key's hash name the slot (<see cref="KeySlot"/>). The rules are Redis's.
/// </summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class SlotRouter(ClusterMachine machine, KeyAccess access, ClusterSettings settings)
{
    /// <summary>Where a request is served.</summary>
    /// <param name="client">Who asks: it may read from replicas (READONLY), or ask for what is being moved (ASKING).</param>
    /// <param name="command">The command; one that runs a queue is asked for as a whole.</param>
    /// <param name="flags">Its flags: those of a queue, or of a script, among them.</param>
    /// <param name="request">The request.</param>
    /// <param name="keyHash">The hash of the first key, if it is known.</param>
    public Route Find(Client client, CommandSpec command, CommandFlags flags, in Request request, ulong? keyHash = null)
    {
        if (keyHash is { } hash && command.HasLoneKey)
        {
            var slot = Database.SlotOf(hash);
            if (IsAtHome(slot)) return new(RouteKind.Here, slot);
        }
        else if (command.InMulti != InMulti.RunsQueue && command.Keys.Length == 0 && command.GetKeys is null)
        {
            return new(RouteKind.Here, -1);
        }
        return FindByKeys(client, command, flags, request);
    }

    /// <summary>Whether the cluster is up, as this node sees it.</summary>
    public bool IsUp => machine.IsOk;

    /// <summary>Whether nothing has to be asked about a slot: it is this node's, all of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    bool IsAtHome(int slot)
    {
        // The node's own set is a bitmap of 2 KB. The arrays of owners and moves are 128 KB each, too large for the nearest cache.
        if (!machine.Myself.Slots.Contains(slot) || !machine.IsOk) return false;
        var slots = machine.Slots;
        return !slots.HasMoves || (slots.MigratingTo(slot) is null && slots.ImportingFrom(slot) is null);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    Route FindByKeys(Client client, CommandSpec command, CommandFlags flags, in Request request)
    {
        var isShardChannel = (flags & CommandFlags.PubSub) != 0;
        var found = new RequestSlots(this, client, looksUp: !isShardChannel);
        if (command.InMulti != InMulti.RunsQueue)
        {
            found.Add(command, request);
        }
        else if (client.Has(ClientFlags.Multi) && client.Transaction is { } transaction)
        {
            for (var i = 0; i < transaction.Queue.Count && found.Error == RouteKind.Here; i++)
            {
                var queued = transaction.Queue.Request(i, out var one, out _);
                found.Add(one, queued);
            }
        }
        return found.Error != RouteKind.Here ? new(found.Error, found.Slot) : Decide(client, command, flags, isShardChannel, found);
    }

    Route Decide(Client client, CommandSpec command, CommandFlags flags, bool isShardChannel, in RequestSlots found)
    {
        var (slot, owner, myself) = (found.Slot, found.Owner, machine.Myself);
        var here = new Route(RouteKind.Here, slot);
        if (slot < 0) return here;
        var writes = (flags & CommandFlags.Write) != 0;
        if (!machine.IsOk)
        {
            if (isShardChannel ? !settings.ClusterAllowPubSubShardWhenDown : !settings.ClusterAllowReadsWhenDown) return new(RouteKind.Down, slot);
            if (!isShardChannel && writes) return new(RouteKind.OnlyReads, slot);
        }
        // Whoever moves keys has to reach them, wherever they are.
        if (found.IsMoving && command.Name == "MIGRATE" && myself.IsMaster) return here;
        if (found.Target is { } target && found.Missing > 0)
            return found.Present > 0 ? new(RouteKind.TryAgain, slot) : new(RouteKind.Ask, slot, target);
        if (found.IsImporting && (client.Has(ClientFlags.Asking) || (flags & CommandFlags.Asking) != 0))
            return found.HasSeveral && found.Missing > 0 ? new(RouteKind.TryAgain, slot) : here;
        if (owner == myself) return here;
        var mayRead = (client.Has(ClientFlags.ReadOnlyReplica) || isShardChannel) && !writes;
        return mayRead && myself.IsReplica && myself.Master == owner ? here : new(RouteKind.Moved, slot, owner);
    }

    /// <summary>The slot of the first key of a request; -1 if it has none.</summary>
    public static int SlotOf(CommandSpec command, in Request request)
    {
        var keys = new KeyBuffer(stackalloc KeyRef[16]);
        var slot = KeyExtractor.TryGetKeys(command, request, ref keys, includeNotKeys: true) && keys.Count > 0
            ? KeySlot.Of(request[keys[0].Position])
            : -1;
        keys.Dispose();
        return slot;
    }

    /// <summary>What a client is answered whose request is not served here.</summary>
    public byte[] Answer(Client client, in Route route) => route.Kind switch
    {
        RouteKind.CrossSlot => Errors.CrossSlot.ToArray(),
        RouteKind.TryAgain => Errors.TryAgain.ToArray(),
        RouteKind.Down => Errors.ClusterDown.ToArray(),
        RouteKind.OnlyReads => Errors.ClusterOnlyReads.ToArray(),
        RouteKind.NotServed => Errors.SlotNotServed.ToArray(),
        _ => Errors.Redirection(
            route.Kind == RouteKind.Moved, route.Slot, NodeEndpoints.PreferredOf(route.Node!, client, settings.ClusterPreferredEndpointType),
            NodeEndpoints.PortOf(route.Node!, NodeEndpoints.IsTls(client))),
    };

    /// <summary>What a script is answered that calls a command which is not served here.</summary>
    public static ReadOnlySpan<byte> AnswerInScript(CommandSpec command, Route route) => route.Kind switch
    {
        RouteKind.OnlyReads => Errors.ScriptClusterOnlyReads,
        RouteKind.Down => Errors.ScriptClusterDown,
        RouteKind.CrossSlot => Errors.ScriptCommandCrossSlot(command.FullName),
        RouteKind.TryAgain => Errors.ScriptCommandDuringMove(command.FullName),
        RouteKind.NotServed => Errors.ScriptSlotNotServed,
        _ => Errors.ScriptNonLocalKey,
    };

    /// <summary>
    /// Whether a client that waits for a key may go on waiting: the cluster is up, and the key will come here if it comes at all.
    /// </summary>
    /// <param name="client">Who waits.</param>
    /// <param name="command">What it waits in.</param>
    /// <param name="key">One of the keys: all are in one slot.</param>
    public Route FindWaiting(Client client, CommandSpec command, ReadOnlySpan<byte> key)
    {
        var slot = KeySlot.Of(key);
        if (!machine.IsOk) return new(RouteKind.Down, slot);
        var (owner, myself) = (machine.Slots.Owner(slot), machine.Myself);
        if (owner == myself || machine.Slots.ImportingFrom(slot) is not null) return new(RouteKind.Here, slot);
        if (owner is null) return new(RouteKind.NotServed, slot);
        var mayRead = client.Has(ClientFlags.ReadOnlyReplica) && (command.Flags & CommandFlags.Write) == 0;
        return mayRead && myself.IsReplica && myself.Master == owner ? new(RouteKind.Here, slot) : new(RouteKind.Moved, slot, owner);
    }

    /// <summary>Whether the shard of this node serves a slot: its replicas have subscribers of shard channels too.</summary>
    public bool IsOfShard(int slot) => machine.Slots.Owner(slot) is { } owner && owner == machine.MyMaster;

    /// <summary>The slots of the keys of a request or of a queue of them, key by key, until one settles that it is not served.</summary>
    ref struct RequestSlots(SlotRouter router, Client client, bool looksUp)
    {
        // To compare keys with the first: that of the request before is a view of the same queue.
        ReadOnlySpan<byte> _firstKey;

        /// <summary>Of all keys so far; -1 if there was none.</summary>
        public int Slot { get; private set; } = -1;

        public ClusterNode? Owner { get; private set; }

        /// <summary>Who takes the slot over, if this node hands it on.</summary>
        public ClusterNode? Target { get; private set; }

        /// <summary>Whether this node takes the slot over.</summary>
        public bool IsImporting { get; private set; }

        public readonly bool IsMoving => Target is not null || IsImporting;

        /// <summary>Keys that are here, and that are not, where the slot is on the move.</summary>
        public int Present { get; private set; }

        /// <inheritdoc cref="Present"/>
        public int Missing { get; private set; }

        /// <summary>Whether there are different keys, in a slot that this node takes over.</summary>
        public bool HasSeveral { get; private set; }

        public RouteKind Error { get; private set; }

        public void Add(CommandSpec command, scoped in Request request)
        {
            var keys = new KeyBuffer(stackalloc KeyRef[16]);
            // Arguments that make no sense name no key: the command itself refuses them.
            KeyExtractor.TryGetKeys(command, request, ref keys, includeNotKeys: true);
            // XREAD's names and ids in one list: where they do not pair up there is no key, and the command itself says so.
            var isUneven = command.Keys is [{ Limit: > 1 and var parts }] && keys.Count > 0 && (request.Count - keys[0].Position) % parts != 0;
            // As in Redis the destination of ZUNIONSTORE and its kin is looked at last: that decides between two errors.
            var isDestinationFirst = command.Keys is [{ Find: FindKeys.Range }, { Find: FindKeys.KeyNum }] && keys.Count > 1;
            var count = isUneven ? 0 : keys.Count;
            for (var i = isDestinationFirst ? 1 : 0; i < count && Error == RouteKind.Here; i++) Add(request[keys[i].Position]);
            if (isDestinationFirst && Error == RouteKind.Here) Add(request[keys[0].Position]);
            keys.Dispose();
        }

        void Add(ReadOnlySpan<byte> key)
        {
            var slot = KeySlot.Of(key);
            if (Slot < 0) Begin(slot, key);
            else if (slot != Slot) Error = RouteKind.CrossSlot;
            else if (IsImporting && !HasSeveral) HasSeveral = !key.SequenceEqual(_firstKey);
            if (Error != RouteKind.Here || !IsMoving || !looksUp) return;
            if (router.IsPresent(client.Database, key)) Present++;
            else Missing++;
        }

        void Begin(int slot, ReadOnlySpan<byte> key)
        {
            var slots = router.Machine.Slots;
            var myself = router.Machine.Myself;
            (Slot, Owner) = (slot, slots.Owner(slot));
            if (Owner is null)
            {
                Error = RouteKind.NotServed;
                return;
            }
            _firstKey = key;
            // A replica that may be read from hands a slot on with its master.
            if (!myself.IsMaster && !client.Has(ClientFlags.ReadOnlyReplica)) return;
            if (Owner == router.Machine.MyMaster) Target = slots.MigratingTo(slot);
            if (Target is null) IsImporting = slots.ImportingFrom(slot) is not null;
        }
    }

    ClusterMachine Machine => machine;

    /// <summary>Whether a key is there, for the client whose request runs. Leaves no trace.</summary>
    bool IsPresent(Database database, ReadOnlySpan<byte> key) =>
        database.Lookup(key) is { Found: true } at && !access.IsGone(database, at.Record);
}
