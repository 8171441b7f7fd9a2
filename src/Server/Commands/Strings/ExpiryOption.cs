using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>
/// The expiry that a command line asks for: EX, PX, EXAT, PXAT, KEEPTTL or PERSIST, at most one of them. Reading the options
/// and judging the number are two steps, because Redis looks the key up between them in some commands.
/// </summary>
ref struct ExpiryOption
{
    ReadOnlySpan<byte> _number;
    bool _inSeconds;

    /// <summary>
    /// The word before the deadline in the canonical command: PXAT. If the client sent PXAT, its own spelling is kept, since
    /// Redis repeats such a request as it came.
    /// </summary>
    public ReadOnlySpan<byte> CanonicalWord { get; private set; }

    public ExpiryKind Kind { get; private set; }

    public readonly bool IsTime => Kind is ExpiryKind.Relative or ExpiryKind.Absolute;

    /// <summary>An expiry that is part of the command's form: SETEX, PSETEX.</summary>
    public static ExpiryOption After(ReadOnlySpan<byte> number, bool inSeconds) =>
        new() { Kind = ExpiryKind.Relative, _number = number, _inSeconds = inSeconds };

    /// <summary>
    /// Takes the option at <paramref name="index"/> if it is one of these and contradicts none before it, and moves <paramref
    /// name="index"/> to its last word. As in Redis an option may be repeated: the last number counts.
    /// </summary>
    public bool TryTake(in CommandContext c, ref int index, ExpiryKinds allowed)
    {
        var (kind, seconds) = c.Arg(index).Length switch
        {
            2 when c.IsToken(index, "EX"u8) => (ExpiryKind.Relative, true),
            2 when c.IsToken(index, "PX"u8) => (ExpiryKind.Relative, false),
            4 when c.IsToken(index, "EXAT"u8) => (ExpiryKind.Absolute, true),
            4 when c.IsToken(index, "PXAT"u8) => (ExpiryKind.Absolute, false),
            7 when c.IsToken(index, "KEEPTTL"u8) && (allowed & ExpiryKinds.KeepTtl) != 0 => (ExpiryKind.Keep, false),
            7 when c.IsToken(index, "PERSIST"u8) && (allowed & ExpiryKinds.Persist) != 0 => (ExpiryKind.Persist, false),
            _ => (ExpiryKind.None, false),
        };
        if (kind == ExpiryKind.None) return false;
        if (Kind != ExpiryKind.None && (Kind != kind || _inSeconds != seconds)) return false;
        if (kind is ExpiryKind.Relative or ExpiryKind.Absolute)
        {
            if (index + 1 >= c.Count) return false;
            CanonicalWord = kind == ExpiryKind.Absolute && !seconds ? c.Arg(index) : "PXAT"u8;
            _number = c.Arg(++index);
        }
        Kind = kind;
        _inSeconds = seconds;
        return true;
    }

    /// <summary>
    /// Turns the number into a deadline in unix milliseconds, or answers an error: no integer, not positive, or beyond 64 bits
    /// after scaling. Call it only if <see cref="IsTime"/>.
    /// </summary>
    public readonly bool TryResolve(in CommandContext c, out long deadline)
    {
        if (!Numbers.TryParseInt64(_number, out deadline))
        {
            c.Fail(Errors.NotInteger);
            return false;
        }
        if (deadline > 0 && (!_inSeconds || deadline <= long.MaxValue / 1000))
        {
            if (_inSeconds) deadline *= 1000;
            if (Kind == ExpiryKind.Relative) deadline = unchecked(deadline + c.Now);
            if (deadline > 0) return true;
        }
        c.Fail(Errors.InvalidExpireTime(c.Command.FullName));
        return false;
    }
}

enum ExpiryKind : byte
{
    None,
    Relative,
    Absolute,
    Keep,
    Persist,
}

/// <summary>The options that a command takes beside the four times.</summary>
[Flags]
enum ExpiryKinds : byte
{
    TimesOnly = 0,
    KeepTtl = 1,
    Persist = 2,
}
