using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Hashes;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Sets;
using MiniRedis.Storage.SortedSets;
using MiniRedis.Storage.Streams;

namespace MiniRedis.Storage.Aof;

/// <summary>
/// Writes keys as the commands that make them, in RESP: the base of an AOF that is no RDB file. As in Redis, a command has at
/// most 64 elements, so that loading one never takes long.
/// </summary>
/// <param name="output">Where the bytes go.</param>
public sealed class AofValueWriter(IBufferWriter<byte> output)
{
    /// <summary>AOF_REWRITE_ITEMS_PER_CMD in Redis.</summary>
    const int ElementsPerCommand = 64;

    /// <summary>Says that the next keys belong to this database.</summary>
    public void Select(int database)
    {
        Begin(2, "SELECT"u8);
        Add(database);
    }

    /// <summary>Writes a library of functions. It belongs to no database.</summary>
    public void Library(ReadOnlySpan<byte> code)
    {
        Begin(3, "FUNCTION"u8);
        Add("LOAD"u8);
        Add(code);
    }

    /// <summary>Writes a key that a snapshot shows, with its value, deadlines and metadata.</summary>
    public void Key(Record record)
    {
        switch (record.Type)
        {
            case ObjectType.String:
                WriteString(record);
                break;
            case ObjectType.List:
                var elements = new ListElements(this, record);
                ListValue.Read(record, ref elements);
                break;
            case ObjectType.Set:
                WriteSet(record);
                break;
            case ObjectType.SortedSet:
                WriteSortedSet(record);
                break;
            case ObjectType.Hash:
                WriteHash(record);
                break;
            case ObjectType.Stream:
                WriteStream(record);
                break;
            default:
                throw new UnreachableException();
        }
        if (record.HasExpiry)
        {
            Begin(3, "PEXPIREAT"u8);
            Add(record.Key);
            Add(record.ExpireAt);
        }
        if (record.HasMetadata) WriteMetadata(record);
    }

    /// <summary>Writes how far the cache clock has come.</summary>
    public void CacheClock(long version)
    {
        _payload.ResetWrittenCount();
        CachePayload.AddClock(_payload, version);
        WritePayload();
    }

    // Metadata go as a command that every server carries out without effect.
    readonly ArrayBufferWriter<byte> _payload = new(256);

    void WriteMetadata(Record image)
    {
        var saved = SavedMetadata.Of(image);
        _payload.ResetWrittenCount();
        CachePayload.BeginKeys(_payload);
        CachePayload.AddKey(_payload, image.Key, saved.Metadata, saved.Tags);
        WritePayload();
    }

    void WritePayload()
    {
        Begin(2, "PING"u8);
        Add(_payload.WrittenSpan);
    }

    void WriteString(Record record)
    {
        Begin(3, "SET"u8);
        Add(record.Key);
        Add(record.GetString(stackalloc byte[32]));
    }

    void WriteSet(Record record)
    {
        var set = new SetReader(record);
        var left = set.Count;
        var room = 0;
        for (var members = set.Members(); members.Next(); left--)
        {
            if (room-- == 0) room = BeginSome("SADD"u8, record.Key, left, 1);
            Add(members.Current);
        }
    }

    void WriteSortedSet(Record record)
    {
        var set = new SortedSetValue(record);
        var left = set.Count;
        var room = 0;
        Span<byte> score = stackalloc byte[Numbers.MaxDoubleLength];
        for (var cursor = set.From(0); cursor.IsValid; cursor.Move(), left--)
        {
            if (room-- == 0) room = BeginSome("ZADD"u8, record.Key, left, 2);
            Add(score[..Numbers.FormatDouble(cursor.Score, score)]);
            Add(cursor.Member);
        }
    }

    void WriteHash(Record record)
    {
        var hash = new HashReader(record);
        var left = hash.Count;
        var room = 0;
        for (var fields = hash.Fields(HashReader.Everything); fields.Next(); left--)
        {
            if (room-- == 0) room = BeginSome("HMSET"u8, record.Key, left, 2);
            Add(fields.Field);
            Add(fields.Value);
        }
        if (!hash.HasDeadlines) return;
        for (var fields = hash.Fields(HashReader.Everything); fields.Next();)
        {
            if (fields.ExpireAt < 0) continue;
            Begin(6, "HPEXPIREAT"u8);
            Add(record.Key);
            Add(fields.ExpireAt);
            Add("FIELDS"u8);
            Add(1);
            Add(fields.Field);
        }
    }

