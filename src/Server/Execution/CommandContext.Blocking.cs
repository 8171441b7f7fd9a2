using MiniRedis.Resp;
using MiniRedis.Server.Blocking;

namespace MiniRedis.Server.Execution;

ref partial struct CommandContext
{
    /// <summary>
    /// Blocks the client until one of the keys in arguments <paramref name="first"/> to <paramref name="last"/> may have
    /// something for this command, which is then run again. If the client may not wait, or its time is over, it is answered the
    /// null array. The handler replies nothing and returns after this.
    /// </summary>
    /// <param name="type">The type that such a key must have.</param>
    /// <param name="deadline">
    /// From <see cref="TryTimeout"/>; 0 for none. A command that blocks again keeps its first deadline.
    /// </param>
    /// <param name="onNoKey">Also run it again when a key goes away or changes its type.</param>
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
        // Redis reads it as a long double, which has a wider range than a double, and refuses text longer than this.
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
            // Too small for a double, yet not 0: the sign counts.
            seconds = Math.CopySign(double.Epsilon, seconds);
        }
        // Rounded up to the next millisecond, but without the error of the binary form of a decimal fraction.
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
