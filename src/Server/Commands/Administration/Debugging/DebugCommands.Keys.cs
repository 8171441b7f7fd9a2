using System.Buffers;
using System.Globalization;
using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Commands.Administration.Debugging;

/// <summary>The subcommands of DEBUG that look at keys or make them.</summary>
static partial class DebugCommands
{
    static void DebugDigest(ref CommandContext c)
    {
        var digest = new DatasetDigest();
        digest.AddAll(c.Server.Keyspace);
        c.Reply.SimpleString(digest.ToString());
    }

    /// <summary>Includes keys that have expired and are not deleted yet: DEBUG shows what is there.</summary>
    static void DebugDigestValue(ref CommandContext c)
    {
        c.Reply.Array(c.Count - 2);
        for (var i = 2; i < c.Count; i++)
        {
            var digest = new DatasetDigest();
            var at = c.Database.Lookup(c.Arg(i));
            if (at.Found) digest.AddValue(at.Record);
            c.Reply.SimpleString(digest.ToString());
        }
    }

    static void DebugObject(ref CommandContext c)
    {
        var at = c.Database.Lookup(c.Arg(2));
        if (!at.Found)
        {
            c.Fail(Errors.NoSuchKey);
            return;
        }
        var record = at.Record;
        var fast = c.Count == 4 && c.IsToken(3, "FAST"u8);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"Value at:0x{record.Address:x} refcount:1 encoding:");
        text.Append(Encoding.ASCII.GetString(record.EncodingName));
        if (!fast) text.Append(CultureInfo.InvariantCulture, $" serializedlength:{SerializedLength(c, record)}");
        var idle = (c.Server.Clock.LruClock - record.AccessField) & 0xFFFFFF;
        text.Append(CultureInfo.InvariantCulture, $" lru:{record.AccessField} lru_seconds_idle:{idle}");
        if (!fast && record.Encoding == ObjectEncoding.QuickList)
        {
            var (nodes, count, limits, bytes) = ListValue.Describe(record);
            text.Append(CultureInfo.InvariantCulture, $" ql_nodes:{nodes} ql_avg_node:{(double)count / nodes:F2} ql_listpack_max:{limits.Fill}")
                .Append(CultureInfo.InvariantCulture, $" ql_compressed:{(limits.Depth > 0 ? 1 : 0)} ql_uncompressed_size:{bytes}");
        }
        c.Reply.SimpleString(text.ToString());
    }

    static void DebugListpack(ref CommandContext c)
    {
        var at = c.Database.Lookup(c.Arg(2));
        if (!at.Found)
        {
            c.Fail(Errors.NoSuchKey);
            return;
        }
        if (at.Record.Encoding is not (ObjectEncoding.ListPack or ObjectEncoding.ListPackEx))
        {
            c.Fail(Errors.NotListpack);
            return;
        }
        Console.Out.WriteLine(ListpackListing.Of(at.Record));
        c.Reply.SimpleString("Listpack structure printed on stdout");
    }

    /// <summary>Bytes of the value in a snapshot.</summary>
    static int SerializedLength(in CommandContext c, Record record)
    {
        var value = new ArrayBufferWriter<byte>();
        RdbValueWriter.Write(new RdbWriter(value, c.Server.Config.Persistence.RdbCompression), record);
        return value.WrittenCount;
    }

    /// <summary>Makes keys quickly, for tests. As in Redis, they reach neither the replicas nor the append-only file.</summary>
    static void DebugPopulate(ref CommandContext c)
    {
        if (!TryNotNegative(ref c, 2, out var count)) return;
        var size = 0L;
        if (c.Count == 5 && !TryNotNegative(ref c, 4, out size)) return;
        var prefix = c.Count > 3 ? c.Arg(3) : "key"u8;

        Span<byte> numbered = stackalloc byte[32];
        "value:"u8.CopyTo(numbered);
        var key = new byte[prefix.Length + 21];
        prefix.CopyTo(key);
        key[prefix.Length] = (byte)':';
        var value = new byte[size];
        for (long i = 0; i < count; i++)
        {
            var name = key.AsSpan(0, prefix.Length + 1 + Numbers.FormatInt64(i, key.AsSpan(prefix.Length + 1)));
            var at = c.Peek(name);
            if (at.Found) continue;
            var text = numbered[..(6 + Numbers.FormatInt64(i, numbered[6..]))];
            if (size > 0) text[..(int)Math.Min(size, text.Length)].CopyTo(value);
            var record = c.Database.SetString(at, name, size > 0 ? value : text, expireAt: -1);
            c.Server.Keys.Restored(c.Database, record, name);
            c.Changed(name, KeyspaceEvents.None, "populate", countsAsChange: false);
        }
        c.Reply.Ok();
    }

    static bool TryNotNegative(ref CommandContext c, int index, out long value)
    {
        if (Numbers.TryParseInt64(c.Arg(index), out value) && value is >= 0 and <= int.MaxValue) return true;
        c.Fail(Errors.MustBePositive);
        return false;
    }

    /// <summary>In the layout that scripts know from Redis; "slots" are entries of the index's buckets.</summary>
    static void DebugIndexStatistics(ref CommandContext c)
    {
        if (!c.TryInteger(2, out var number)) return;
        if (number < 0 || number >= c.Server.Keyspace.DatabaseCount)
        {
            c.Fail(Errors.OutOfRangeDatabase);
            return;
        }
        var database = c.Server.Keyspace[(int)number];
        var text = new StringBuilder();
        text.Append("[Dictionary HT]\n");
        AppendTable(text, database.IndexSlots, database.Count);
        text.Append(CultureInfo.InvariantCulture, $" bytes: {database.IndexBytes}\n");
        text.Append("[Expires HT]\n");
        // Deadlines are in the records, and their bounds in the buckets. There is no second table.
        AppendTable(text, database.IndexSlots, database.ExpiringCount);
        c.Reply.Verbatim("txt", Encoding.ASCII.GetBytes(text.ToString()));
    }

    static void AppendTable(StringBuilder text, long slots, long elements)
    {
        text.Append("Hash table 0 stats (main hash table):\n");
        if (elements == 0) text.Append("No stats available for empty dictionaries\n");
        else text.Append(CultureInfo.InvariantCulture, $" table size: {slots}\n number of elements: {elements}\n");
    }

    static void DebugTableStatistics(ref CommandContext c)
    {
        if (c.Peek(c.Arg(2)).Found) c.Fail(Errors.NotAHashTable);
        else c.Fail(Errors.NoSuchKey);
    }

    static void DebugStructSize(ref CommandContext c) => c.Reply.Bulk(string.Create(CultureInfo.InvariantCulture,
        $"bits:{IntPtr.Size * 8} recordheader:{Record.HeaderBytes} expiry:{sizeof(long)} indexbucket:{Database.IndexBucketBytes}"));
}
