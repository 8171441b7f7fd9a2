using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Migrations;
using MiniRedis.Resp;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Migration;

namespace MiniRedis.Server.Commands.Cluster;

/// <summary>Atomic slot migration, as in Valkey 9.</summary>
static partial class ClusterCommands
{
    static Command[] OfMigrations =>
    [
        Told("MIGRATESLOTS", "9.0.0", -4, Changing, OfSlots, "Moves slots to other nodes as a whole, in the background.", MigrateSlots,
            args: Arg.Block("migration",
                Arg.Block("slots", Arg.Token("SLOTSRANGE"), SlotRanges), Arg.String("node-id").After("NODE")).Multiple()),
        Told("CANCELSLOTMIGRATIONS", "9.0.0", 2, Changing, "O(N) where N is the number of migrations",
            "Ends the migrations of slots from this node.",
            static (ref CommandContext c, ClusterHost _) => Answer(ref c, c.Server.Migrations!.Cancel())),
        Told("GETSLOTMIGRATIONS", "9.0.0", 2, TellingAdmin, "O(N) where N is the number of migrations",
            "Lists the migrations of slots from and to this node.", GetSlotMigrations, varies: true),
        Told("SYNCSLOTS", "9.0.0", -3, Changing | CommandFlags.Loading, "Depends on subcommand.",
            "An internal command of nodes that move slots.", SyncSlots,
            args: [Arg.String("subcommand"), Arg.String("argument").Optional().Multiple()]),
    ];

    static void Answer(ref CommandContext c, string? refusal)
    {
        if (refusal is null) c.Reply.Ok();
        else c.Fail(refusal);
    }

    static void MigrateSlots(ref CommandContext c, ClusterHost cluster)
    {
        // As in Valkey what is said first is judged first, though it all counts or none.
        var (machine, taken, wanted) = (c.Server.Migrations!.Machine, new SlotSet(), new List<(SlotRanges, string)>());
        if (machine.WhyNotNow() is { } reason)
        {
            c.Fail(reason);
            return;
        }
        for (var at = 2; at < c.Count;)
        {
            if (!c.IsToken(at, "SLOTSRANGE"u8))
            {
                c.Fail(Errors.Syntax);
                return;
            }
            at++;
            if (!TryRanges(ref c, ref at, out var ranges)) return;
            if (machine.WhyNot(ranges, taken) is { } refusal)
            {
                c.Fail(refusal);
                return;
            }
            if (at + 1 >= c.Count || !c.IsToken(at, "NODE"u8))
            {
                c.Fail(Errors.Syntax);
                return;
            }
            wanted.Add((ranges, Word(c, at + 1)));
            at += 2;
        }
        Answer(ref c, c.Server.Migrations!.Start(wanted));
    }

    /// <summary>Reads pairs of slots, up to an argument that is no number.</summary>
    static bool TryRanges(ref CommandContext c, ref int at, out SlotRanges ranges)
    {
        ranges = new SlotRanges();
        for (; at < c.Count && Numbers.TryParseInt64(c.Arg(at), out _); at += 2)
        {
            if (!TrySlot(ref c, at, out var first)) return false;
            if (at + 1 >= c.Count)
            {
                c.Fail(Errors.NoEndSlot);
                return false;
            }
            if (!TrySlot(ref c, at + 1, out var last)) return false;
            if (first > last)
            {
                c.Fail(Errors.RangeBackward(first, last));
                return false;
            }
            if (ranges.Add(first, last) is { } other)
            {
                c.Fail(Errors.RangesOverlap((first, last), other));
                return false;
            }
        }
        if (ranges.All.Count > 0) return true;
        c.Fail(Errors.NoSlotRanges);
        return false;
    }

    static void GetSlotMigrations(ref CommandContext c, ClusterHost cluster)
    {
        var migrations = c.Server.Migrations!;
        c.Reply.Array(migrations.Machine.Jobs.Count);
        foreach (var job in migrations.Machine.Jobs) Describe(c.Reply, job, ((IMigrationHost)migrations).UnsentBytes(job));
    }

