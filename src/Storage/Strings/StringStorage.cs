using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Resp;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Strings;

/// <summary>Strings as values of keys: kept as numbers, embedded in the record, or in a block of their own.</summary>
public static unsafe class StringStorage
{
    /// <summary>The most that a growing string reserves beyond what it needs (sds's SDS_MAX_PREALLOC).</summary>
    const int MaxReserve = 1 << 20;

    /// <summary>
    /// Sets the key to a string, whatever it held before. A value that is the canonical text of a 64-bit integer is kept as that
    /// number. If the present block suits the new value, it is overwritten in place.
    /// </summary>
    public static Record SetString(
        this Database database, in KeyLookup at, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long expireAt) =>
        Numbers.TryParseInt64(value, out var number)
            ? PutInteger(database, at, key, number, expireAt, keepsMetadata: false)
            : PutText(database, at, key, value, expireAt, keepsMetadata: false);

    /// <summary>
    /// As <see cref="SetString"/>, but text that spells an integer stays text (as OBJECT ENCODING shows after INCRBYFLOAT), and a
    /// present key keeps its metadata: its value is changed, not replaced.
    /// </summary>
    public static Record SetText(
        this Database database, in KeyLookup at, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long expireAt) =>
        PutText(database, at, key, value, expireAt, keepsMetadata: true);

    static Record PutText(
        Database database, in KeyLookup at, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long expireAt, bool keepsMetadata)
    {
        var encoding = TextEncodingOf(value);
        return at.Found && database.CaptureString(at) && TryOverwrite(database, at, value, expireAt, encoding, keepsMetadata)
            ? at.Record : InstallText(database, at, key, value, expireAt, encoding, keepsMetadata);
    }

