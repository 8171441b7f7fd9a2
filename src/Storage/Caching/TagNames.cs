using System.Buffers.Binary;
using System.Diagnostics;

namespace MiniRedis.Storage.Caching;

/// <summary>
/// Names of tags in one run of bytes, <c>| length (2) | name | length (2) | name | ...</c>. The same name may stand there twice; it counts
/// once.
/// </summary>
/// <param name="bytes">What <see cref="Put"/> has written.</param>
public readonly ref struct TagNames(ReadOnlySpan<byte> bytes)
{
    readonly ReadOnlySpan<byte> _bytes = bytes;

    public bool IsEmpty => _bytes.IsEmpty;

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            var count = 0;
            foreach (var _ in this) count++;
            return count;
        }
    }

    /// <summary>Whether a name is among the first <paramref name="place"/>.</summary>
    internal bool HasBefore(ReadOnlySpan<byte> name, int place)
    {
        foreach (var other in this)
        {
            if (place-- == 0) return false;
            if (other.SequenceEqual(name)) return true;
        }
        return false;
    }

    /// <summary>Bytes that a name takes.</summary>
    public static int SizeFor(ReadOnlySpan<byte> name) => sizeof(ushort) + name.Length;

    /// <summary>Writes a name. Returns the bytes that it takes.</summary>
    public static int Put(Span<byte> to, ReadOnlySpan<byte> name)
    {
        Debug.Assert(name.Length is > 0 and <= TagTable.MaxNameLength);
        BinaryPrimitives.WriteUInt16LittleEndian(to, (ushort)name.Length);
        name.CopyTo(to[sizeof(ushort)..]);
        return SizeFor(name);
    }

    public Enumerator GetEnumerator() => new(_bytes);

    public ref struct Enumerator
    {
        ReadOnlySpan<byte> _rest;

        internal Enumerator(ReadOnlySpan<byte> bytes) => this._rest = bytes;

        public ReadOnlySpan<byte> Current { get; private set; }

        public bool MoveNext()
        {
            if (_rest.IsEmpty) return false;
            var length = BinaryPrimitives.ReadUInt16LittleEndian(_rest);
            Current = _rest.Slice(sizeof(ushort), length);
            _rest = _rest[(sizeof(ushort) + length)..];
            return true;
        }
    }
}
