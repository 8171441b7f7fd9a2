using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace MiniRedis.Cluster.Bus;

/// <summary>
/// The identity of a node, or of a shard: 40 lower-case hexadecimal digits, kept as the bytes that travel. Reading one from a
/// packet is a copy, and no decoding: a packet in a large cluster names a hundred of them.
/// </summary>
[InlineArray(Words)]
[SuppressMessage("Design", "CA1036", Justification = "Ids are ordered in two places only, by CompareTo.")]
public struct NodeId : IEquatable<NodeId>, IComparable<NodeId>
{
    /// <summary>Characters, and bytes on the wire.</summary>
    public const int Length = 40;

    const int Words = Length / sizeof(ulong);

    ulong _first;

    /// <summary>Forty zero bytes: "no node".</summary>
    public static NodeId None => default;

    public readonly bool IsNone => Equals(default);

    /// <summary>The id as it stands in a packet, which may be no id at all: see <see cref="IsHexadecimal"/>.</summary>
    public static NodeId Read(ReadOnlySpan<byte> bytes) => MemoryMarshal.Read<NodeId>(bytes);

    public readonly void Write(Span<byte> bytes) => MemoryMarshal.Write(bytes, in this);

    public static bool TryParse(ReadOnlySpan<char> text, out NodeId id)
    {
        id = default;
        if (text.Length != Length) return false;
        Span<byte> bytes = stackalloc byte[Length];
        for (var i = 0; i < Length; i++)
        {
            if (!char.IsAsciiHexDigitLower(text[i])) return false;
            bytes[i] = (byte)text[i];
        }
        id = Read(bytes);
        return true;
    }

    /// <summary>An id that nobody has.</summary>
    public static NodeId NewRandom(Random random)
    {
        Span<byte> bytes = stackalloc byte[Length];
        for (var i = 0; i < Length; i++) bytes[i] = (byte)"0123456789abcdef"[random.Next(16)];
        return Read(bytes);
    }

    /// <summary>Whether all 40 bytes are digits of an id.</summary>
    public readonly bool IsHexadecimal
    {
        get
        {
            foreach (var b in Bytes)
            {
                if (!char.IsAsciiHexDigitLower((char)b)) return false;
            }
            return true;
        }
    }

    [UnscopedRef]
    readonly ReadOnlySpan<byte> Bytes =>
        MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(in Unsafe.AsRef(in _first), Words));

    public readonly bool Equals(NodeId other) => Bytes.SequenceEqual(other.Bytes);

    public override readonly bool Equals([NotNullWhen(true)] object? obj) => obj is NodeId other && Equals(other);

    /// <summary>Ids are random: some of their digits are as good as all.</summary>
    public override readonly int GetHashCode() => HashCode.Combine(this[0], this[2], this[4]);

    /// <summary>The order of Redis, which compares the characters.</summary>
    public readonly int CompareTo(NodeId other) => Bytes.SequenceCompareTo(other.Bytes);

    public override readonly string ToString() => Encoding.ASCII.GetString(Bytes);

    public static bool operator ==(NodeId left, NodeId right) => left.Equals(right);

    public static bool operator !=(NodeId left, NodeId right) => !left.Equals(right);
}
