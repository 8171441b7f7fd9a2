using System.Buffers.Binary;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.HyperLogLogs;

/// <summary>Looking into HyperLogLogs, and testing them in place.</summary>
static partial class HyperLogLogCommands
{
    static readonly Command PfDebugSpec = new()
    {
        Name = "PFDEBUG", Group = CommandGroup.HyperLogLog, Since = "2.8.9", Complexity = "N/A",
        Summary = "Shows, or changes, how a HyperLogLog is kept.",
        Arity = 3, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Admin, IsSysCmd = true,
        Keys = [KeySpec.At(2, KeyFlags.RW | KeyFlags.Access)],
        Args = [Arg.String("subcommand"), Arg.Key("key")],
        Propagates = Propagation.Verbatim,
        Run = PfDebug,
    };

    static readonly Command PfSelfTestSpec = new()
    {
        Name = "PFSELFTEST", Group = CommandGroup.HyperLogLog, Since = "2.8.9", Complexity = "N/A",
        Summary = "Tests the HyperLogLogs of this build on this machine.",
        Arity = 1, Flags = CommandFlags.Admin, IsSysCmd = true,
        Run = PfSelfTest,
    };

    static void PfDebug(ref CommandContext c)
    {
        var key = c.Arg(2);
        var at = c.LookupWrite(key);
        if (!at.Found)
        {
            c.Fail(Errors.HyperLogLogNoKey);
            return;
        }
        if (!CheckIsOne(ref c, at)) return;
        var isDense = HyperLogLog.IsDense(at.Record.Text);
        if (c.IsToken(1, "GETREG"u8))
        {
            if (TryMakeDense(ref c, at, key)) ReplyRegisters(ref c, key);
        }
        else if (c.IsToken(1, "DECODE"u8))
        {
            if (isDense) c.Fail(Errors.HyperLogLogNotSparse);
            else c.Reply.Bulk(HyperLogLog.Describe(at.Record.Text));
        }
        else if (c.IsToken(1, "ENCODING"u8)) c.Reply.SimpleString(isDense ? "dense"u8 : "sparse"u8);
        else if (c.IsToken(1, "TODENSE"u8))
        {
            if (TryMakeDense(ref c, at, key)) c.Reply.Integer(isDense ? 0 : 1);
        }
        else c.Fail(Errors.UnknownPfDebug(c.Arg(1)));
    }

    static bool TryMakeDense(scoped ref CommandContext c, scoped in KeyLookup at, scoped ReadOnlySpan<byte> key)
    {
        if (HyperLogLog.IsDense(at.Record.Text)) return true;
        if (!new HyperLogLogEditor(c.Database, at, key, c.Encodings.HllSparseMaxBytes).TryMakeDense())
        {
            c.Fail(Errors.CorruptHyperLogLog);
            return false;
        }
        c.Changed(key, KeyspaceEvents.None, "pfdebug");
        return true;
    }

    static void ReplyRegisters(scoped ref CommandContext c, scoped ReadOnlySpan<byte> key)
    {
        Span<byte> registers = stackalloc byte[HyperLogLog.Registers];
        registers.Clear();
        HyperLogLog.TryMerge(c.Peek(key).Record.Text, registers);
        c.Reply.Array(registers.Length);
        foreach (var register in registers) c.Reply.Integer(register);
    }

    /// <summary>
    /// Adds up to a million elements to a sparse and to a dense HyperLogLog. At each power of ten both must agree, and be within
    /// six standard errors (1.04 / sqrt(registers)) of the true number. Redis goes on to ten million, which blocks the server for
    /// a second and tests nothing more.
    /// </summary>
    static void PfSelfTest(ref CommandContext c)
    {
        const long elements = 1_000_000;
        var standardError = 1.04 / Math.Sqrt(HyperLogLog.Registers);
        var maxSparse = c.Encodings.HllSparseMaxBytes;
        using var keyspace = new Keyspace();
        var database = keyspace[0];
        var sparse = new HyperLogLogEditor(database, database.Lookup("sparse"u8), "sparse"u8, maxSparse);
        using var other = new Keyspace();
        var dense = new HyperLogLogEditor(other[0], other[0].Lookup("dense"u8), "dense"u8, maxSparse);
        dense.TryMakeDense();

        var seed = c.Server.Random.NextInt64();
        Span<byte> element = stackalloc byte[sizeof(long)];
        long checkpoint = 1;
        for (long i = 1; i <= elements; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(element, i ^ seed);
            sparse.Add(element);
            dense.Add(element);
            if (i != checkpoint) continue;
            if (i < maxSparse / 2 && HyperLogLog.IsDense(sparse.Value))
            {
                c.Fail(Errors.TestFailedNotSparse);
                return;
            }
            HyperLogLog.TryCount(sparse.Value, out var sparseCount);
            HyperLogLog.TryCount(dense.Value, out var denseCount);
            if (sparseCount != denseCount)
            {
                c.Fail(Errors.TestFailedDisagree);
                return;
            }
            var error = Math.Abs(i - (long)denseCount);
            // Among ten elements a collision happens now and then, and is more than six standard errors.
            if (error > (i == 10 ? 1 : Math.Ceiling(standardError * 6 * i)))
            {
                c.Fail(Errors.TestFailedTooBigError(i, error));
                return;
            }
            checkpoint *= 10;
        }
        c.Reply.Ok();
    }
}
