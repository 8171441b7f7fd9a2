using System.Buffers.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Storage;

namespace MiniRedis.Server.Commands;

/// <summary>Finding out which keys there are.</summary>
static partial class KeyCommands
{
    static readonly Command KeysSpec = new()
    {
        Name = "KEYS", Group = CommandGroup.Generic, Since = "1.0.0", Complexity = "O(N) where N is the number of keys of the database",
        Summary = "Lists the keys that match a pattern, all in one go. SCAN does the same in small steps.",
        Arity = 2, Flags = CommandFlags.ReadOnly, AclCategories = AclCategory.Keyspace | AclCategory.Dangerous,
        Args = [Arg.Pattern("pattern")],
        Tips = ["request_policy:all_shards", "nondeterministic_output_order"],
        Run = Keys,
    };

    static readonly Command ScanSpec = new()
    {
        Name = "SCAN", Group = CommandGroup.Generic, Since = "2.8.0",
        Complexity = "O(1) for every call, O(N) for a full iteration where N is the number of keys",
        Summary = "Iterates over the keys of the database in small steps.",
        Arity = -2, Flags = CommandFlags.ReadOnly | CommandFlags.TouchesArbitraryKeys, AclCategories = AclCategory.Keyspace,
        Args =
        [
            Arg.Integer("cursor"), Arg.Pattern("pattern").After("MATCH").Optional(),
            Arg.Integer("count").After("COUNT").Optional(), Arg.String("type").After("TYPE").AddedIn("6.0.0").Optional(),
        ],
        Tips = ["nondeterministic_output", "request_policy:special", "response_policy:special"],
        Run = Scan,
    };

    static readonly Command RandomKeySpec = new()
    {
        Name = "RANDOMKEY", Group = CommandGroup.Generic, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Answers a random key of the database.",
        Arity = 1, Flags = CommandFlags.ReadOnly | CommandFlags.TouchesArbitraryKeys, AclCategories = AclCategory.Keyspace,
        Tips = ["request_policy:all_shards", "response_policy:special", "nondeterministic_output"],
        Run = RandomKey,
    };

    /// <summary>Gathers the keys that match; those that have expired apart, or not at all.</summary>
    ref struct MatchingKeys(List<Record> found, List<Record>? expired, ReadOnlySpan<byte> pattern, long now, ObjectType? type) : IRecordVisitor
    {
        readonly ReadOnlySpan<byte> _pattern = pattern;
        readonly bool _all = pattern is [(byte)'*'];

        /// <summary>Keys looked at, whether they match or not.</summary>
        public long Visited { get; private set; }

        public void Visit(Record record)
        {
            Visited++;
            if (type is { } wanted && record.Type != wanted) return;
            if (!_all && !Glob.IsMatch(_pattern, record.Key)) return;
            if (record.HasExpiry && record.ExpireAt <= now) expired?.Add(record);
            else found.Add(record);
        }
    }

    static void Keys(ref CommandContext c)
    {
        var found = new List<Record>();
        var matching = new MatchingKeys(found, expired: null, c.Arg(1), c.Now, type: null);
        ulong cursor = 0;
        do cursor = c.Database.Scan(cursor, ref matching);
        while (cursor != 0);
        ReplyKeys(ref c, found);
    }

    static void ReplyKeys(ref CommandContext c, List<Record> records)
    {
        c.Reply.Array(records.Count);
        foreach (var record in records) c.Reply.Bulk(record.Key);
    }

    static void Scan(ref CommandContext c)
    {
        if (!Numbers.TryParseUInt64(c.Arg(1), out var cursor))
        {
            c.Fail(Errors.InvalidCursor);
            return;
        }
        long count = 10;
        ReadOnlySpan<byte> pattern = "*"u8;
        ObjectType? type = null;
        for (var i = 2; i < c.Count; i++)
        {
            var hasValue = i + 1 < c.Count;
            if (hasValue && c.IsToken(i, "COUNT"u8))
            {
                if (!c.TryInteger(++i, out count)) return;
                if (count < 1)
                {
                    c.Fail(Errors.Syntax);
                    return;
                }
            }
            else if (hasValue && c.IsToken(i, "MATCH"u8)) pattern = c.Arg(++i);
            else if (hasValue && c.IsToken(i, "TYPE"u8))
            {
                if (!TypeNames.TryParse(c.Arg(++i), out var named))
                {
                    c.Fail(Errors.UnknownTypeName(c.Arg(i)));
                    return;
                }
                type = named;
            }
            else if (c.IsToken(i, "NOVALUES"u8) || c.IsToken(i, "NOSCORES"u8))
            {
                c.Fail(c.IsToken(i, "NOVALUES"u8) ? Errors.NoValuesOnlyInHscan : Errors.NoScoresOnlyInZscan);
                return;
            }
            else
            {
                c.Fail(Errors.Syntax);
                return;
            }
        }

        var (found, expired) = (new List<Record>(), new List<Record>());
        var matching = new MatchingKeys(found, expired, pattern, c.Now, type);
        // Ten empty buckets for each key asked for, as in Redis, so that a sparse table does not hold the others up.
        var steps = count > long.MaxValue / 10 ? long.MaxValue : count * 10;
        do cursor = c.Database.Scan(cursor, ref matching);
        while (cursor != 0 && --steps > 0 && matching.Visited < count);
        c.Reply.Array(2);
        Span<byte> digits = stackalloc byte[Numbers.MaxInt64Length + 1];
        Utf8Formatter.TryFormat(cursor, digits, out var length);
        c.Reply.Bulk(digits[..length]);
        ReplyKeys(ref c, found);
        // SCAN has accessed what it came across, KEYS has not. No record may be asked for its key once it is gone.
        foreach (var record in expired.Distinct()) c.Server.Keys.Expire(c.Database, c.Database.Lookup(record.Key));
    }

    static void RandomKey(ref CommandContext c)
    {
        // A key that turns out to be expired is passed over, but not for ever: where nearly all are, one of them is answered
        // (Redis does so where it cannot delete them).
        for (var tries = 0; tries < 100; tries++)
        {
            if (!c.Database.TryGetRandom(out var record, c.Server.Random)) break;
            var expired = record.HasExpiry && record.ExpireAt <= c.Now;
            if (!expired)
            {
                c.Reply.Bulk(record.Key);
                return;
            }
            c.Server.Keys.Expire(c.Database, c.Database.Lookup(record.Key));
        }
        c.Reply.Null();
    }
}
