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
/// Finds keys as clients see them: what has expired is not there. Expiry is noticed here on access and by
/// <c>ActiveExpiry</c> on time; both delete, count and tell in the same way.
/// </summary>
sealed class KeyAccess(
    AccessFields accessFields, RunningCall running, ClientPause pause, EffectStream effects, ServerStatistics statistics,
    DatasetState dataset, Clock clock, MemorySettings memorySettings, ProcessSettings processSettings)
{
    /// <summary>Fields of one hash deleted in a row: a tenth of a millisecond.</summary>
    const int FieldsAtOnce = 256;

    /// <summary>Looks <paramref name="key"/> up, deleting it if its time has passed.</summary>
    public KeyLookup Find(Database database, ReadOnlySpan<byte> key) => Find(database, key, database.HashOf(key));

    /// <summary>As <see cref="Find(Database, ReadOnlySpan{byte})"/>, for a key whose hash is known.</summary>
    /// <remarks>
    /// This and the two for commands are not inlined into the handlers: one copy of the probe stays in the cache of instructions
    /// whatever commands come, and what it finds stays in registers until it is returned.
    /// </remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public KeyLookup Find(Database database, ReadOnlySpan<byte> key, ulong hash)
    {
        var at = database.Lookup(key, hash);
        return at.Found && IsPast(at.Record) ? FindPast(database, key, hash) : at;
    }

    /// <summary>As <see cref="Find(Database, ReadOnlySpan{byte}, ulong)"/>, for a client that is about to change the key.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public KeyLookup FindToWrite(Client client, Database database, ReadOnlySpan<byte> key, ulong hash)
    {
        var at = database.Lookup(key, hash);
        if (!at.Found) return at;
        if (IsPast(at.Record)) return FindPast(database, key, hash, client);
        if (!client.Has(ClientFlags.NoTouch)) Touch(at.Record);
        return at;
    }

    /// <summary>As <see cref="FindToWrite"/>, for a client that reads the key's value: a hit or a miss.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public KeyLookup FindToRead(Client client, Database database, ReadOnlySpan<byte> key, ulong hash)
    {
        var at = database.Lookup(key, hash);
        if (at.Found)
        {
            if (IsPast(at.Record)) return FindPastToRead(client, database, key, hash);
            statistics.KeyspaceHits++;
            if (!client.Has(ClientFlags.NoTouch)) Touch(at.Record);
            return at;
        }
        Missed(database, key);
        return at;
    }

    /// <summary>Counts a key that was looked up to be read and is not there.</summary>
    public void Missed(Database database, ReadOnlySpan<byte> key)
    {
        statistics.KeyspaceMisses++;
        if ((effects.Wanted & KeyspaceEvents.KeyMiss) != 0)
            effects.Notify(database.Number, key, KeyspaceEvents.KeyMiss, "keymiss");
    }

    bool IsPast(Record record) => record.HasExpiry && record.ExpireAt <= Due;

    /// <summary>Finds a key whose time has passed by the clock, though maybe not for whom the command runs.</summary>
    /// <param name="user">Who uses the key, if somebody does.</param>
    KeyLookup FindPast(Database database, ReadOnlySpan<byte> key, ulong hash, Client? user = null)
    {
        var at = database.Lookup(key, hash);
        if (!IsExpired(at.Record))
        {
            if (user is not null && !user.Has(ClientFlags.NoTouch)) Touch(at.Record);
            return at;
        }
        if (!MayDelete) return KeyLookup.Nothing(hash);
        Expire(database, at);
        return database.Lookup(key, hash);
    }

    KeyLookup FindPastToRead(Client client, Database database, ReadOnlySpan<byte> key, ulong hash)
    {
        var at = FindPast(database, key, hash, client);
        if (at.Found) statistics.KeyspaceHits++;
        else Missed(database, key);
        return at;
    }

    /// <summary>
    /// The latest deadline (unix ms) that has passed by the clock. A key, and a field, lives through the millisecond of its deadline, in
    /// which its TTL is 0, as in Redis; only what would be given such a deadline is deleted at once (<c>CommandContext.IsPast</c>).
    /// </summary>
    public long Due => clock.Now - 1;

    /// <summary>
    /// Deadlines up to this one (unix ms) have passed for whom a command runs. None has while the AOF is loaded: its commands ran earlier, and
    /// what has expired since may have been made to last longer by one that follows. Nor has any for the source of an import
    /// (<see cref="ProcessSettings.ImportMode"/>), whose own server says when a key goes.
    /// </summary>
    public long ExpiredBy => dataset.IsLoading || processSettings.ImportMode && RunsForSource ? long.MinValue : Due;

    bool RunsForSource => running.Client is { } client && client.Has(ClientFlags.ImportSource);

    /// <summary>Whether a key is gone for whom the command runs, though it may still be there.</summary>
    public bool IsExpired(Record record) => record.HasExpiry && record.ExpireAt <= ExpiredBy;

    /// <summary>
    /// Whether what has expired may be deleted. While CLIENT PAUSE holds writes it is gone for whoever reads, but nobody deletes it: that
    /// would be a write; and in import mode it is for the source of the import to delete. A command that writes all the same (in the
    /// transaction that began the pause, for one) deletes it first, as ever, since what it then puts in its place must not stand beside it.
    /// </summary>
    public bool MayDelete => !(pause.IsActive || processSettings.ImportMode)
        || running.Command is { } command && (command.Flags & CommandFlags.Write) != 0;

    /// <summary>Renews the access field: the LRU clock, or the LFU counter's chance to grow.</summary>
    public void Touch(Record record)
    {
        accessFields.Touch(record);
    }

    /// <summary>Finishes a key that has just come into being: its access field, and the event of a new key.</summary>
    public void Created(Database database, Record record, ReadOnlySpan<byte> key)
    {
        record.AccessField = accessFields.Initial;
        Arrived(database, key);
    }

    /// <summary>Tells of a name that is new to a database, though its value is not (RENAME, MOVE).</summary>
    public void Arrived(Database database, ReadOnlySpan<byte> key)
    {
        if ((effects.Wanted & KeyspaceEvents.New) != 0)
            effects.Notify(database.Number, key, KeyspaceEvents.New, "new");
    }

    /// <summary>
    /// Deletes fields of a found key's hash whose time has passed, as HDELs that the server itself issued, and with the last field the key.
    /// So many at a time that nobody has to wait: what is left over, readers pass over.
    /// </summary>
    /// <returns>The key as it is now.</returns>
    public KeyLookup ExpireFields(Database database, in KeyLookup at)
    {
        if (!new HashReader(at.Record).HasDeadlines || !MayDelete || ExpiredBy == long.MinValue) return at;
        // One that a snapshot is reading is passed over as well, until it was read.
        if (database.Prepare(at) == Readiness.Frozen) return at;
        var hash = new HashEditor(database, at, default);
        var expired = 0;
        for (; expired < FieldsAtOnce && hash.Reader.FindDue(Due, out var due) == DueSearch.Found; expired++)
        {
            if (effects.IsPropagating) EmitFieldDeletion(database, hash, due);
            hash.Remove(due);
        }
        if (expired == 0) return at;
        statistics.ExpiredFields += expired;
        effects.Notify(database.Number, hash.At.Record.Key, KeyspaceEvents.Hash, "hexpired");
        if (hash.Count > 0) return hash.At;

        var key = hash.At.Record.Key;
        using var room = new Scratch<byte>(database, key.Length, stackalloc byte[256]);
        var name = room.Span;
        key.CopyTo(name);
        database.Delete(hash.At);
        effects.Notify(database.Number, name, KeyspaceEvents.Generic, "del");
        return database.Lookup(name);
    }

    void EmitFieldDeletion(Database database, in HashEditor hash, in HashSpot field)
    {
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        effects.Begin(database.Number, 3);
        effects.Add("HDEL"u8);
        effects.Add(hash.At.Record.Key);
        effects.Add(hash.Reader.Field(field).ToBytes(scratch));
    }

    /// <summary>Deletes a key whose time has passed, as a DEL that the server itself issued.</summary>
    public void Expire(Database database, in KeyLookup at)
    {
        statistics.ExpiredKeys++;
        Drop(database, at, memorySettings.LazyFreeLazyExpire, KeyspaceEvents.Expired, "expired");
    }

    /// <summary>Deletes a key to make room, as a DEL that the server itself issued.</summary>
    public void Evict(Database database, in KeyLookup at)
    {
        statistics.EvictedKeys++;
        Drop(database, at, memorySettings.LazyFreeLazyEviction, KeyspaceEvents.Evicted, "evicted");
    }

    void Drop(Database database, in KeyLookup at, bool lazy, KeyspaceEvents kind, string name)
    {
        var key = at.Record.Key;
        using var room = new Scratch<byte>(database, key.Length, stackalloc byte[256]);
        var copy = room.Span;
        key.CopyTo(copy);
        database.Delete(at);
        if (effects.IsPropagating)
        {
            effects.Begin(database.Number, 2);
            effects.Add(lazy ? "UNLINK"u8 : "DEL"u8);
            effects.Add(copy);
        }
        // Not a change to be saved, as in Redis: whoever loads an expired key finds it so, and an evicted one was dispensable.
        effects.Notify(database.Number, copy, kind, name);
    }
}