    static void Describe(ReplyWriter reply, SlotMigration job, long unsent)
    {
        reply.Map(job.IsTracking ? 10 : 12);
        Field(reply, "name", job.Name);
        Field(reply, "operation", job.IsImport ? "IMPORT" : "EXPORT");
        Field(reply, "slot_ranges", job.Ranges.ToString());
        if (!job.IsTracking)
        {
            Field(reply, "target_node", job.Target);
            Field(reply, "source_node", job.Source);
        }
        Field(reply, "create_time", job.CreatedAt / 1000);
        Field(reply, "last_update_time", job.UpdatedAt / 1000);
        Field(reply, "last_ack_time", job.AckAt / 1000);
        Field(reply, "state", job.State.Word());
        Field(reply, "message", job.Message);
        // There is no fork, whose pages would be copied.
        Field(reply, "cow_size", 0);
        Field(reply, "remaining_repl_size", unsent);
    }

    static void Field(ReplyWriter reply, string name, string value)
    {
        Text(reply, name);
        Text(reply, value);
    }

    static void Field(ReplyWriter reply, string name, long value)
    {
        Text(reply, name);
        reply.Integer(value);
    }

    /// <summary>What the two sides of a migration say to each other.</summary>
    static readonly HashSet<string> s_words =
        ["SNAPSHOT-EOF", "REQUEST-PAUSE", "PAUSED", "REQUEST-FAILOVER", "FAILOVER-GRANTED", "ACK"];

    static void SyncSlots(ref CommandContext c, ClusterHost cluster)
    {
        var migrations = c.Server.Migrations!;
        if (c.IsToken(2, "ESTABLISH"u8)) Establish(ref c, migrations);
        else if (c.IsToken(2, "FINISH"u8)) Finish(ref c, migrations);
        else if (c.IsToken(2, "CAPA"u8)) return;
        else if (migrations.ImportOf(c.Client) is { } job) migrations.Receive(job, Word(c, 2).ToUpperInvariant());
        else if (s_words.Contains(Word(c, 2).ToUpperInvariant())) c.Fail(Errors.NotOfAMigration(Word(c, 2).ToUpperInvariant()));
        else c.Fail(Errors.Syntax);
    }

    static void Establish(ref CommandContext c, MigrationHost migrations)
    {
        var (name, source, slots) = ("", "", (SlotRanges?)null);
        for (var at = 3; at < c.Count;)
        {
            if (c.IsToken(at, "SLOTSRANGE"u8) && slots is null)
            {
                at++;
                if (!TryRanges(ref c, ref at, out slots)) return;
                continue;
            }
            var isName = c.IsToken(at, "NAME"u8) && name.Length == 0;
            var isSource = c.IsToken(at, "SOURCE"u8) && source.Length == 0;
            if (!isName && !isSource || at + 1 >= c.Count || c.Arg(at + 1).Length != MiniRedis.Cluster.Bus.NodeId.Length)
            {
                c.Fail(Errors.Syntax);
                return;
            }
            if (isName) name = Word(c, at + 1);
            else source = Word(c, at + 1);
            at += 2;
        }
        if (name.Length == 0 || source.Length == 0 || slots is null)
        {
            c.Fail(Errors.Syntax);
            return;
        }
        if (c.MustObey)
        {
            migrations.Track(name, slots);
            c.Reply.Ok();
            return;
        }
        var refusal = migrations.Establish(c.Client, name, source, slots);
        Answer(ref c, refusal);
        // From here on its commands are those of a stream, which nobody answers.
        if (refusal is null) c.Client.ReplyMode = ReplyMode.Off;
    }

    static void Finish(ref CommandContext c, MigrationHost migrations)
    {
        var (name, state, message) = ("", "", "");
        for (var at = 3; at + 1 < c.Count; at += 2)
        {
            if (c.IsToken(at, "NAME"u8)) name = Word(c, at + 1);
            else if (c.IsToken(at, "STATE"u8)) state = Word(c, at + 1).ToUpperInvariant();
            else if (c.IsToken(at, "MESSAGE"u8)) message = Word(c, at + 1);
            else name = "";
        }
        if (name.Length == 0 || state is not ("SUCCESS" or "FAILED") || !c.MustObey) c.Fail(Errors.Syntax);
        else if (migrations.Finish(name, state == "SUCCESS", message)) c.Reply.Ok();
        else c.Fail(Errors.NoSuchMigration);
    }
}
