using System.Buffers.Binary;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Storage.Caching;

/// <summary>
/// Reads a payload (<see cref="CachePayload"/>). It is judged in full before anything of it is shown: another server or a file may have
/// damaged it, and half a payload must not count.
/// </summary>
public ref struct CachePayloadReader
{
    ReadOnlySpan<byte> _rest;

    CachePayloadReader(ReadOnlySpan<byte> rest) => _rest = rest;

    /// <summary>What it tells.</summary>
    public CachePayloadKind Kind { get; private set; }

    /// <summary>Of a purge or of the clock.</summary>
    public long Version { get; private set; }

    /// <summary>Of a purge.</summary>
    public PurgeScope Scope { get; private set; }

    /// <summary>Whether a purge makes stale what has a stale window.</summary>
    public bool IsSoft { get; private set; }

    /// <summary>Begins to read a payload.</summary>
    /// <returns>False if it is of another version, or damaged: then nothing of it counts.</returns>
    public static bool TryBegin(ReadOnlySpan<byte> payload, out CachePayloadReader reader)
    {
        reader = new(payload);
        if (!reader.TryHead()) return false;
        var judged = reader;
        return judged.IsWellFormed();
    }

    /// <summary>The next key of a payload about keys; false after the last.</summary>
    public bool NextKey(out ReadOnlySpan<byte> key, out CacheMetadata metadata, out TagNames tags)
    {
        if (!_rest.IsEmpty) return TryKey(out key, out metadata, out tags);
        key = default;
        metadata = new() { Created = 0 };
        tags = default;
        return false;
    }

    /// <summary>The next name of a purge; false after the last.</summary>
    public bool NextName(out ReadOnlySpan<byte> name)
    {
        name = default;
        return !_rest.IsEmpty && TryName(ref _rest, int.MaxValue, out name);
    }

    bool TryHead()
    {
        if (!_rest.StartsWith(CachePayload.Magic)) return false;
        _rest = _rest[CachePayload.Magic.Length..];
        if (!TryByte(out var kind)) return false;
        Kind = (CachePayloadKind)kind;
        switch (Kind)
        {
            case CachePayloadKind.Keys:
                return true;
            case CachePayloadKind.Purge:
                if (!TryByte(out var soft) || soft > 1 || !TryByte(out var scope) || !Enum.IsDefined((PurgeScope)scope)) return false;
                (IsSoft, Scope) = (soft == 1, (PurgeScope)scope);
                break;
            case CachePayloadKind.Clock:
                break;
            default:
                return false;
        }
        if (!TryNumber(ref _rest, CachePayload.VersionLimit - 1, out var version)) return false;
        Version = version;
        return true;
    }

    bool IsWellFormed()
    {
        if (Kind == CachePayloadKind.Clock || Scope == PurgeScope.All && Kind == CachePayloadKind.Purge) return _rest.IsEmpty;
        if (_rest.IsEmpty) return false;
        while (!_rest.IsEmpty)
        {
            if (Kind == CachePayloadKind.Keys ? !TryKey(out _, out _, out _) : !TryNameOfPurge(ref _rest)) return false;
        }
        return true;
    }

    bool TryKey(out ReadOnlySpan<byte> key, out CacheMetadata metadata, out TagNames tags)
    {
        tags = default;
        metadata = new() { Created = 0 };
        if (!TryName(ref _rest, int.MaxValue, out key) || !TryByte(out var flags) || (flags & ~CachePayload.AllFlags) != 0) return false;
        if (!TryNumber(ref _rest, CachePayload.VersionLimit - 1, out var created) || !TryOptional(flags & CachePayload.Window, out var window)
            || !TryOptional(flags & CachePayload.Slide, out var slide) || !TryOptional(flags & CachePayload.Limit, out var limit)
            || !TryOptional(flags & CachePayload.Cost, out var cost) || cost > uint.MaxValue)
            return false;
        // A key does not slide while it is stale, and a limit is that of a slide.
        if (window > 0 && slide > 0 || slide == 0 && (flags & CachePayload.Limit) != 0) return false;
        metadata = new()
        {
            Created = created, StaleWindow = window, Slide = slide, SlideLimit = (flags & CachePayload.Limit) != 0 ? limit : -1,
            Cost = cost, IsNegative = (flags & CachePayload.Negative) != 0,
        };
        if (!TryName(ref _rest, int.MaxValue, out var names) || !AreTags(names)) return false;
        tags = new(names);
        return true;
    }

    static bool AreTags(ReadOnlySpan<byte> names)
    {
        for (var count = 1; !names.IsEmpty; count++)
        {
            if (names.Length < sizeof(ushort)) return false;
            var length = BinaryPrimitives.ReadUInt16LittleEndian(names);
            names = names[sizeof(ushort)..];
            if (length is 0 or > TagTable.MaxNameLength || length > names.Length || count > TagTable.MaxTagsPerKey) return false;
            names = names[length..];
        }
        return true;
    }

    bool TryByte(out byte value)
    {
        value = 0;
        if (_rest.IsEmpty) return false;
        value = _rest[0];
        _rest = _rest[1..];
        return true;
    }

    /// <summary>Reads a number that is there if a flag says so; it is not 0 then, except for a limit.</summary>
    bool TryOptional(int flag, out long number)
    {
        number = 0;
        return flag == 0 || TryNumber(ref _rest, long.MaxValue, out number) && (number > 0 || flag == CachePayload.Limit);
    }

    static bool TryNameOfPurge(scoped ref ReadOnlySpan<byte> rest) => TryName(ref rest, TagTable.MaxNameLength, out var name) && !name.IsEmpty;

    static bool TryName(scoped ref ReadOnlySpan<byte> rest, int most, out ReadOnlySpan<byte> name)
    {
        name = default;
        if (!TryNumber(ref rest, most, out var length) || length > rest.Length) return false;
        name = rest[..(int)length];
        rest = rest[(int)length..];
        return true;
    }

    static bool TryNumber(scoped ref ReadOnlySpan<byte> rest, long most, out long number)
    {
        number = 0;
        for (var shift = 0; shift < 63 && !rest.IsEmpty; shift += 7)
        {
            var next = rest[0];
            rest = rest[1..];
            number |= (long)(next & 0x7F) << shift;
            if ((next & 0x80) == 0) return number <= most;
        }
        return false;
    }
}
