using MiniRedis.Server.Execution;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Commands.Hashes;

/// <summary>Hashes: the commands of Redis's group "hash".</summary>
static partial class HashCommands
{
    public static IEnumerable<Command> All =>
    [
        // HashCommands.Set.cs
        HSetSpec, HMSetSpec, HSetNxSpec, HDelSpec,
        // HashCommands.Get.cs
        HGetSpec, HMGetSpec, HLenSpec, HExistsSpec, HStrLenSpec,
        // HashCommands.List.cs
        HGetAllSpec, HKeysSpec, HValsSpec, HScanSpec, HRandFieldSpec,
        // HashCommands.Count.cs
        HIncrBySpec, HIncrByFloatSpec,
        // HashCommands.Expire.cs
        HExpireSpec, HPExpireSpec, HExpireAtSpec, HPExpireAtSpec, HPersistSpec,
        // HashCommands.Ttl.cs
        HTtlSpec, HPTtlSpec, HExpireTimeSpec, HPExpireTimeSpec,
        // HashCommands.Combined.cs
        HGetExSpec, HSetExSpec, HGetDelSpec,
    ];

    /// <summary>Looks a hash up to read it, or answers that the key holds something else.</summary>
    static bool TryRead(scoped ref CommandContext c, out HashReader hash) => TryRead(ref c, default, out hash);

    /// <summary>As the other overload, but deletes the named fields that have expired first.</summary>
    static bool TryRead(scoped ref CommandContext c, FieldList named, out HashReader hash)
    {
        var at = c.LookupRead(c.Arg(1));
        hash = default;
        if (!c.CheckType(at, ObjectType.Hash)) return false;
        if (at.Found) hash = new(ExpireNamed(ref c, at, named).Record);
        return true;
    }

    /// <summary>Looks a hash up to change it, or answers that the key holds something else.</summary>
    static bool TryWrite(scoped ref CommandContext c, out KeyLookup at)
    {
        at = c.LookupWrite(c.Arg(1));
        return c.CheckType(at, ObjectType.Hash);
    }

    /// <summary>As the other overload, but deletes the named fields that have expired first.</summary>
    static bool TryWrite(scoped ref CommandContext c, FieldList named, out KeyLookup at)
    {
        if (!TryWrite(ref c, out at)) return false;
        if (at.Found) at = ExpireNamed(ref c, at, named);
        return true;
    }

    /// <summary>
    /// Deletes the named fields that have expired, with HDELs and one event "hexpired", as Redis does if a command needs their
    /// values. Other expired fields wait for active expiry. HLEN counts them until then.
    /// </summary>
    /// <returns>The key as it is now.</returns>
    static KeyLookup ExpireNamed(scoped ref CommandContext c, scoped in KeyLookup at, FieldList named)
    {
        if (!new HashReader(at.Record).MayHaveExpired(c.ExpiredBy)) return at;
        var expiring = c.Server.Keys.BeginExpiring(c.Database, at);
        for (var i = 0; i < named.Count && expiring.MayGoOn; i++)
        {
            var hash = expiring.Hash;
            if (hash.Find(c.Arg(named.ArgOf(i)), HashReader.Everything, out var spot) && hash.HasExpired(spot, c.ExpiredBy))
                expiring.Delete(spot);
        }
        return expiring.End() ? c.Database.Lookup(c.Arg(1)) : at;
    }

    /// <summary>The hash of a found key. If the key is missing, a new and empty hash, which the caller fills.</summary>
    static HashEditor Open(scoped ref CommandContext c, scoped in KeyLookup at, int reserve = 0)
    {
        if (at.Found) return new(c.Database, at, c.Encodings.HashLimits()) { Now = c.ExpiredBy };
        var hash = HashEditor.Create(c.Database, at, c.Arg(1), reserve, c.Encodings.HashLimits());
        c.Server.Keys.Created(c.Database, hash.At.Record, c.Arg(1));
        return hash;
    }

    /// <summary>Deletes the key of a hash that has lost its last field, and tells so.</summary>
    static void DeleteIfEmpty(scoped ref CommandContext c, scoped in HashEditor hash)
    {
        if (hash.Count == 0) c.Delete(hash.At, c.Arg(1), countsAsChange: false);
    }

    /// <summary>
    /// Hashes the next fields and makes their cache misses overlap, if the hash is a table. Returns how many fields it did; 1 if
    /// there is nothing to gain.
    /// </summary>
    static int Prefetch(scoped ref CommandContext c, scoped in HashReader hash, int first, int step, scoped Span<ulong> hashes)
    {
        var batch = Math.Min(hashes.Length, (c.Count - first + step - 1) / step);
        if (!hash.IsHashed || batch == 1) return 1;
        for (var i = 0; i < batch; i++) hashes[i] = hash.Prefetch(c.Arg(first + i * step));
        foreach (var one in hashes[..batch]) hash.Prefetch(one);
        return batch;
    }
}
