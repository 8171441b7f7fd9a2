using System.Runtime.CompilerServices;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Keys;

/// <summary>
/// Finds keys as clients see them: expired keys are missing. Whoever finds one (a look-up here, SCAN, <c>ActiveExpiry</c>,
/// <c>OwnKeys</c>) has it deleted, counted and told of here.
/// </summary>
sealed class KeyAccess(
    AccessFields accessFields, KeyPolicies policies, RunningCall running, ClientPause pause, EffectStream effects, ServerStatistics statistics,
    DatasetState dataset, ReplicationHistory history, Clock clock, MemorySettings memorySettings, ProcessSettings processSettings)
{
    /// <summary>Most fields of one hash deleted at once: a tenth of a millisecond.</summary>
    const int FieldsAtOnce = 256;

    readonly NotedKeys _made = new();

    /// <summary>Looks <paramref name="key"/> up, and deletes it if it has expired.</summary>
    public KeyLookup Find(Database database, ReadOnlySpan<byte> key) => Find(database, key, database.HashOf(key));

    /// <summary>As <see cref="Find(Database, ReadOnlySpan{byte})"/>, for a key whose hash is known.</summary>
    /// <remarks>
    /// This method and the two for commands are not inlined into handlers: one copy of the probe stays in the instruction cache
    /// for all commands, and its result stays in registers until it is returned.
    /// </remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public KeyLookup Find(Database database, ReadOnlySpan<byte> key, ulong hash)
    {
        var at = database.Lookup(key, hash);
        return at.Found && NeedsCare(database, at.Record) ? FindWithCare(database, key, hash) : at;
    }

    /// <summary>As <see cref="Find(Database, ReadOnlySpan{byte}, ulong)"/>, for a command that changes the key.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public KeyLookup FindToWrite(Client client, Database database, ReadOnlySpan<byte> key, ulong hash)
    {
        var at = database.Lookup(key, hash);
        if (!at.Found) return at;
        if (NeedsCare(database, at.Record)) return FindWithCare(database, key, hash, client);
        if (!client.Has(ClientFlags.NoTouch)) Touch(at.Record);
        return at;
    }

    /// <summary>As <see cref="FindToWrite"/>, for a command that reads the value: counts a hit or a miss.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public KeyLookup FindToRead(Client client, Database database, ReadOnlySpan<byte> key, ulong hash)
    {
        var at = database.Lookup(key, hash);
        if (at.Found)
        {
            if (NeedsCare(database, at.Record)) return FindWithCareToRead(client, database, key, hash);
            Hit(key);
            if (!client.Has(ClientFlags.NoTouch)) Touch(at.Record);
            return at;
        }
        Missed(database, key);
        return at;
    }

    /// <summary>Counts a miss: a key looked up for reading is not there.</summary>
    public void Missed(Database database, ReadOnlySpan<byte> key)
    {
        statistics.KeyspaceMisses++;
        statistics.Prefixes?.Add(key, PrefixCount.Misses);
        if ((effects.Wanted & KeyspaceEvents.KeyMiss) != 0)
            effects.Notify(database.Number, key, KeyspaceEvents.KeyMiss, "keymiss");
    }

    /// <summary>
    /// Whether a key may be gone, or may have to be changed because it is used: its deadline has passed by the clock, or it is one that
    /// a purge or its sliding concerns. One test of the flags says that none of it does, for plain keys.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    bool NeedsCare(Database database, Record record) =>
        database.MayBeGone(record) && (record.HasExpiry && record.ExpireAt <= Due || record.HasMetadata && database.MayConcern(record)
            || database.IsUnderPrefix(record));

    /// <summary>Finds a key that <see cref="NeedsCare"/>.</summary>
    /// <param name="user">The client that uses the key; null if none does.</param>
    KeyLookup FindWithCare(Database database, ReadOnlySpan<byte> key, ulong hash, Client? user = null)
    {
        var at = database.Lookup(key, hash);
        var isGone = IsGone(database, at.Record);
        if (isGone && !MayDelete) return KeyLookup.Nothing(hash);
        var isUnchanged = database.IsUnchanged;
        if (isGone)
        {
            Bury(database, at);
        }
        else if (RunsForSource && database.IsPurgedByPrefix(at.Record))
        {
            // For its own server the key is there. If the command writes it, the key is no older than the purge.
            if (!IsWriting) return at;
            database.Revive(key);
        }
        else
        {
            var isChanged = false;
            if (user is not null && !user.Has(ClientFlags.NoTouch))
            {
                Touch(at.Record);
                isChanged = TrySlide(database, at);
            }
            if (database.NeedsSettling(at.Record)) isChanged |= TrySettle(database, at, key);
            if (!isChanged) return at;
        }
        // What was changed is whole, whatever becomes of the command.
        if (isUnchanged) database.ResumeAttempt();
        return database.Lookup(key, hash);
    }

    /// <summary>Writes into a key what a soft purge has made of it, and tells those who have it in their caches.</summary>
    /// <param name="key">Its name; not the one in its record, which may move.</param>
    /// <returns>False, and nobody hears of it yet, if there is no memory for it.</returns>
    public bool TrySettle(Database database, in KeyLookup at, ReadOnlySpan<byte> key)
    {
        if (!database.TrySettle(at)) return false;
        effects.Notify(database.Number, key, KeyspaceEvents.Generic, EffectStream.TurnedStale);
        return true;
    }

    /// <summary>Moves the deadline of a key that slides, because it is used; on the server alone that decides about it.</summary>
    bool TrySlide(Database database, in KeyLookup at)
    {
        if (!database.Slides(at.Record, clock.Now, out var deadline)) return false;
        if (dataset.IsLoading || pause.IsActive || processSettings.ImportMode || history.IsReplica) return false;
        database.SlideTo(at, deadline);
        if (!effects.IsPropagating) return true;
        effects.AddDeadline(database.Number, at.Record.Key, deadline);
        // That alone would end the sliding.
        CacheEffects.Metadata(effects, database, at);
        return true;
    }

    KeyLookup FindWithCareToRead(Client client, Database database, ReadOnlySpan<byte> key, ulong hash)
    {
        var at = FindWithCare(database, key, hash, client);
        if (at.Found) Hit(key);
        else Missed(database, key);
        return at;
    }

    /// <summary>Counts a hit: a key looked up for reading is there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Hit(ReadOnlySpan<byte> key)
    {
        statistics.KeyspaceHits++;
        statistics.Prefixes?.Add(key, PrefixCount.Hits);
    }

    /// <summary>
    /// The latest deadline (unix ms) that has passed by the clock. A key or field lives through the millisecond of its deadline,
    /// with a TTL of 0, as in Redis. But a key that is given such a deadline is deleted at once (<c>CommandContext.IsPast</c>).
    /// </summary>
    public long Due => clock.Now - 1;

    /// <summary>
    /// Deadlines up to this one (unix ms) have passed for the client whose command runs. None has passed while the AOF is loaded:
    /// its commands ran earlier, and a later one may extend a deadline that has passed since. None has passed for the source of
    /// an import (<see cref="ProcessSettings.ImportMode"/>) or of slots, nor for a master: their own servers decide when a key goes.
    /// </summary>
    public long ExpiredBy => JudgesTime ? Due : long.MinValue;

    /// <summary>Whether this server decides how long keys of the running command live: no file, master or other node does.</summary>
    public bool JudgesTime => !dataset.IsLoading && !RunsForSource;

    bool RunsForSource => running.Client is { } client
        && (client.ImportedSlots is not null || history.IsReplica && client.Has(ClientFlags.Master)
            || processSettings.ImportMode && (client.Has(ClientFlags.Master) || client.Has(ClientFlags.ImportSource)));

    /// <summary>
    /// Whether the running command comes from a master or from the AOF, among the purges that came before it there. What a purge of a
    /// prefix overtakes is known by their order alone, so it holds for such commands as for those of clients.
    /// </summary>
    bool FollowsOrder => dataset.IsLoading || history.IsReplica && !processSettings.ImportMode
        && running.Client is { ImportedSlots: null } client && client.Has(ClientFlags.Master);

    /// <summary>
    /// Whether a key has expired, or a purge has overtaken it, for the client whose command runs, though it may still be in the keyspace.
    /// </summary>
    public bool IsGone(Database database, Record record) =>
        IsGone(database, record, ExpiredBy) || database.PurgesPrefixes && FollowsOrder && database.IsPurgedByPrefix(record);

    /// <summary>As <see cref="IsGone(Database, Record)"/>, where deadlines up to <paramref name="expiredBy"/> have passed.</summary>
    public static bool IsGone(Database database, Record record, long expiredBy) =>
        database.MayBeGone(record) && expiredBy != long.MinValue
        && (database.DeadlineOf(record) is >= 0 and var deadline && deadline <= expiredBy || database.IsPurged(record));

    /// <summary>
    /// Whether expired keys may be deleted. While CLIENT PAUSE holds writes, readers do not see them, but deleting them would be
    /// a write. In import mode the source of the import deletes them, and on a replica the master does. A command that writes all the
    /// same (in the transaction that began the pause, for example, or on a writable replica) deletes an expired key first as usual,
    /// since the new value must not stand beside it.
    /// </summary>
    public bool MayDelete => !(pause.IsActive || processSettings.ImportMode || history.IsReplica)
        || IsWriting;

    bool IsWriting => running.Command is { } command && (command.Flags & CommandFlags.Write) != 0;

    /// <summary>Updates the access field: the LRU clock, or the LFU counter with its chance to grow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(Record record) => accessFields.Touch(record);

    /// <summary>Finishes a new key: sets its access field, sends the event "new", and has policies give it a deadline if it has none.</summary>
    public void Created(Database database, Record record, ReadOnlySpan<byte> key)
    {
        Restored(database, record, key);
        Replaced(database, record, key);
    }

    /// <summary>As <see cref="Created"/>, for a key that is what it was elsewhere (RESTORE): policies do not concern it.</summary>
    public void Restored(Database database, Record record, ReadOnlySpan<byte> key)
    {
        record.AccessField = accessFields.Initial;
        TellOfName(database, key);
    }

    /// <summary>A key that was there has a new value in place of all that it was. Policies give it a deadline if it has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Replaced(Database database, Record record, ReadOnlySpan<byte> key)
    {
        if (policies.Any) NoteForPolicies(database, record, key);
    }

    void NoteForPolicies(Database database, Record record, ReadOnlySpan<byte> key)
    {
        if (!record.HasExpiry && JudgesTime && policies.Concern(key)) _made.Add(database.Number, key);
    }

    /// <summary>
    /// Sends the event "new" for a name that is new to a database though its value is not (RENAME, MOVE, COPY). The policy of the name
    /// bounds the deadline that the key has. A tag that was purged where the key is now takes effect on it.
    /// </summary>
    public void Arrived(Database database, Record record, ReadOnlySpan<byte> key)
    {
        TellOfName(database, key);
        if (!policies.Any && !record.HasMetadata || !JudgesTime) return;
        if (policies.Concern(key) || IsOvertaken(database, record)) _made.Add(database.Number, key);
    }

    /// <summary>
    /// Whether keys that the running command has made are to be looked at behind it (<see cref="FinishMade"/>): not before, since what comes of
    /// that is told behind the command, and since handlers hold addresses.
    /// </summary>
    public bool HasMade => _made.Any;

    /// <summary>Gives the keys that a command has made what policies and purges make of them, as a part of its unit of effects.</summary>
    public void FinishMade(Keyspace keyspace)
    {
        foreach (var (number, key) in _made)
        {
            var database = keyspace[number];
            policies.Apply(database, key, effects);
            if (database.Lookup(key) is { Found: true } at && IsOvertaken(database, at.Record)) SettleAndTell(database, key);
        }
        _made.Clear();
    }

    /// <summary>Whether a purge has killed a key, or made it stale, and its record does not tell yet (<see cref="SettleAndTell"/>).</summary>
    public static bool IsOvertaken(Database database, Record record) => database.IsPurged(record) || database.NeedsSettling(record);

    /// <summary>
    /// A key has got tags that may have been purged since its value was computed. That has killed it, or made it stale. Others are told what it
    /// is now, metadata and all: they may not know of the purge, since no file has those that have left no key behind.
    /// </summary>
    public void SettleAndTell(Database database, ReadOnlySpan<byte> key)
    {
        var at = Find(database, key);
        if (!at.Found || !effects.IsPropagating) return;
        // What purges have made of the window is in the metadata, and what they have made of the deadline belongs to it.
        if (database.WindowOf(at.Record) > 0 && database.DeadlineOf(at.Record) is >= 0 and var deadline)
            effects.AddDeadline(database.Number, key, deadline);
        CacheEffects.Metadata(effects, database, database.Lookup(key));
    }

    void TellOfName(Database database, ReadOnlySpan<byte> key)
    {
        if ((effects.Wanted & KeyspaceEvents.New) != 0)
            effects.Notify(database.Number, key, KeyspaceEvents.New, "new");
    }

    /// <summary>
    /// Deletes fields of a hash that are due by the coarse clock (<c>ExpiryClock</c>). It deletes a limited number at a time, so
    /// that no client waits; readers skip the others.
    /// </summary>
    public void ExpireDueFields(Database database, in KeyLookup at)
    {
        var expiring = BeginExpiring(database, at);
        while (expiring.MayGoOn && expiring.Hash.FindDue(Due, out var due) == DueSearch.Found) expiring.Delete(due);
        expiring.End();
    }

    /// <summary>As <see cref="ExpireDueFields"/>, of all fields whose deadline has passed.</summary>
    public void ExpireFields(Database database, in KeyLookup at)
    {
        var expiring = BeginExpiring(database, at);
        var walk = long.MaxValue;
        while (expiring.MayGoOn && expiring.Hash.NextDue(Due, ref walk, out var due)) expiring.Delete(due);
        expiring.End();
    }

    /// <summary>Begins to delete expired fields of a hash, if there may be any and the server may delete them now.</summary>
    public FieldExpiry BeginExpiring(Database database, in KeyLookup at) =>
        new(this, database, at, effects, statistics,
            isAllowed: ExpiredBy != long.MinValue && new HashReader(at.Record).MayHaveExpired(Due) && MayDelete
                // A hash that a snapshot is reading is left as it is until it has been read.
                && database.Prepare(at) != Readiness.Frozen);

    /// <summary>Deletes a key that is gone for clients (<see cref="IsGone(Database, Record)"/>).</summary>
    public void Bury(Database database, in KeyLookup at)
    {
        if (database.IsPurged(at.Record)) DropPurged(database, at, DeletionOf(memorySettings.LazyFreeLazyExpire));
        else Expire(database, at);
    }

    /// <summary>Deletes a key that a purge has overtaken. As for an expired one, that is no change to save.</summary>
    /// <param name="database">The key's.</param>
    /// <param name="at">The key.</param>
    /// <param name="command">The canonical command of the deletion; empty if the caller has told of several keys at once.</param>
    public void DropPurged(Database database, in KeyLookup at, ReadOnlySpan<byte> command = default)
    {
        // A file that is loaded has such keys again, which were counted when they went.
        if (!dataset.IsLoading)
        {
            statistics.PurgedKeys++;
            statistics.Prefixes?.Add(at.Record.Key, PrefixCount.Purged);
        }
        database.NotePurgedDeletion(at.Record);
        Drop(database, at, KeyspaceEvents.Generic, EffectStream.Purged, command);
    }

    /// <summary>
    /// Deletes an expired key, as a DEL that the server itself issues. As in Redis that is no change to save: whoever loads the key
    /// finds it expired.
    /// </summary>
    public void Expire(Database database, in KeyLookup at)
    {
        statistics.ExpiredKeys++;
        statistics.Prefixes?.Add(at.Record.Key, PrefixCount.Expired);
        Drop(database, at, KeyspaceEvents.Expired, "expired", DeletionOf(memorySettings.LazyFreeLazyExpire));
    }

    /// <summary>
    /// Deletes a key to make room, as a DEL that the server itself issues. As in Redis that is no change to save: the key was
    /// dispensable.
    /// </summary>
    public void Evict(Database database, in KeyLookup at)
    {
        statistics.EvictedKeys++;
        statistics.Prefixes?.Add(at.Record.Key, PrefixCount.Evicted);
        Drop(database, at, KeyspaceEvents.Evicted, "evicted", DeletionOf(memorySettings.LazyFreeLazyEviction));
    }

    /// <summary>
    /// Deletes a key that another node of the cluster has now. It is a change of this node's data, of which replicas, files and caches hear.
    /// But the key is still there for clients, so as in Redis no notification tells them of a deletion.
    /// </summary>
    public void DropMoved(Database database, in KeyLookup at)
    {
        Drop(database, at, KeyspaceEvents.None, "del", DeletionOf(memorySettings.LazyFreeLazyServerDel));
        effects.Dirty++;
    }

    /// <summary>Deletes a key that no command names, and tells so. That counts as no change to save, unless a caller says so.</summary>
    /// <param name="command">The canonical command of the deletion; empty if those before it have told all.</param>
    internal void Drop(
        Database database, in KeyLookup at, KeyspaceEvents kind, string name, ReadOnlySpan<byte> command = default)
    {
        var key = at.Record.Key;
        using var room = new Scratch<byte>(database, key.Length, stackalloc byte[256]);
        var copy = room.Span;
        key.CopyTo(copy);
        Delete(database, at, copy, kind, name, countsAsChange: false);
        if (command.IsEmpty || !effects.IsPropagating) return;
        effects.Begin(database.Number, 2);
        effects.Add(command);
        effects.Add(copy);
    }

    static ReadOnlySpan<byte> DeletionOf(bool lazily) => lazily ? "UNLINK"u8 : "DEL"u8;

    /// <summary>Deletes a key, and tells so.</summary>
    /// <param name="key">Its name; not the one in its record, which goes with it.</param>
    /// <param name="countsAsChange">False if the deletion belongs to a change that is counted already, or to none.</param>
    public void Delete(
        Database database, in KeyLookup at, ReadOnlySpan<byte> key, KeyspaceEvents kind = KeyspaceEvents.Generic, string name = "del",
        bool countsAsChange = true)
    {
        database.Delete(at);
        if (countsAsChange) effects.KeyChanged(database.Number, key, kind, name);
        else effects.Notify(database.Number, key, kind, name);
    }
}
