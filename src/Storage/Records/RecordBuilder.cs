using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Records;

/// <summary>Makes records: allocates the block and fills in everything but the value.</summary>
static unsafe class RecordBuilder
{
    /// <summary>
    /// A record with header, deadline and key. <paramref name="form"/> says where the value goes: Integer, External, or None for
    /// embedded. For an embedded value of <paramref name="embedded"/> bytes, room is left for <paramref name="reserve"/> bytes.
    /// </summary>
    public static Record Create(
        Arena arena, ReadOnlySpan<byte> key, long expireAt, ObjectType type, ObjectEncoding encoding, RecordFlags form,
        int embedded = 0, int reserve = 0)
    {
        var flags = form | RecordLayout.KeyFlags(key.Length) | (expireAt >= 0 ? RecordFlags.HasExpiry : RecordFlags.None);
        var block = arena.Allocate(RecordLayout.Size(flags, key.Length, Math.Max(embedded, reserve)));
        *(ulong*)block = RecordLayout.Header(type, encoding, flags, key.Length, embedded);
        if (expireAt >= 0) *(long*)(block + RecordLayout.HeaderSize) = expireAt;
        var keyOffset = RecordLayout.KeyOffset(flags);
        if ((flags & RecordFlags.LongKey) != 0) *(int*)(block + keyOffset - 4) = key.Length;
        key.CopyTo(new Span<byte>(block + keyOffset, key.Length));
        return new(block);
    }

    /// <summary>
    /// A record for a value that lies in <paramref name="external"/>. If it is refused, so is the value: its block is freed.
    /// </summary>
    public static Record CreateFor(
        Arena arena, byte* external, ReadOnlySpan<byte> key, long expireAt, ObjectType type, ObjectEncoding encoding,
        RecordFlags metadata = RecordFlags.None)
    {
        try
        {
            var fresh = Create(arena, key, expireAt, type, encoding, RecordFlags.External | metadata);
            fresh.External = external;
            return fresh;
        }
        catch (MemoryRefusedException)
        {
            arena.Free(external);
            throw;
        }
    }

    /// <summary>
    /// A copy of <paramref name="source"/> under another key. Deadline and access field are kept; an external value is shared. There
    /// is room for metadata, if the source has some: the caller fills it.
    /// </summary>
    public static Record WithKey(Arena arena, Record source, ReadOnlySpan<byte> key) => WithKey(arena, source, key, source.ExpireAt);

    /// <summary>As <see cref="WithKey(Arena, Record, ReadOnlySpan{byte})"/>, with another deadline.</summary>
    public static Record WithKey(Arena arena, Record source, ReadOnlySpan<byte> key, long expireAt)
    {
        var form = source.Flags & (RecordFlags.Integer | RecordFlags.External | RecordFlags.HasMetadata);
        var fresh = Create(arena, key, expireAt, source.Type, source.Encoding, form, source.EmbeddedLength);
        fresh.Use = source.Use;
        if (source.IsInteger)
        {
            *(long*)(fresh.Block + RecordLayout.PayloadOffset(fresh.Flags)) = source.Integer;
        }
        else if (source.IsExternal)
        {
            fresh.External = source.External;
            fresh.ExternalLength = source.ExternalLength;
        }
        else
        {
            new ReadOnlySpan<byte>(source.EmbeddedStart, source.EmbeddedLength)
                .CopyTo(new Span<byte>(fresh.EmbeddedStart, source.EmbeddedLength));
        }
        return fresh;
    }
}