    void WriteStream(Record record)
    {
        var stream = StreamValue.ForReading(record);
        for (var entry = new StreamCursor(stream, StreamId.Min, StreamId.Max, reverse: false); entry.MoveNext();)
        {
            Begin(3 + entry.FieldCount * 2, "XADD"u8);
            Add(record.Key);
            Add(entry.Id);
            for (var i = entry.FieldCount; i > 0; i--)
            {
                entry.NextField(out var field, out var value);
                Add(field);
                Add(value);
            }
        }
        if (stream.Length == 0)
        {
            // An entry that is trimmed at once leaves an empty stream.
            Begin(7, "XADD"u8);
            Add(record.Key);
            Add("MAXLEN"u8);
            Add(0);
            Add(stream.LastId == StreamId.Min ? new StreamId(0, 1) : stream.LastId);
            Add("x"u8);
            Add("y"u8);
        }
        Begin(7, "XSETID"u8);
        Add(record.Key);
        Add(stream.LastId);
        Add("ENTRIESADDED"u8);
        Add((long)stream.EntriesAdded);
        Add("MAXDELETEDID"u8);
        Add(stream.MaxDeletedId);
        foreach (var group in stream.Groups) WriteGroup(record, group);
    }

    void WriteGroup(Record record, StreamGroup group)
    {
        Begin(7, "XGROUP"u8);
        Add("CREATE"u8);
        Add(record.Key);
        Add(group.Name);
        Add(group.LastId);
        Add("ENTRIESREAD"u8);
        Add(group.EntriesRead);
        foreach (var consumer in group.Consumers)
        {
            Begin(5, "XGROUP"u8);
            Add("CREATECONSUMER"u8);
            Add(record.Key);
            Add(group.Name);
            Add(consumer.Name);
        }
        foreach (var pending in group.PendingFrom(StreamId.Min))
        {
            Begin(12, "XCLAIM"u8);
            Add(record.Key);
            Add(group.Name);
            Add(pending.Consumer.Name);
            Add(0);
            Add(pending.Id);
            Add("TIME"u8);
            Add(pending.DeliveryTime);
            Add("RETRYCOUNT"u8);
            Add(pending.DeliveryCount);
            Add("JUSTID"u8);
            Add("FORCE"u8);
        }
    }

    /// <summary>
    /// Begins a command for as many of the remaining elements as one command takes. Returns for how many, the first one taken
    /// off.
    /// </summary>
    int BeginSome(ReadOnlySpan<byte> name, ReadOnlySpan<byte> key, long left, int argumentsEach)
    {
        var count = (int)Math.Min(left, ElementsPerCommand);
        Begin(2 + count * argumentsEach, name);
        Add(key);
        return count - 1;
    }

    void Begin(int count, ReadOnlySpan<byte> name)
    {
        Head((byte)'*', count);
        Add(name);
    }

    void Add(in PackedElement element)
    {
        if (element.IsInteger) Add(element.Integer);
        else Add(element.Text);
    }

    void Add(StreamId id)
    {
        Span<byte> text = stackalloc byte[StreamId.MaxLength];
        Add(text[..id.Format(text)]);
    }

    void Add(long number)
    {
        Span<byte> digits = stackalloc byte[Numbers.MaxInt64Length];
        Add(digits[..Numbers.FormatInt64(number, digits)]);
    }

    void Add(ReadOnlySpan<byte> argument)
    {
        Head((byte)'$', argument.Length);
        output.Write(argument);
        output.Write("\r\n"u8);
    }

    void Head(byte kind, int number)
    {
        var span = output.GetSpan(16);
        span[0] = kind;
        Utf8Formatter.TryFormat(number, span[1..], out var length);
        "\r\n"u8.CopyTo(span[(1 + length)..]);
        output.Advance(length + 3);
    }

    struct ListElements(AofValueWriter writer, Record record) : IElementVisitor
    {
        long _left = ListValue.CountOf(record);
        int _room;

        public bool Visit(PackedElement element)
        {
            if (_room-- == 0) _room = writer.BeginSome("RPUSH"u8, record.Key, _left, 1);
            writer.Add(element);
            _left--;
            return true;
        }
    }
}
