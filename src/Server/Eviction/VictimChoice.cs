using System.Diagnostics;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Eviction;

/// <summary>How a search for a key to evict ended.</summary>
enum VictimSearch
{
    Found,

    /// <summary>The policy allows no key to be evicted: there is none, or none with a deadline.</summary>
    Nothing,

    /// <summary>The budget of one search is used up; search again.</summary>
    Unfinished,
}

/// <summary>
/// Chooses keys to evict, as maxmemory-policy says.
/// <para>
/// LRU and LFU are approximated as in Redis: each search takes maxmemory-samples keys from a random place of the index into a
/// pool of candidates and returns the best of the pool. A database is drawn first, with a probability in proportion to its keys,
/// so that the cost of a search does not depend on their number. Keys with a deadline are found through the bounds that the index
/// keeps for expiry; the earliest deadline is exact, not sampled.
/// </para>
/// </summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class VictimChoice(Keyspace keyspace, AccessFields accessFields, Clock clock, Random random, MemorySettings settings)
{
    /// <summary>A key with a deadline is drawn from this many: those of a bucket, or of some neighbours.</summary>
    const int RandomSample = 8;

    /// <summary>Added to the LRU score of a key that was never read: more than a second, less than two.</summary>
    const int UnaskedBonus = 3;

    /// <summary>Most keys of one search: maxmemory-samples goes up to 64, and LFU takes twice as many.</summary>
    const int MostSampled = 128;

    readonly Record[] _sample = new Record[MostSampled];
    readonly EvictionPool _pool = new();
    MaxMemoryPolicy _poolPolicy;

    /// <summary>Finds the key to evict next.</summary>
    public VictimSearch Find(out Database database, out KeyLookup victim)
    {
        var policy = settings.MaxMemoryPolicy;
        switch (policy)
        {
            case MaxMemoryPolicy.AllKeysRandom:
                victim = default;
                if (!TryDrawDatabase(ofExpiring: false, out database)) return VictimSearch.Nothing;
                database.TryGetRandom(out var any, random);
                victim = database.Lookup(any.Key);
                return VictimSearch.Found;
            case MaxMemoryPolicy.VolatileRandom:
                return FindRandomExpiring(out database, out victim);
            case MaxMemoryPolicy.VolatileTtl:
                return FindEarliest(out database, out victim);
            default:
                return FindByUse(policy, out database, out victim);
        }
    }

    VictimSearch FindRandomExpiring(out Database database, out KeyLookup victim)
    {
        victim = default;
        if (!TryDrawDatabase(ofExpiring: true, out database)) return VictimSearch.Nothing;
        var taken = database.SampleExpiring(_sample.AsSpan(0, RandomSample), random);
        if (taken == 0) return VictimSearch.Unfinished;
        victim = database.Lookup(_sample[random.Next(taken)].Key);
        return VictimSearch.Found;
    }

    VictimSearch FindEarliest(out Database database, out KeyLookup victim)
    {
        var earliest = default(Record);
        victim = default;
        database = keyspace[0];
        foreach (var candidate in keyspace.Databases)
        {
            if (candidate.ExpiringCount == 0) continue;
            var search = candidate.FindEarliest(out var record);
            if (search == DueSearch.BudgetUsed) return VictimSearch.Unfinished;
            // Hashes with field deadlines are in the way: keys are judged by sample, as in Redis.
            if (search == DueSearch.FieldsDue) return FindByUse(MaxMemoryPolicy.VolatileTtl, out database, out victim);
            Debug.Assert(search == DueSearch.Found);
            if (!earliest.IsNull && earliest.ExpireAt <= record.ExpireAt) continue;
            earliest = record;
            database = candidate;
        }
        if (earliest.IsNull) return VictimSearch.Nothing;
        victim = database.Lookup(earliest.Key);
        return VictimSearch.Found;
    }

    VictimSearch FindByUse(MaxMemoryPolicy policy, out Database database, out KeyLookup victim)
    {
        if (_poolPolicy != policy) _pool.Clear();
        _poolPolicy = policy;
        victim = default;
        var ofExpiring = policy is not (MaxMemoryPolicy.AllKeysLru or MaxMemoryPolicy.AllKeysLfu);
        if (!TryDrawDatabase(ofExpiring, out database)) return VictimSearch.Nothing;
        var sample = _sample.AsSpan(0, Sampled(policy));
        var taken = ofExpiring ? database.SampleExpiring(sample, random) : database.Sample(sample, random);
        foreach (var record in sample[..taken])
        {
            var score = Score(record, policy);
            if (_pool.Wants(score)) _pool.Add(new(database.HashOf(record.Key), database.Number, record.AccessField, score));
        }
        while (_pool.Count > 0)
        {
            var best = _pool.TakeBest();
            database = keyspace[best.Database];
            victim = database.LookupAny(best.Hash);
            if (!victim.Found || ofExpiring && !victim.Record.HasExpiry) continue;
            if (IsAsJudged(victim.Record, best, policy)) return VictimSearch.Found;
        }
        return VictimSearch.Unfinished;
    }

    /// <summary>
    /// Keys of one search: maxmemory-samples, but twice as many under LFU. Many rarely used keys have equal scores, and a larger
    /// sample finds one of them more surely: the room goes to keys that are read.
    /// </summary>
    int Sampled(MaxMemoryPolicy policy)
    {
        var samples = settings.MaxMemorySamples;
        return policy is MaxMemoryPolicy.AllKeysLfu or MaxMemoryPolicy.VolatileLfu ? samples * 2 : samples;
    }

    /// <summary>
    /// Whether a candidate was neither used nor given another deadline since it was judged. Under LFU the access field is
    /// compared, since a counter also decays with time.
    /// </summary>
    bool IsAsJudged(Record record, in EvictionPool.Candidate candidate, MaxMemoryPolicy policy) =>
        policy is MaxMemoryPolicy.AllKeysLfu or MaxMemoryPolicy.VolatileLfu
            ? record.AccessField == candidate.AccessField
            : Score(record, policy) == candidate.Score;

    /// <summary>
    /// How good it is to evict a key. Scores of different moments can be compared: among unused keys none overtakes another. The
    /// clock counts seconds, and a second is a long time for a busy cache. So a key that was never read counts as a second older,
    /// and goes first among keys of the same second.
    /// </summary>
    long Score(Record record, MaxMemoryPolicy policy) => policy switch
    {
        MaxMemoryPolicy.VolatileTtl => -record.ExpireAt,
        MaxMemoryPolicy.AllKeysLru or MaxMemoryPolicy.VolatileLru =>
            (accessFields.IdleSeconds(record) - clock.Now / 1000) * 2 + (record.IsUsed ? 0 : UnaskedBonus),
        // Among keys used equally often, the one used longer ago.
        _ => ((255 - accessFields.Frequency(record)) << 16) + accessFields.IdleMinutes(record),
    };

    /// <summary>
    /// Draws a database, with a probability in proportion to its keys, or to its keys with a deadline. False if there are no such
    /// keys.
    /// </summary>
    bool TryDrawDatabase(bool ofExpiring, out Database drawn)
    {
        long total = 0;
        foreach (var database in keyspace.Databases) total += ofExpiring ? database.ExpiringCount : database.Count;
        drawn = keyspace[0];
        if (total == 0) return false;
        if (total == (ofExpiring ? drawn.ExpiringCount : drawn.Count)) return true;
        var place = random.NextInt64(total);
        foreach (var database in keyspace.Databases)
        {
            place -= ofExpiring ? database.ExpiringCount : database.Count;
            if (place >= 0) continue;
            drawn = database;
            break;
        }
        return true;
    }
}
