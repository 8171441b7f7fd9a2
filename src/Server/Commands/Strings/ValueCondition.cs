using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>
/// The condition under which a command writes: NX, XX, or a comparison of the present value (IFEQ, IFNE) or of its digest
/// (IFDEQ, IFDNE). At most one; the same word may be repeated.
/// </summary>
ref struct ValueCondition
{
    ConditionKind _kind;
    ReadOnlySpan<byte> _operand;

    public readonly bool IsGiven => _kind != ConditionKind.None;

    public readonly bool ComparesValue => _kind >= ConditionKind.IfEqual;

    /// <summary>
    /// Takes the option at <paramref name="index"/> and moves the index to its last word. False if it is no condition, or
    /// contradicts one.
    /// </summary>
    public bool TryTake(in CommandContext c, ref int index, ConditionKinds allowed)
    {
        var kind = c.Arg(index).Length switch
        {
            2 when allowed == ConditionKinds.Existence && c.IsToken(index, "NX"u8) => ConditionKind.IfMissing,
            2 when allowed == ConditionKinds.Existence && c.IsToken(index, "XX"u8) => ConditionKind.IfPresent,
            4 when c.IsToken(index, "IFEQ"u8) => ConditionKind.IfEqual,
            4 when c.IsToken(index, "IFNE"u8) => ConditionKind.IfNotEqual,
            5 when c.IsToken(index, "IFDEQ"u8) => ConditionKind.IfDigestEqual,
            5 when c.IsToken(index, "IFDNE"u8) => ConditionKind.IfDigestNotEqual,
            _ => ConditionKind.None,
        };
        if (kind == ConditionKind.None || _kind != ConditionKind.None && _kind != kind) return false;
        if (kind >= ConditionKind.IfEqual)
        {
            if (index + 1 >= c.Count) return false;
            _operand = c.Arg(++index);
        }
        _kind = kind;
        return true;
    }

    /// <summary>
    /// Whether the condition holds for the key, which must hold a string if <see cref="ComparesValue"/>. A missing key equals
    /// nothing: IFEQ and IFDEQ fail, IFNE and IFDNE hold. False if an error was answered.
    /// </summary>
    public readonly bool TryHolds(in CommandContext c, in KeyLookup at, out bool holds)
    {
        holds = true;
        Span<byte> scratch = stackalloc byte[32];
        switch (_kind)
        {
            case ConditionKind.IfMissing:
                holds = !at.Found;
                return true;
            case ConditionKind.IfPresent:
                holds = at.Found;
                return true;
            case ConditionKind.IfEqual or ConditionKind.IfNotEqual:
                var equal = at.Found && at.Record.GetString(scratch).SequenceEqual(_operand);
                holds = equal == (_kind == ConditionKind.IfEqual);
                return true;
            case ConditionKind.IfDigestEqual or ConditionKind.IfDigestNotEqual:
                // As in Redis only the length of the digest is checked, and only if there is a value to compare with.
                if (at.Found && _operand.Length != ValueDigest.TextLength)
                {
                    c.Fail(Errors.InvalidDigest);
                    return false;
                }
                var same = at.Found && ValueDigest.TryParse(_operand, out var wanted) && ValueDigest.Of(at.Record.GetString(scratch)) == wanted;
                holds = same == (_kind == ConditionKind.IfDigestEqual);
                return true;
            default:
                return true;
        }
    }
}

enum ConditionKind : byte
{
    None,
    IfMissing,
    IfPresent,
    IfEqual,
    IfNotEqual,
    IfDigestEqual,
    IfDigestNotEqual,
}

/// <summary>The conditions that a command takes: SET takes all, DELEX only comparisons.</summary>
enum ConditionKinds : byte
{
    ComparisonOnly,
    Existence,
}
