using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Resp;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Records;

/// <summary>
/// A key with its value, by address: a handle the size of a pointer, free to copy. See <see cref="RecordLayout"/> for the bytes.
/// </summary>
/// <remarks>
/// A record, and every span taken from it, is valid until its key is changed through the database. Other keys may change: the
/// index moves its entries, never the records. Nothing detects the use of a stale record.
/// </remarks>
public readonly unsafe struct Record : IEquatable<Record>
{
    readonly byte* _block;

    internal Record(byte* block) => this._block = block;

    internal byte* Block => _block;

    /// <summary>Bytes of the header, which every record has.</summary>
    public const int HeaderBytes = RecordLayout.HeaderSize;

    public bool IsNull => _block == null;

    public ObjectType Type => (ObjectType)(_block[3] & 15);

    public ObjectEncoding Encoding => (ObjectEncoding)(_block[3] >> 4);

    /// <summary>What OBJECT ENCODING answers.</summary>
    public ReadOnlySpan<byte> EncodingName => Encoding.Name();

    internal RecordFlags Flags => (RecordFlags)_block[4];

    internal int KeyLength => (Flags & RecordFlags.LongKey) == 0 ? _block[5] : *(int*)(_block + RecordLayout.KeyOffset(Flags) - 4);

    internal byte* KeyStart => _block + RecordLayout.KeyOffset(Flags);

    public ReadOnlySpan<byte> Key => new(KeyStart, KeyLength);

    public bool HasExpiry => (Flags & RecordFlags.HasExpiry) != 0;

    /// <summary>When the key expires, in milliseconds of unix time; -1 if never.</summary>
    public long ExpireAt => HasExpiry ? *(long*)(_block + RecordLayout.HeaderSize) : -1;

    /// <summary>Whether the key has what a cache's key carries (<c>Database.TryGetMetadata</c>).</summary>
    public bool HasMetadata => (Flags & RecordFlags.HasMetadata) != 0;

    /// <summary>The two words of the metadata, where <see cref="HasMetadata"/>.</summary>
    internal ulong* Metadata
    {
        get
        {
            Debug.Assert(HasMetadata);
            return (ulong*)(_block + RecordLayout.MetadataOffset(Flags));
        }
    }

    /// <summary>The 24 bits in which the server keeps the LRU clock, or the time and counter of LFU. 0 in a new record.</summary>
    public uint AccessField
    {
        get => *(uint*)_block & 0xFFFFFF;
        set => *(uint*)_block = *(uint*)_block & 0xFF000000 | value & 0xFFFFFF;
    }

    /// <summary>Whether the value is kept as a number: then <see cref="Integer"/> holds it and <see cref="Text"/> does not.</summary>
    public bool IsInteger => (Flags & RecordFlags.Integer) != 0;

    /// <summary>The number, where <see cref="IsInteger"/>.</summary>
    public long Integer
    {
        get
        {
            Debug.Assert(IsInteger);
            return *(long*)(_block + RecordLayout.PayloadOffset(Flags));
        }
    }

    /// <summary>Set only ahead of a snapshot's walk: the snapshot has the record already, or must not have it.</summary>
    internal bool IsCaptured
    {
        get => (Flags & RecordFlags.Captured) != 0;
        set => _block[4] = (byte)(value ? Flags | RecordFlags.Captured : Flags & ~RecordFlags.Captured);
    }

    /// <summary>
    /// Whether the key was used since it was created. The server sets it together with the access field. Among keys last used in
    /// about the same second, eviction prefers those that were never asked for.
    /// </summary>
    public bool IsUsed => (Flags & RecordFlags.Used) != 0;

    /// <summary>
    /// Notes that the key is used now. Stores nothing within the same unit of the clock, so that reading does not dirty the
    /// cache.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(uint accessField)
    {
        var header = *(ulong*)_block;
        var touched = header & ~0xFFFFFFUL | accessField & 0xFFFFFF | (ulong)RecordFlags.Used << 32;
        if (touched != header) *(ulong*)_block = touched;
    }

    /// <summary>The access field, and whether the key was used: another record of the key takes both over.</summary>
    internal (uint AccessField, bool IsUsed) Use
    {
        get => (AccessField, IsUsed);
        set
        {
            AccessField = value.AccessField;
            _block[4] = (byte)(value.IsUsed ? Flags | RecordFlags.Used : Flags & ~RecordFlags.Used);
        }
    }

    internal bool IsExternal => (Flags & RecordFlags.External) != 0;

    /// <summary>The block of an external value; <see cref="ExternalLength"/> bytes of it are in use.</summary>
    internal byte* External
    {
        get => *(byte**)(_block + RecordLayout.PayloadOffset(Flags));
        set => *(byte**)(_block + RecordLayout.PayloadOffset(Flags)) = value;
    }

    internal long ExternalLength
    {
        get => *(long*)(_block + RecordLayout.PayloadOffset(Flags) + 8);
        set => *(long*)(_block + RecordLayout.PayloadOffset(Flags) + 8) = value;
    }

    internal int EmbeddedLength => *(ushort*)(_block + 6);

    internal byte* EmbeddedStart => KeyStart + KeyLength;

    internal static void SetEmbeddedLength(Record record, int length) => *(ushort*)(record._block + 6) = (ushort)length;

    /// <summary>Changes the encoding's name. The caller changes the bytes accordingly.</summary>
    internal static void SetEncoding(Record record, ObjectEncoding encoding) =>
        record._block[3] = (byte)((int)record.Type | (int)encoding << 4);

    /// <summary>Whether the value is a structure that the record only points at.</summary>
    public bool IsNative => IsExternal && Encoding.IsNative();

    /// <summary>The root of a native structure.</summary>
    internal byte* Root
    {
        get
        {
            Debug.Assert(IsNative);
            return External;
        }
    }

    /// <summary>The bytes of a packed collection (listpack, intset), in place.</summary>
    public ReadOnlySpan<byte> Packed => new(PackedStart, PackedLength);

    internal byte* PackedStart
    {
        get
        {
            Debug.Assert(Type != ObjectType.String && !IsNative);
            return IsExternal ? External : EmbeddedStart;
        }
    }

    internal int PackedLength => IsExternal ? (int)ExternalLength : EmbeddedLength;

    /// <summary>The bytes of the record in use; its block may be larger.</summary>
    internal nuint Size => RecordLayout.Size(Flags, KeyLength, EmbeddedLength);

    /// <summary>The length that STRLEN answers.</summary>
    public int StringLength
    {
        get
        {
            if (!IsInteger) return Text.Length;
            Span<byte> scratch = stackalloc byte[Numbers.MaxInt64Length];
            return Numbers.FormatInt64(Integer, scratch);
        }
    }

    /// <summary>The bytes of a string that is not kept as a number, in place.</summary>
    public ReadOnlySpan<byte> Text
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert(Type == ObjectType.String && !IsInteger);
            var header = *(ulong*)_block;
            var flags = (RecordFlags)(header >> 32);
            return (flags & (RecordFlags.External | RecordFlags.LongKey)) == 0
                ? new(_block + RecordLayout.KeyOffset(flags) + (byte)(header >> 40), (int)(header >> 48))
                : IsExternal ? new(External, (int)ExternalLength) : new(EmbeddedStart, EmbeddedLength);
        }
    }

    /// <summary>The string's bytes: in place, or formatted into <paramref name="scratch32"/> where it is kept as a number.</summary>
    public ReadOnlySpan<byte> GetString(Span<byte> scratch32) =>
        IsInteger ? scratch32[..Numbers.FormatInt64(Integer, scratch32)] : Text;

    /// <summary>A string as an element: an integer, or bytes in place.</summary>
    public PackedElement Element => IsInteger ? new(Integer) : new(Text);

    /// <summary>The address that DEBUG OBJECT shows.</summary>
    public ulong Address => (ulong)_block;

    public bool Equals(Record other) => _block == other._block;

    public override bool Equals(object? obj) => obj is Record other && Equals(other);

    public override int GetHashCode() => Address.GetHashCode();

    public static bool operator ==(Record left, Record right) => left.Equals(right);

    public static bool operator !=(Record left, Record right) => !left.Equals(right);
}
