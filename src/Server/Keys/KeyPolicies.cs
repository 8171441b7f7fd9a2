using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Text;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Keys;

/// <summary>
/// How long keys live by their prefix (directive cache-policy): a lifetime for those that are written without one, a longest one, and
/// jitter. The longest prefix decides.
/// <para>
/// A command that gives a key a deadline asks <see cref="LifetimeOf"/> for it. A command that makes a key without one need not know of
/// policies: the key is noted (<see cref="KeyAccess.Created"/>), and gets its deadline behind the command (<see cref="Apply"/>), as by an EXPIRE
/// in the same unit of effects. Not in its middle, since the record moves when it gets room for a deadline.
/// </para>
/// </summary>
/// <remarks>
/// Under the executor's lock. Policies are settings of this server. What they decide travels as a deadline, so replicas and files have the
/// same; what comes from a master, a file or another node is not asked about.
/// </remarks>
/// <param name="settings">The policies, as the configuration has them.</param>
/// <param name="clock">The time of the command.</param>
/// <param name="random">Draws what jitter takes off.</param>
sealed class KeyPolicies(CachingSettings settings, Clock clock, Random random)
{
    PrefixTree<CachePolicy>? _tree;

    /// <summary>Whether there are policies: without, a command pays this test alone.</summary>
    public bool Any => _tree is not null;

    /// <summary>The settings have changed.</summary>
    public void Follow()
    {
        var policies = settings.CachePolicies;
        _tree = policies.Length == 0 ? null : new(policies.Select(static policy => (ConfigText.ToBytes(policy.Prefix), policy)));
    }

    /// <summary>The policy of a key; null without one.</summary>
    public CachePolicy? Find(ReadOnlySpan<byte> key) => _tree?.Find(key);

    /// <summary>The deadline that a key gets.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="asked">The deadline that was asked for, in unix milliseconds; -1 for none.</param>
    /// <param name="isRelative">Whether a lifetime was asked for, and not a time of the day: jitter is for the former.</param>
    public long LifetimeOf(ReadOnlySpan<byte> key, long asked, bool isRelative)
    {
        if (Find(key) is not { } policy) return asked;
        var now = clock.Now;
        if (asked < 0)
        {
            // A key without an end would live longer than any other.
            var ttl = policy.Ttl > 0 ? policy.Ttl : policy.MaxTtl;
            if (ttl == 0) return -1;
            (asked, isRelative) = (now + ttl * 1000L, true);
        }
        if (asked <= now) return asked;
        if (policy.MaxTtl > 0) asked = Math.Min(asked, now + policy.MaxTtl * 1000L);
        // Behind the limit: what asks for too long a lifetime must not expire at once either.
        return isRelative ? asked - Drawn(asked - now, policy.Jitter) : asked;
    }

    /// <summary>A random part of a lifetime, from nothing to so many percent.</summary>
    public long Drawn(long lifetime, long percent) =>
        percent == 0 ? 0 : random.NextInt64((long)((Int128)lifetime * percent / 100) + 1);

    /// <summary>The latest deadline that a key may have, for those who ask to have none; -1 if it may have none.</summary>
    public long LatestOf(ReadOnlySpan<byte> key) => Find(key) is { MaxTtl: > 0 } policy ? clock.Now + policy.MaxTtl * 1000L : -1;

    /// <summary>Whether a key that is made without a deadline gets one, or one that is made with one may get an earlier one.</summary>
    public bool Concern(ReadOnlySpan<byte> key) => Find(key) is { Ttl: > 0 } or { MaxTtl: > 0 };

    /// <summary>Gives a key that has been made its deadline, and tells so.</summary>
    public void Apply(Database database, ReadOnlySpan<byte> key, EffectStream effects)
    {
        var at = database.Lookup(key);
        // A command may have made the key and deleted it.
        if (!at.Found || !Any) return;
        var present = at.Record.ExpireAt;
        var deadline = LifetimeOf(key, present, isRelative: false);
        if (deadline == present || !database.TrySetExpiry(at, deadline)) return;
        effects.Notify(database.Number, key, KeyspaceEvents.Generic, "expire");
        if (!effects.IsPropagating) return;
        effects.AddDeadline(database.Number, key, deadline);
    }
}