    /// <remarks>Not inlined: what it needs would be kept for values that are overwritten too.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static Record InstallText(
        Database database, in KeyLookup at, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long expireAt, ObjectEncoding encoding,
        bool keepsMetadata)
    {
        var room = keepsMetadata ? RoomOf(at) : RecordFlags.None;
        return database.Install(at, CreateText(database.Arena, key, value, expireAt, encoding, room), inherits: room != 0);
    }

    /// <summary>What a record needs that is to take over the metadata of the present one.</summary>
    static RecordFlags RoomOf(in KeyLookup at) => at.Found ? at.Record.Flags & RecordFlags.HasMetadata : RecordFlags.None;

    /// <summary>As <see cref="SetString"/>, with metadata and tags.</summary>
    public static Record SetCached(
        this Database database, in KeyLookup at, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long expireAt,
        in CacheMetadata metadata, TagNames tags)
    {
        Record fresh;
        if (Numbers.TryParseInt64(value, out var number))
        {
            fresh = CreateInteger(database.Arena, key, number, expireAt, RecordFlags.HasMetadata);
        }
        else
        {
            var encoding = TextEncodingOf(value);
            if (at.Found && at.Record.HasMetadata && database.CaptureString(at)
                && TryOverwrite(database, at, value, expireAt, encoding, keepsMetadata: true))
            {
                database.WriteMetadata(at.Record, metadata, tags, had: true);
                database.NoteWrite(key);
                return at.Record;
            }
            fresh = CreateText(database.Arena, key, value, expireAt, encoding, RecordFlags.HasMetadata);
        }
        database.BeginChange();
        database.WriteMetadata(fresh, metadata, tags, had: false);
        return database.Install(at, fresh);
    }

    /// <summary>Creates a string that no index leads to yet.</summary>
    internal static Record CreateString(this Database database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long expireAt)
    {
        if (Numbers.TryParseInt64(value, out var number)) return CreateInteger(database.Arena, key, number, expireAt);
        return CreateText(database.Arena, key, value, expireAt, TextEncodingOf(value));
    }

    static ObjectEncoding TextEncodingOf(ReadOnlySpan<byte> value) =>
        value.Length <= RecordLayout.AlwaysEmbedded ? ObjectEncoding.EmbeddedString : ObjectEncoding.Raw;

    static Record CreateText(
        Arena arena, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, long expireAt, ObjectEncoding encoding,
        RecordFlags metadata = RecordFlags.None)
    {
        var flags = metadata | RecordLayout.KeyFlags(key.Length) | (expireAt >= 0 ? RecordFlags.HasExpiry : RecordFlags.None);
        Record fresh;
        if (RecordLayout.Embeds(flags, key.Length, value.Length))
        {
            fresh = RecordBuilder.Create(arena, key, expireAt, ObjectType.String, encoding, metadata, value.Length);
            value.CopyTo(new Span<byte>(fresh.EmbeddedStart, value.Length));
        }
        else
        {
            // The large block first: if it is refused, nothing has been taken.
            var external = arena.Allocate((nuint)value.Length);
            fresh = RecordBuilder.CreateFor(arena, external, key, expireAt, ObjectType.String, encoding, metadata);
            fresh.ExternalLength = value.Length;
            value.CopyTo(new Span<byte>(fresh.External, value.Length));
        }
        return fresh;
    }

    /// <summary>Sets the key to a number, whatever it held before. As with <see cref="SetText"/>, its metadata stay.</summary>
    public static Record SetInteger(this Database database, in KeyLookup at, ReadOnlySpan<byte> key, long value, long expireAt) =>
        PutInteger(database, at, key, value, expireAt, keepsMetadata: true);

    static Record PutInteger(
        Database database, in KeyLookup at, ReadOnlySpan<byte> key, long value, long expireAt, bool keepsMetadata)
    {
        if (at.Found && at.Record.IsInteger && at.Record.HasExpiry == expireAt >= 0 && (keepsMetadata || !at.Record.HasMetadata))
        {
            var record = at.Record;
            database.Capture(at);
            database.BeginChange();
            *(long*)(record.Block + RecordLayout.PayloadOffset(record.Flags)) = value;
            if (expireAt >= 0) database.Postpone(at, expireAt);
            return record;
        }
        var room = keepsMetadata ? RoomOf(at) : RecordFlags.None;
        return database.Install(at, CreateInteger(database.Arena, key, value, expireAt, room), inherits: room != 0);
    }

    static Record CreateInteger(
        Arena arena, ReadOnlySpan<byte> key, long value, long expireAt, RecordFlags metadata = RecordFlags.None)
    {
        var fresh = RecordBuilder.Create(
            arena, key, expireAt, ObjectType.String, ObjectEncoding.Integer, RecordFlags.Integer | metadata);
        *(long*)(fresh.Block + RecordLayout.PayloadOffset(fresh.Flags)) = value;
        return fresh;
    }

    /// <summary>
    /// Makes the key a "raw" string of <paramref name="newLength"/> bytes and returns them for writing. Old bytes are kept; new
    /// ones are zero. A string that grows reserves as much again (1 MB at most), so that appending is linear. The deadline stays.
    /// A key that is not found is created without a deadline. The span is valid until the next change of the key.
    /// </summary>
    /// <param name="maxReserve">Less than 1 MB for a value whose growth is known to end soon.</param>
    public static Span<byte> MutableString(
        this Database database, scoped in KeyLookup at, scoped ReadOnlySpan<byte> key, long newLength, out Record record,
        int maxReserve = MaxReserve)
    {
        Debug.Assert(newLength is >= 0 and <= int.MaxValue && (!at.Found || at.Record.Type == ObjectType.String));
        var length = (int)newLength;
        if (!at.Found)
        {
            record = database.Install(at, CreateRaw(database.Arena, key, -1, default, length, reserve: length));
            return Bytes(record);
        }

        var old = at.Record;
        if (database.CaptureString(at) && TryResizeRaw(database, old, length, maxReserve))
        {
            record = old;
            return Bytes(record);
        }

        Span<byte> scratch = stackalloc byte[32];
        var text = old.GetString(scratch);
        var reserve = length <= text.Length ? length : (int)Math.Min(length + (long)Math.Min(length, maxReserve), int.MaxValue);
        var room = RoomOf(at);
        var fresh = CreateRaw(database.Arena, old.Key, old.ExpireAt, text, length, reserve, room);
        record = database.Install(at, fresh, inherits: room != 0);
        return Bytes(record);
    }

    /// <summary>
    /// A "raw" string of <paramref name="length"/> bytes with undefined contents. The caller fills it while the values that it is
    /// made from still exist, and then must call <see cref="Store"/>, which makes it the key's value.
    /// </summary>
    /// <param name="isSource">
    /// Whether the present value is one of those it is made from. If not, its block is used again: a large new block would cost
    /// page faults.
    /// </param>
    /// <param name="keepsMetadata">Whether a present key keeps its metadata: its value is changed, not replaced.</param>
    public static Record Draft(
        this Database database, scoped in KeyLookup at, scoped ReadOnlySpan<byte> key, int length, long expireAt, bool isSource,
        bool keepsMetadata, out Span<byte> bytes)
    {
        var draft = at.Record;
        if (!isSource && !keepsMetadata && at.Found && draft.IsExternal && !draft.HasMetadata
            && draft.Type == ObjectType.String && draft.ExpireAt == expireAt
            && Suits(Arena.SizeOf(draft.External), (nuint)length) && database.CaptureString(at))
        {
            database.BeginChange();
            draft.ExternalLength = length;
            Record.SetEncoding(draft, ObjectEncoding.Raw);
        }
        else
        {
            var room = keepsMetadata ? RoomOf(at) : RecordFlags.None;
            draft = AllocateRaw(database.Arena, key, expireAt, length, reserve: length, room);
        }
        bytes = Bytes(draft);
        return draft;
    }

    /// <summary>Makes a draft the value of its key, whatever the key held before.</summary>
    public static void Store(this Database database, in KeyLookup at, Record draft)
    {
        if (draft != at.Record) database.Install(at, draft, inherits: draft.HasMetadata);
    }

    /// <summary>
    /// Overwrites the value in its present block if the new one fits and leaves no more than an eighth of the block unused.
    /// </summary>
    static bool TryOverwrite(
        Database database, in KeyLookup at, ReadOnlySpan<byte> value, long expireAt, ObjectEncoding encoding,
        bool keepsMetadata)
    {
        var record = at.Record;
        var unfit = keepsMetadata ? RecordFlags.Integer : RecordFlags.Integer | RecordFlags.HasMetadata;
        if ((record.Flags & unfit) != 0 || record.Type != ObjectType.String || record.HasExpiry != expireAt >= 0) return false;

        if (record.IsExternal)
        {
            if (RecordLayout.Embeds(record.Flags, record.KeyLength, value.Length)) return false;
            if (!Suits(Arena.SizeOf(record.External), (nuint)value.Length)) return false;
            database.BeginChange();
            value.CopyTo(new Span<byte>(record.External, value.Length));
            record.ExternalLength = value.Length;
        }
        else
        {
            // The block's size is that of RecordLayout, without reading the record's header once more.
            var start = record.EmbeddedStart;
            var size = (nuint)(start - record.Block) + (nuint)value.Length;
            if (!RecordLayout.Embeds(size, value.Length) || !Suits(Arena.SizeOf(record.Block), size)) return false;
            database.BeginChange();
            value.CopyTo(new Span<byte>(start, value.Length));
            Record.SetEmbeddedLength(record, value.Length);
        }
        Record.SetEncoding(record, encoding);
        if (expireAt >= 0) database.Postpone(at, expireAt);
        return true;
    }

    static bool Suits(nuint capacity, nuint size) => size <= capacity && capacity - size <= capacity >> 3;

    /// <summary>Changes the length of a string in place, if it is kept as bytes and its block has room.</summary>
    static bool TryResizeRaw(Database database, Record record, int length, int maxReserve)
    {
        if (record.IsInteger) return false;
        var old = record.Text.Length;
        if (record.IsExternal)
        {
            if (length > old && (nuint)length > Arena.SizeOf(record.External))
            {
                var capacity = (nuint)Math.Min(length + (long)Math.Min(length, maxReserve), int.MaxValue);
                record.External = database.Arena.Resize(record.External, (nuint)old, capacity);
            }
            database.BeginChange();
            record.ExternalLength = length;
        }
        else
        {
            if (length > ushort.MaxValue) return false;
            if (RecordLayout.Size(record.Flags, record.KeyLength, length) > Arena.SizeOf(record.Block)) return false;
            database.BeginChange();
            Record.SetEmbeddedLength(record, length);
        }
        Record.SetEncoding(record, ObjectEncoding.Raw);
        if (length > old) Bytes(record)[old..].Clear();
        return true;
    }

    /// <summary>
    /// Creates a record of the first bytes of <paramref name="text"/>, filled up with zeros, with room for more.
    /// </summary>
    static Record CreateRaw(
        Arena arena, ReadOnlySpan<byte> key, long expireAt, ReadOnlySpan<byte> text, int length, int reserve,
        RecordFlags metadata = RecordFlags.None)
    {
        var fresh = AllocateRaw(arena, key, expireAt, length, reserve, metadata);
        var bytes = Bytes(fresh);
        var kept = Math.Min(text.Length, length);
        text[..kept].CopyTo(bytes);
        bytes[kept..].Clear();
        return fresh;
    }

    static Record AllocateRaw(
        Arena arena, ReadOnlySpan<byte> key, long expireAt, int length, int reserve, RecordFlags metadata)
    {
        var flags = metadata | RecordLayout.KeyFlags(key.Length) | (expireAt >= 0 ? RecordFlags.HasExpiry : RecordFlags.None);
        Record fresh;
        if (RecordLayout.Embeds(flags, key.Length, reserve))
        {
            fresh = RecordBuilder.Create(
                arena, key, expireAt, ObjectType.String, ObjectEncoding.Raw, metadata, length, reserve);
        }
        else
        {
            var external = arena.Allocate((nuint)reserve);
            fresh = RecordBuilder.CreateFor(arena, external, key, expireAt, ObjectType.String, ObjectEncoding.Raw, metadata);
            fresh.ExternalLength = length;
        }
        return fresh;
    }

    static Span<byte> Bytes(Record record) => record.IsExternal
        ? new(record.External, (int)record.ExternalLength)
        : new(record.EmbeddedStart, record.EmbeddedLength);
}
