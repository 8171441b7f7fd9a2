using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>What INCREX is asked for. No option may stand twice.</summary>
ref struct IncrExOptions
{
    ReadOnlySpan<byte> _amount, _lower, _upper;
    bool _hasAmount, _hasLower, _hasUpper, _hasExpiry;

    public ExpiryOption Expiry;

    /// <summary>BYFLOAT.</summary>
    public bool IsFloat { get; private set; }

    /// <summary>SATURATE: a result out of bounds becomes the bound.</summary>
    public bool Saturates { get; private set; }

    /// <summary>ENX: a deadline that is there stays.</summary>
    public bool KeepsExpiry { get; private set; }

    public bool OnlyNew { get; private set; }

    public bool OnlyPresent { get; private set; }

    /// <summary>Reads the words, or answers an error.</summary>
    public bool TryRead(in CommandContext c)
    {
        for (var i = 2; i < c.Count; i++)
        {
            if (TryTake(c, ref i)) continue;
            c.Fail(Errors.Syntax);
            return false;
        }
        if (KeepsExpiry && Expiry.Kind == ExpiryKind.Persist || OnlyNew && OnlyPresent)
        {
            c.Fail(Errors.Syntax);
            return false;
        }
        if (!KeepsExpiry || Expiry.IsTime) return true;
        c.Fail(Errors.EnxWithoutExpiry);
        return false;
    }

    bool TryTake(in CommandContext c, ref int i)
    {
        if (!_hasExpiry && Expiry.TryTake(c, ref i, ExpiryKinds.Persist)) return _hasExpiry = true;
        if (!OnlyNew && c.IsToken(i, "NX"u8)) return OnlyNew = true;
        if (!OnlyPresent && c.IsToken(i, "XX"u8)) return OnlyPresent = true;
        if (!KeepsExpiry && c.IsToken(i, "ENX"u8)) return KeepsExpiry = true;
        if (!Saturates && c.IsToken(i, "SATURATE"u8)) return Saturates = true;
        if (i + 1 == c.Count) return false;
        if (!_hasAmount && c.IsToken(i, "BYINT"u8)) return Take(c, ref i, ref _amount, ref _hasAmount);
        if (!_hasAmount && c.IsToken(i, "BYFLOAT"u8)) return IsFloat = Take(c, ref i, ref _amount, ref _hasAmount);
        if (!_hasLower && c.IsToken(i, "LBOUND"u8)) return Take(c, ref i, ref _lower, ref _hasLower);
        return !_hasUpper && c.IsToken(i, "UBOUND"u8) && Take(c, ref i, ref _upper, ref _hasUpper);
    }

    static bool Take(in CommandContext c, ref int i, ref ReadOnlySpan<byte> operand, ref bool isGiven)
    {
        operand = c.Arg(++i);
        return isGiven = true;
    }

    /// <summary>The increment and the bounds as integers; without one, 1 and the type's limits. Or answers an error.</summary>
    public readonly bool TryIntegers(in CommandContext c, out long amount, out long lower, out long upper)
    {
        (amount, lower, upper) = (1, long.MinValue, long.MaxValue);
        if (_hasAmount && !Numbers.TryParseInt64(_amount, out amount)) c.Fail(Errors.IncrementNotInteger);
        else if (_hasLower && !Numbers.TryParseInt64(_lower, out lower)) c.Fail(Errors.LowerBoundNotInteger);
        else if (_hasUpper && !Numbers.TryParseInt64(_upper, out upper)) c.Fail(Errors.UpperBoundNotInteger);
        else if (lower > upper) c.Fail(Errors.BoundsCross);
        else return true;
        return false;
    }

    /// <summary>As <see cref="TryIntegers"/>, for BYFLOAT.</summary>
    public readonly bool TryFloats(in CommandContext c, out LongDouble amount, out LongDouble lower, out LongDouble upper)
    {
        (amount, lower, upper) = (default, -LongDouble.MaxValue, LongDouble.MaxValue);
        if (!LongDouble.TryParse(_amount, out amount)) c.Fail(Errors.IncrementNotFloat);
        else if (!amount.IsFinite) c.Fail(Errors.IncrementInfinite);
        else if (_hasLower && !LongDouble.TryParse(_lower, out lower)) c.Fail(Errors.LowerBoundNotFloat);
        else if (_hasUpper && !LongDouble.TryParse(_upper, out upper)) c.Fail(Errors.UpperBoundNotFloat);
        else if (lower > upper) c.Fail(Errors.BoundsCross);
        else return true;
        return false;
    }
}
