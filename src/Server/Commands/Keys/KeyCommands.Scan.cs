using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Commands.Keys;

/// <summary>Listing keys: KEYS, SCAN, RANDOMKEY.</summary>
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
        History = [("6.0.0", "Added the `TYPE` option.")],
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

    /// <summary>How many expired keys RANDOMKEY skips if it must not delete them (Redis's number).</summary>
    const int RandomKeyTries = 100;

    /// <summary>Gathers the keys that match. Expired keys are gathered separately, or not at all.</summary>
    ref struct MatchingKeys(Database database, ReadOnlySpan<byte> pattern, long expiredBy, ObjectType? type, bool keepsExpired)
        : IRecordVisitor, IDisposable
    {
        readonly ReadOnlySpan<byte> _pattern = pattern;
        readonly bool _all = pattern is [(byte)'*'];
        ScratchList<Record> _found = new(database), _expired = new(database);

        /// <summary>Keys that match and have not expired.</summary>
        public readonly Span<Record> Found => _found.Span;

        /// <summary>Keys that have expired, if they are wanted. A key may occur twice.</summary>
        public readonly Span<Record> Expired => _expired.Span;

        /// <summary>Keys looked at, whether they match or not.</summary>
        public long Visited { get; private set; }

        public void Visit(Record record)
        {
            Visited++;
            if (type is { } wanted && record.Type != wanted) return;
            if (!_all && !Glob.IsMatch(_pattern, record.Key)) return;
            if (!KeyAccess.IsGone(database, record, expiredBy)) _found.Add(record);
            else if (keepsExpired) _expired.Add(record);
        }

        public void Dispose()
        {
            _found.Dispose();
            _expired.Dispose();
        }
    }

    static void Keys(ref CommandContext c)
    {
        var matching = new MatchingKeys(c.Database, c.Arg(1), c.ExpiredBy, type: null, keepsExpired: false);
        ulong cursor = 0;
        var slot = SlotOf(c.Database, c.Arg(1));
        do cursor = Scan(c.Database, slot, cursor, ref matching);
        while (cursor != 0);
        ReplyKeys(c.Reply, matching.Found);
        matching.Dispose();
    }

    static ulong Scan(Database database, int slot, ulong cursor, ref MatchingKeys matching) =>
        slot < 0 ? database.Scan(cursor, ref matching)
        // Keys of a slot that is on its way here are not there yet.
        : database.IsHidden(slot) ? 0
        : database.ScanSlot(slot, cursor, ref matching);

    /// <summary>The only slot in which keys of a pattern can be, on a node of a cluster; -1 if there is more than one.</summary>
    static int SlotOf(Database database, ReadOnlySpan<byte> pattern)
    {
        if (!database.IsBySlot) return -1;
        var tag = KeySlot.HashTag(pattern);
        // Up to the end of the tag each byte has to stand for itself: a sign before it may stand for another brace.
        var certain = tag.Length == pattern.Length ? pattern : pattern[..(pattern.IndexOf((byte)'{') + 1 + tag.Length)];
        return certain.IndexOfAny("*?[\\"u8) < 0 ? KeySlot.Of(pattern) : -1;
    }

    static void ReplyKeys(ReplyWriter reply, ReadOnlySpan<Record> records)
    {
        reply.Array(records.Length);
        foreach (var record in records)
        {
            reply.Bulk(record.Key);
            if (reply.IsCut) return;
        }
    }

    static void Scan(ref CommandContext c)
    {
        if (!ElementScan.TryCursor(ref c, out var cursor, at: 1)) return;
        if (!ElementScan.TryOptions(ref c, cursor, type: null, out var scan)) return;

        var matching = new MatchingKeys(c.Database, scan.Pattern, c.ExpiredBy, scan.KeyType, keepsExpired: c.Server.Keys.MayDelete);
        var steps = 0L;
        var slot = SlotOf(c.Database, scan.Pattern);
        do cursor = Scan(c.Database, slot, cursor, ref matching);
        while (!scan.IsDone(cursor, matching.Visited, ref steps));
        ElementScan.ReplyCursor(ref c, scan.Cursor);
        ReplyKeys(c.Reply, matching.Found);
        // SCAN deletes the expired keys that it came across; KEYS does not. Duplicates are skipped, since a deleted record must
        // not be asked for its key.
        var expired = matching.Expired;
        expired.Sort(static (x, y) => x.Address.CompareTo(y.Address));
        for (var i = 0; i < expired.Length; i++)
        {
            if (i == 0 || expired[i] != expired[i - 1]) c.Server.Keys.Bury(c.Database, c.Database.Lookup(expired[i].Key));
        }
        matching.Dispose();
    }

    static void RandomKey(ref CommandContext c)
    {
        var mayDelete = c.Server.Keys.MayDelete;
        for (var tries = 1; c.Database.TryGetRandom(out var record, c.Server.Random); tries++)
        {
            // If expired keys may not be deleted (CLIENT PAUSE), there may be no other keys. As in Redis, one of them is answered
            // in the end.
            if (!c.Server.Keys.IsGone(c.Database, record) || !mayDelete && tries == RandomKeyTries)
            {
                c.Reply.Bulk(record.Key);
                return;
            }
            if (mayDelete) c.Server.Keys.Bury(c.Database, c.Database.Lookup(record.Key));
        }
        c.Reply.Null();
    }
}
