using MiniRedis.Resp;
using MiniRedis.Server.Commands.Strings;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>What CACHE.SET is asked for. No option may stand twice.</summary>
ref struct CacheSetOptions
{
    /// <summary>The highest cost in milliseconds: what 32 bits hold, 49 days.</summary>
    const long MostCost = uint.MaxValue;

    const int LeastJitter = 1, MostJitter = 90;

    ReadOnlySpan<byte> _window, _slide, _jitter, _version, _cost, _token;
    bool _windowInSeconds, _slideInSeconds, _hasWindow, _hasSlide, _hasJitter, _hasCost, _hasTags, _hasExpiry;
    ExpiryOption _expiry;

    public bool OnlyNew { get; private set; }

    public bool OnlyPresent { get; private set; }

    public bool IsNegative { get; private set; }

    /// <summary>The argument that is the first tag; how many there are is <see cref="TagCount"/>.</summary>
    public int FirstTag { get; private set; }

    public int TagCount { get; private set; }

    /// <summary>Whether ASOF gave a version.</summary>
    public bool HasVersion { get; private set; }

    /// <summary>The version that ASOF gave.</summary>
    public long Version { get; private set; }

    /// <summary>Whether LEASE gave a token.</summary>
    public bool HasToken { get; private set; }

    /// <summary>The token that LEASE gave.</summary>
    public ulong Token { get; private set; }

    /// <summary>In milliseconds; 0 without.</summary>
    public long StaleWindow { get; private set; }

    /// <inheritdoc cref="StaleWindow"/>
    public long Slide { get; private set; }

    /// <inheritdoc cref="StaleWindow"/>
    public long Cost { get; private set; }

    /// <summary>Milliseconds since the lease was granted; 0 without one.</summary>
    public long FillTime { get; private set; }

    /// <summary>Until when the value is fresh, or may slide at most: unix milliseconds, -1 for no limit.</summary>
    public long Limit { get; private set; }

    /// <summary>When the key expires: unix milliseconds, -1 for never.</summary>
    public long Deadline { get; private set; }

    /// <summary>The value was computed under a lease. A cost that the caller gave itself counts more than what was measured.</summary>
    /// <param name="version">Of the cache clock, when it was granted.</param>
    /// <param name="cost">Milliseconds since then.</param>
    public void ComputedSince(long version, long cost)
    {
        (HasVersion, Version) = (true, version);
        FillTime = Math.Clamp(cost, 0, MostCost);
        if (!_hasCost) Cost = FillTime;
    }

    /// <summary>Reads the words, then the numbers; or answers an error.</summary>
    public bool TryRead(in CommandContext c)
    {
        for (var i = 3; i < c.Count; i++)
        {
            if (c.IsToken(i, "TAGS"u8) && !_hasTags && i + 1 < c.Count)
            {
                if (!TryTakeTags(c, ref i)) return false;
                continue;
            }
            if (TryTake(c, ref i)) continue;
            c.Fail(Errors.Syntax);
            return false;
        }
        if (OnlyNew && OnlyPresent || _hasSlide && _hasWindow || _hasJitter && _expiry.Kind != ExpiryKind.Relative)
        {
            c.Fail(Errors.Syntax);
            return false;
        }
        return TryReadTimes(c) && TryReadOthers(c);
    }

    bool TryTake(in CommandContext c, ref int i)
    {
        if (!_hasExpiry && _expiry.TryTake(c, ref i, ExpiryKinds.TimesOnly)) return _hasExpiry = true;
        if (!OnlyNew && c.IsToken(i, "NX"u8)) return OnlyNew = true;
        if (!OnlyPresent && c.IsToken(i, "XX"u8)) return OnlyPresent = true;
        if (!IsNegative && c.IsToken(i, "NEGATIVE"u8)) return IsNegative = true;
        if (i + 1 == c.Count) return false;
        if (!_hasWindow && c.IsToken(i, "STALE"u8)) return _windowInSeconds = Take(c, ref i, ref _window, ref _hasWindow);
        if (!_hasWindow && c.IsToken(i, "PSTALE"u8)) return Take(c, ref i, ref _window, ref _hasWindow);
        if (!_hasSlide && c.IsToken(i, "SLIDE"u8)) return _slideInSeconds = Take(c, ref i, ref _slide, ref _hasSlide);
        if (!_hasSlide && c.IsToken(i, "PSLIDE"u8)) return Take(c, ref i, ref _slide, ref _hasSlide);
        if (!_hasJitter && c.IsToken(i, "JITTER"u8)) return Take(c, ref i, ref _jitter, ref _hasJitter);
        if (!_hasCost && c.IsToken(i, "COST"u8)) return Take(c, ref i, ref _cost, ref _hasCost);
        if (HasVersion || HasToken) return false;
        if (c.IsToken(i, "LEASE"u8))
        {
            _token = c.Arg(++i);
            return HasToken = true;
        }
        if (!c.IsToken(i, "ASOF"u8)) return false;
        _version = c.Arg(++i);
        return HasVersion = true;
    }

    static bool Take(in CommandContext c, ref int i, ref ReadOnlySpan<byte> operand, ref bool isGiven)
    {
        operand = c.Arg(++i);
        return isGiven = true;
    }

    bool TryTakeTags(in CommandContext c, ref int i)
    {
        _hasTags = true;
        if (!c.TryInteger(i + 1, out var count)) return false;
        FirstTag = i + 2;
        if (count <= 0) c.Fail(Errors.NumTagsNotPositive);
        else if (count > c.Count - FirstTag) c.Fail(Errors.NumTagsAboveArguments);
        else if (count > TagTable.MaxTagsPerKey) c.Fail(Errors.TooManyTags);
        else if (CacheCommands.CheckTags(c, FirstTag, (int)count))
        {
            TagCount = (int)count;
            i += 1 + TagCount;
            return true;
        }
        return false;
    }

    bool TryReadTimes(in CommandContext c)
    {
        (Limit, Deadline) = (-1, -1);
        var (jitter, window, slide, limit) = (0L, 0L, 0L, -1L);
        if (_hasJitter && !TryNumber(c, _jitter, out jitter)) return false;
        if (_hasJitter && jitter is < LeastJitter or > MostJitter)
        {
            c.Fail(Errors.NotBetween(LeastJitter, MostJitter));
            return false;
        }
        if (_hasExpiry && !_expiry.TryResolve(c, out limit)) return false;
        if (_hasWindow && !TryDuration(c, _window, _windowInSeconds, least: 0, out window)) return false;
        if (_hasSlide && !TryDuration(c, _slide, _slideInSeconds, least: 1, out slide)) return false;
        var isRelative = _expiry.Kind == ExpiryKind.Relative;
        if (c.PolicyOf(c.Arg(1)) is { } policy) ApplyPolicy(c, policy, ref limit, ref window, ref jitter, ref isRelative, slide);
        // What was drawn is in the deadline, and that is what travels.
        if (limit > c.Now && isRelative) limit -= c.Server.Policies.Drawn(limit - c.Now, jitter);
        (Limit, StaleWindow, Slide) = (limit, window, slide);
        if (slide > 0) Deadline = Limit < 0 ? c.Now + slide : Math.Min(Limit, c.Now + slide);
        else if (Limit >= 0) Deadline = Limit + window;
        if (Deadline >= 0 || !_hasExpiry && slide == 0) return true;
        c.Fail(Errors.InvalidExpireTime(c.Command.FullName));
        return false;
    }

    /// <summary>
    /// A policy says what the caller does not, and bounds what it says: the key goes after the longest lifetime, its stale window included.
    /// </summary>
    void ApplyPolicy(
        in CommandContext c, CachePolicy policy, ref long limit, ref long window, ref long jitter, ref bool isRelative, long slide)
    {
        if (!_hasJitter) jitter = policy.Jitter;
        var longest = policy.MaxTtl > 0 ? policy.MaxTtl * 1000L : long.MaxValue - c.Now;
        if (slide > 0)
        {
            if (policy.MaxTtl > 0) limit = limit < 0 ? c.Now + longest : Math.Min(limit, c.Now + longest);
            return;
        }
        if (!_hasWindow) window = policy.Stale * 1000L;
        window = Math.Min(window, longest);
        var ttl = IsNegative && policy.NegTtl > 0 ? policy.NegTtl : policy.Ttl;
        if (limit < 0 && (ttl > 0 || policy.MaxTtl > 0))
        {
            isRelative = true;
            limit = c.Now + (ttl > 0 ? ttl * 1000L : longest);
        }
        if (policy.MaxTtl > 0 && limit >= 0) limit = Math.Min(limit, c.Now + longest - window);
    }

    bool TryReadOthers(in CommandContext c)
    {
        if (IsNegative && !c.Arg(2).IsEmpty)
        {
            c.Fail(Errors.NegativeNotEmpty);
            return false;
        }
        if (_hasCost)
        {
            if (!TryNumber(c, _cost, out var cost)) return false;
            if (cost is < 0 or > MostCost)
            {
                c.Fail(Errors.NotBetween(0, MostCost));
                return false;
            }
            Cost = cost;
        }
        if (HasToken)
        {
            if (!CacheCommands.TryToken(c, _token, out var token)) return false;
            Token = token;
        }
        if (!HasVersion) return true;
        if (!CacheCommands.TryVersion(c, _version, out var version)) return false;
        Version = version;
        return true;
    }

    static bool TryNumber(in CommandContext c, ReadOnlySpan<byte> text, out long number)
    {
        if (Numbers.TryParseInt64(text, out number)) return true;
        c.Fail(Errors.NotInteger);
        return false;
    }

    /// <summary>Reads a duration as milliseconds that can be added to the time of the day.</summary>
    static bool TryDuration(in CommandContext c, ReadOnlySpan<byte> text, bool inSeconds, long least, out long milliseconds)
    {
        if (!TryNumber(c, text, out milliseconds)) return false;
        if (milliseconds >= least && milliseconds <= (inSeconds ? long.MaxValue / 1000 : long.MaxValue))
        {
            if (inSeconds) milliseconds *= 1000;
            if (milliseconds <= long.MaxValue - c.Now) return true;
        }
        c.Fail(Errors.InvalidExpireTime(c.Command.FullName));
        return false;
    }
}
