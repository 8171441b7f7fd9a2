using MiniRedis.Resp;
using MiniRedis.Server.Blocking;

namespace MiniRedis.Server.Execution;

ref partial struct CommandContext
{
    /// <summary>
    /// Has the client wait for the keys in arguments <paramref name="first"/> to <paramref name="last"/>, until one of them may
    /// have something for this command; it is then run again. If it may not wait, or waits in vain, it is answered the null
    /// array. Reply nothing, and return, after this.
    /// </summary>
    /// <param name="type">What such a key must be.</param>
    /// <param name="deadline">As <see cref="TryTimeout"/> tells; 0 for none. What counts is the one of the first time.</param>
    /// <param name="onNoKey">Also run it again when a key goes away, or becomes of another type.</param>
    /// <returns>The call that waits; null if none does.</returns>
    public readonly BlockingCall? Block(int first, int last, ObjectType type, long deadline, bool onNoKey = false)
    {
        if (MayBlock) return Server.Blocking.Block(Client, Command, Request, first, last, type, deadline, onNoKey);
        Reply.NullArray();
        return null;
    }

    /// <summary>Reads a timeout in seconds, which may have a fraction, or answers why it is none.</summary>
    /// <param name="deadline">Unix milliseconds; 0 for a timeout of 0, which means none.</param>
    public readonly bool TryTimeout(int index, out long deadline)
    {
        deadline = 0;
        var text = Arg(index);
        // Redis reads it as a long double, which holds more than a double does, but takes no longer text for one.
        if (text.Length >= LongDouble.MaxLength || !Numbers.TryParseDouble(text, out var seconds))
        {
            if (!LongDouble.TryParse(text, out _))
            {
                Fail(Errors.TimeoutNotFloat);
                return false;
            }
            if (!Numbers.TryParseLikeC(text, out seconds, out _) || double.IsInfinity(seconds))
            {
                Fail(text[0] == '-' ? Errors.TimeoutNegative : Errors.TimeoutOutOfRange);
                return false;
            }
            // So little that a double has nothing for it; yet it is more than nothing, or less.
            seconds = Math.CopySign(double.Epsilon, seconds);
        }
        // Up to the next millisecond, but not for what only the binary form of a decimal fraction adds.
        var milliseconds = Math.Ceiling(Math.Round(seconds * 1000, 6));
        if (milliseconds == 0 && seconds > 0) milliseconds = 1;
        if (milliseconds < long.MaxValue) return TryDeadline((long)milliseconds, out deadline);
        Fail(Errors.TimeoutOutOfRange);
        return false;
    }

    /// <summary>As <see cref="TryTimeout"/>, for a timeout in whole milliseconds.</summary>
    public readonly bool TryTimeoutMilliseconds(int index, out long deadline)
    {
        deadline = 0;
        if (Numbers.TryParseInt64(Arg(index), out var milliseconds)) return TryDeadline(milliseconds, out deadline);
        Fail(Errors.TimeoutNotInteger);
        return false;
    }

    readonly bool TryDeadline(long milliseconds, out long deadline)
    {
        deadline = 0;
        if (milliseconds < 0)
        {
            Fail(Errors.TimeoutNegative);
            return false;
        }
        if (milliseconds > long.MaxValue - Now)
        {
            Fail(Errors.TimeoutOutOfRange);
            return false;
        }
        if (milliseconds > 0) deadline = Now + milliseconds;
        return true;
    }
}
