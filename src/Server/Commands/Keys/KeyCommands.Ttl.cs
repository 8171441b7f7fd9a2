using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Keys;

/// <summary>Asking when keys expire: -2 for a missing key, -1 for one that does not expire.</summary>
static partial class KeyCommands
{
    static readonly Command TtlSpec = Asking("TTL", "1.0.0", "Tells how many seconds a key has to live.",
        static (ref CommandContext c) => AnswerExpiry(ref c, relative: true, inSeconds: true));

    static readonly Command PTtlSpec = Asking("PTTL", "2.6.0", "Tells how many milliseconds a key has to live.",
        static (ref CommandContext c) => AnswerExpiry(ref c, relative: true, inSeconds: false));

    static readonly Command ExpireTimeSpec = Asking("EXPIRETIME", "7.0.0", "Tells the Unix time in seconds at which a key expires.",
        static (ref CommandContext c) => AnswerExpiry(ref c, relative: false, inSeconds: true));

    static readonly Command PExpireTimeSpec = Asking("PEXPIRETIME", "7.0.0", "Tells the Unix time in milliseconds at which a key expires.",
        static (ref CommandContext c) => AnswerExpiry(ref c, relative: false, inSeconds: false));

    static Command Asking(string name, string since, string summary, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.Generic, Since = since, Complexity = "O(1)", Summary = summary,
        Arity = 2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key")],
        // The time that is left depends on the clock; the deadline does not.
        History = name.EndsWith("TTL", StringComparison.Ordinal) ? [("2.8.0", "Added the -2 reply.")] : [],
        Tips = name.EndsWith("TTL", StringComparison.Ordinal) ? ["nondeterministic_output"] : [],
        Run = run,
    };

    static void AnswerExpiry(ref CommandContext c, bool relative, bool inSeconds)
    {
        var at = c.PeekCounted(c.Arg(1));
        if (!at.Found || !at.Record.HasExpiry)
        {
            c.Reply.Integer(at.Found ? -1 : -2);
            return;
        }
        var value = at.Record.ExpireAt;
        if (relative) value = Math.Max(0, value - c.Now);
        // Deadlines are rounded to the nearest second too. Adding half a second to the largest one would overflow.
        c.Reply.Integer(inSeconds ? (long)(((ulong)value + 500) / 1000) : value);
    }
}
