using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Hashes;

/// <summary>When fields expire.</summary>
static partial class HashCommands
{
    static Command TtlSpec(string name, string summary, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.Hash, Since = "7.4.0", Complexity = "O(N) where N is the number of fields",
        Summary = summary,
        Arity = -5, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.Block("fields", Arg.Integer("numfields"), Arg.String("field").Multiple()).After("FIELDS")],
        Run = run,
    };

    static readonly Command HTtlSpec = TtlSpec("HTTL", "Tells in how many seconds fields of a hash expire.",
        static (ref CommandContext c) => Ttl(ref c, isRelative: true, inSeconds: true));

    static readonly Command HPTtlSpec = TtlSpec("HPTTL", "Tells in how many milliseconds fields of a hash expire.",
        static (ref CommandContext c) => Ttl(ref c, isRelative: true, inSeconds: false));

    static readonly Command HExpireTimeSpec = TtlSpec("HEXPIRETIME", "Tells at which unix time fields of a hash expire.",
        static (ref CommandContext c) => Ttl(ref c, isRelative: false, inSeconds: true));

    static readonly Command HPExpireTimeSpec = TtlSpec("HPEXPIRETIME", "Tells at which unix time in milliseconds fields of a hash expire.",
        static (ref CommandContext c) => Ttl(ref c, isRelative: false, inSeconds: false));

    static void Ttl(scoped ref CommandContext c, bool isRelative, bool inSeconds)
    {
        if (!TryRead(ref c, out var hash) || !FieldList.TryParse(ref c, 2, out var fields)) return;
        c.Reply.Array(fields.Count);
        for (var i = 0; i < fields.Count; i++)
        {
            if (!hash.Find(c.Arg(fields.ArgOf(i)), c.ExpiredBy, out var spot))
            {
                c.Reply.Integer((int)FieldOutcome.NoSuchField);
                continue;
            }
            var time = hash.ExpireAt(spot);
            if (time >= 0)
            {
                if (isRelative) time -= c.Now;
                // A second that has begun counts as a whole one.
                if (inSeconds) time = (time + 999) / 1000;
            }
            c.Reply.Integer(time);
        }
    }
}
