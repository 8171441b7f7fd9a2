using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>Reading strings, and GETEX and GETDEL, which read a string and change its expiry or delete it.</summary>
static partial class StringCommands
{
    static readonly Command GetSpec = new()
    {
        Name = "GET", Group = CommandGroup.String, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Reads a string.",
        Arity = 2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key")],
        Run = Get,
    };

    static readonly Command MGetSpec = new()
    {
        Name = "MGET", Group = CommandGroup.String, Since = "1.0.0", Complexity = "O(N) where N is the number of keys",
        Summary = "Reads several strings at one moment.",
        Arity = -2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.Range(1, -1, 1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key").Multiple()],
        Tips = ["request_policy:multi_shard"],
        Run = MGet,
    };

    static readonly Command StrLenSpec = new()
    {
        Name = "STRLEN", Group = CommandGroup.String, Since = "2.2.0", Complexity = "O(1)",
        Summary = "Tells the length of a string in bytes.",
        Arity = 2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO)],
        Args = [Arg.Key("key")],
        Run = StrLen,
    };

    static readonly Command GetRangeSpec = new()
    {
        Name = "GETRANGE", Group = CommandGroup.String, Since = "2.4.0",
        Complexity = "O(N) where N is the length of the answer",
        Summary = "Reads a part of a string, by the positions of its first and last byte.",
        Arity = 4, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.Integer("start"), Arg.Integer("end")],
        Run = GetRange,
    };

    static readonly Command SubStrSpec = new()
    {
        Name = "SUBSTR", Group = CommandGroup.String, Since = "1.0.0",
        Complexity = "O(N) where N is the length of the answer",
        Summary = "Reads a part of a string: the first name of GETRANGE.",
        DeprecatedSince = "2.0.0", ReplacedBy = "`GETRANGE`",
        Arity = 4, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.Integer("start"), Arg.Integer("end")],
        Run = GetRange,
    };

    static readonly Command GetExSpec = new()
    {
        Name = "GETEX", Group = CommandGroup.String, Since = "6.2.0", Complexity = "O(1)",
        Summary = "Reads a string and changes when it expires.",
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update)],
        Args =
        [
            Arg.Key("key"),
            Arg.OneOf("expiration",
                Arg.Integer("seconds").After("EX"), Arg.Integer("milliseconds").After("PX"),
                Arg.UnixTime("unix-time-seconds").After("EXAT"), Arg.UnixTime("unix-time-milliseconds").After("PXAT"),
                Arg.Token("PERSIST")).Optional(),
        ],
        Propagates = Propagation.AsEffects,
        Run = GetEx,
    };

    static readonly Command GetDelSpec = new()
    {
        Name = "GETDEL", Group = CommandGroup.String, Since = "6.2.0", Complexity = "O(1)",
        Summary = "Reads a string and deletes its key.",
        Arity = 2, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete)],
        Args = [Arg.Key("key")],
        Propagates = Propagation.AsEffects,
        Run = GetDel,
    };

    static readonly Command DigestSpec = new()
    {
        Name = "DIGEST", Group = CommandGroup.String, Since = "8.4.0", Complexity = "O(N) where N is the length of the string",
        Summary = "Answers a string's XXH3 hash as 16 hexadecimal digits, for comparisons that need not send the value.",
        Arity = 2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key")],
        Run = Digest,
    };

    static void Get(ref CommandContext c)
    {
        var at = c.LookupRead(c.Arg(1));
        if (c.CheckType(at, ObjectType.String)) ReplyString(ref c, at);
    }

    static void MGet(ref CommandContext c)
    {
        c.Reply.Array(c.Count - 1);
        Span<ulong> hashes = stackalloc ulong[CommandContext.PrefetchedKeys];
        for (var i = 1; i < c.Count; i++)
        {
            var place = (i - 1) % CommandContext.PrefetchedKeys;
            if (place == 0) c.PrefetchKeys(i, c.Count - 1, step: 1, hashes);
            var at = c.LookupRead(c.Arg(i), hashes[place]);
            // A key of another type reads as null, so that one such key does not spoil the whole reply.
            if (at.Found && at.Record.Type == ObjectType.String) ReplyString(ref c, at.Record);
            else c.Reply.Null();
        }
    }

    static void StrLen(ref CommandContext c)
    {
        var at = c.LookupRead(c.Arg(1));
        if (c.CheckType(at, ObjectType.String)) c.Reply.Integer(at.Found ? at.Record.StringLength : 0);
    }

    static void GetRange(ref CommandContext c)
    {
        if (!c.TryInteger(2, out var start) || !c.TryInteger(3, out var end)) return;
        var at = c.LookupRead(c.Arg(1));
        if (!c.CheckType(at, ObjectType.String)) return;
        if (!at.Found || start < 0 && end < 0 && start > end)
        {
            c.Reply.Bulk([]);
            return;
        }
        Span<byte> scratch = stackalloc byte[32];
        var text = at.Record.GetString(scratch);
        if (start < 0) start = Math.Max(0, text.Length + start);
        if (end < 0) end = Math.Max(0, text.Length + end);
        end = Math.Min(end, text.Length - 1);
        c.Reply.Bulk(start > end ? [] : text[(int)start..((int)end + 1)]);
    }

    static void GetEx(ref CommandContext c)
    {
        var key = c.Arg(1);
        var expiry = new ExpiryOption();
        for (var i = 2; i < c.Count; i++)
        {
            if (expiry.TryTake(c, ref i, ExpiryKinds.Persist)) continue;
            c.Fail(Errors.Syntax);
            return;
        }
        var at = c.LookupRead(key);
        if (!c.CheckType(at, ObjectType.String)) return;
        if (!at.Found)
        {
            c.Reply.Null();
            return;
        }
        // The number is checked after the look-up: as in Redis, a missing key answers null even for "EX 0".
        long deadline = -1;
        if (expiry.IsTime && !expiry.TryResolve(c, out deadline)) return;
        ReplyString(ref c, at.Record);

        if (expiry.Kind == ExpiryKind.Absolute && c.IsPast(deadline)) KeyCommands.DeletePast(ref c, at, key);
        else if (expiry.IsTime)
        {
            deadline = c.LifetimeOf(key, deadline, isRelative: expiry.Kind == ExpiryKind.Relative);
            c.Database.SetExpiry(at, deadline);
            c.Changed(key, KeyspaceEvents.Generic, "expire");
            KeyCommands.EmitExpireAt(ref c, key, deadline);
        }
        else if (expiry.Kind == ExpiryKind.Persist && at.Record.HasExpiry && !KeyCommands.IsHeldByPolicy(ref c, at, key))
        {
            c.Database.ClearExpiry(at);
            c.Changed(key, KeyspaceEvents.Generic, "persist");
            KeyCommands.EmitPersist(ref c, key);
        }
    }

    static void GetDel(ref CommandContext c)
    {
        var key = c.Arg(1);
        var at = c.LookupRead(key);
        if (!c.CheckType(at, ObjectType.String)) return;
        ReplyString(ref c, at);
        if (!at.Found) return;
        // As in Redis, lazyfree-lazy-user-del does not matter: a string is freed at once.
        KeyCommands.Delete(ref c, at, key, lazily: false);
    }

    static void Digest(ref CommandContext c)
    {
        var at = c.LookupRead(c.Arg(1));
        if (!c.CheckType(at, ObjectType.String)) return;
        if (!at.Found)
        {
            c.Reply.Null();
            return;
        }
        Span<byte> scratch = stackalloc byte[32];
        Span<byte> text = stackalloc byte[ValueDigest.TextLength];
        ValueDigest.Format(ValueDigest.Of(at.Record.GetString(scratch)), text);
        c.Reply.Bulk(text);
    }
}
