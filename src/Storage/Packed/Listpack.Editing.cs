using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Resp;

namespace MiniRedis.Storage.Packed;

/// <summary>
/// Changes a listpack. The owner of the block makes room (<see cref="IPackedOwner"/>); this decides how much, and what is
/// written. A value passed in must not lie in the block that changes.
/// </summary>
public static unsafe partial class Listpack
{
    /// <summary>How a value is written: its size, and the integer if it is one.</summary>
    internal readonly struct Form
    {
        readonly long _integer;
        readonly int _length;
        readonly bool _isInteger;

        /// <summary>Bytes of head and data.</summary>
        readonly int _encoded;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Form(ReadOnlySpan<byte> value)
        {
            _isInteger = Numbers.TryParseInt64(value, out _integer);
            _length = value.Length;
            _encoded = _isInteger ? IntegerSize(_integer) : _length + (_length < 64 ? 1 : _length < 4096 ? 2 : 5);
        }

        public Form(long value)
        {
            _isInteger = true;
            _integer = value;
            _encoded = IntegerSize(value);
        }

        public int Total => _encoded + BackwardSize(_encoded);

        static int IntegerSize(long value) => value switch
        {
            >= 0 and <= 127 => 1,
            >= -4096 and <= 4095 => 2,
            >= short.MinValue and <= short.MaxValue => 3,
            >= -8388608 and <= 8388607 => 4,
            >= int.MinValue and <= int.MaxValue => 5,
            _ => 9,
        };

        public void Write(byte* p, scoped ReadOnlySpan<byte> value)
        {
            if (_isInteger) WriteInteger(p);
            else
            {
                var data = p + _encoded - _length;
                if (_length < 64) p[0] = (byte)(0x80 | _length);
                else if (_length < 4096)
                {
                    p[0] = (byte)(0xE0 | _length >> 8);
                    p[1] = (byte)_length;
                }
                else
                {
                    p[0] = 0xF0;
                    *(int*)(p + 1) = _length;
                }
                value.CopyTo(new Span<byte>(data, _length));
            }
            WriteBackward(p + _encoded, _encoded);
        }

        void WriteInteger(byte* p)
        {
            switch (_encoded)
            {
                case 1:
                    p[0] = (byte)_integer;
                    break;
                case 2:
                    p[0] = (byte)(0xC0 | _integer >> 8 & 0x1F);
                    p[1] = (byte)_integer;
                    break;
                case 3:
                    p[0] = 0xF1;
                    *(short*)(p + 1) = (short)_integer;
                    break;
                case 4:
                    p[0] = 0xF2;
                    *(ushort*)(p + 1) = (ushort)_integer;
                    p[3] = (byte)(_integer >> 16);
                    break;
                case 5:
                    p[0] = 0xF3;
                    *(int*)(p + 1) = (int)_integer;
                    break;
                default:
                    p[0] = 0xF4;
                    *(long*)(p + 1) = _integer;
                    break;
            }
        }
    }

    /// <summary>Bytes that a value takes as an element.</summary>
    public static int SizeOf(ReadOnlySpan<byte> value) => new Form(value).Total;

    /// <inheritdoc cref="SizeOf(ReadOnlySpan{byte})"/>
    public static int SizeOf(long value) => new Form(value).Total;

    /// <summary>Whether the listpack stays within <see cref="MaxSafeSize"/> with so many more bytes.</summary>
    public static bool HasRoom(byte* lp, long more) => Bytes(lp) + more <= MaxSafeSize;

    /// <summary>Adds an element behind the last.</summary>
    public static void Append<TOwner>(ref TOwner owner, scoped ReadOnlySpan<byte> value) where TOwner : struct, IPackedOwner, allows ref struct =>
        Insert(ref owner, -1, value);

    /// <inheritdoc cref="Append{TOwner}(ref TOwner, ReadOnlySpan{byte})"/>
    public static void Append<TOwner>(ref TOwner owner, long value) where TOwner : struct, IPackedOwner, allows ref struct =>
        Insert(ref owner, -1, value);

    /// <summary>Adds an element before the first.</summary>
    public static void Prepend<TOwner>(ref TOwner owner, scoped ReadOnlySpan<byte> value) where TOwner : struct, IPackedOwner, allows ref struct =>
        Insert(ref owner, HeaderSize, value);

    /// <summary>Adds an element before the one at <paramref name="before"/>, or at the end if that is -1. Returns its offset.</summary>
    public static int Insert<TOwner>(ref TOwner owner, int before, scoped ReadOnlySpan<byte> value)
        where TOwner : struct, IPackedOwner, allows ref struct => Insert(ref owner, before, new Form(value), value);

    /// <summary>As <see cref="Insert{TOwner}(ref TOwner, int, ReadOnlySpan{byte})"/>, where the value's form is known already.</summary>
    internal static int Insert<TOwner>(ref TOwner owner, int before, in Form form, scoped ReadOnlySpan<byte> value)
        where TOwner : struct, IPackedOwner, allows ref struct
    {
        if (before < 0) before = Bytes(owner.Start) - 1;
        form.Write(Open(ref owner, before, 0, form.Total, 1) + before, value);
        return before;
    }

    /// <inheritdoc cref="Insert{TOwner}(ref TOwner, int, ReadOnlySpan{byte})"/>
    public static int Insert<TOwner>(ref TOwner owner, int before, long value) where TOwner : struct, IPackedOwner, allows ref struct
    {
        var form = new Form(value);
        if (before < 0) before = Bytes(owner.Start) - 1;
        form.Write(Open(ref owner, before, 0, form.Total, 1) + before, default);
        return before;
    }

    /// <summary>Puts another value in the place of an element. Returns its offset, which does not change.</summary>
    public static int Replace<TOwner>(ref TOwner owner, int offset, scoped ReadOnlySpan<byte> value)
        where TOwner : struct, IPackedOwner, allows ref struct
    {
        var form = new Form(value);
        form.Write(Open(ref owner, offset, Step(owner.Start + offset), form.Total, 0) + offset, value);
        return offset;
    }

    /// <inheritdoc cref="Replace{TOwner}(ref TOwner, int, ReadOnlySpan{byte})"/>
    public static int Replace<TOwner>(ref TOwner owner, int offset, long value) where TOwner : struct, IPackedOwner, allows ref struct
    {
        var form = new Form(value);
        form.Write(Open(ref owner, offset, Step(owner.Start + offset), form.Total, 0) + offset, default);
        return offset;
    }

    /// <summary>
    /// Removes <paramref name="count"/> elements, or as many as there are, from <paramref name="offset"/> on. Returns the offset
    /// of the next element, or -1.
    /// </summary>
    public static int Delete<TOwner>(ref TOwner owner, int offset, int count) where TOwner : struct, IPackedOwner, allows ref struct
    {
        var lp = owner.Start;
        var end = offset;
        var deleted = 0;
        for (; deleted < count && lp[end] != EndMark; deleted++) end += Step(lp + end);
        if (deleted == 0) return -1;
        lp = Open(ref owner, offset, end - offset, 0, -deleted);
        return lp[offset] == EndMark ? -1 : offset;
    }

    /// <summary>Replaces bytes at an offset by a gap, and updates the header.</summary>
    static byte* Open<TOwner>(ref TOwner owner, int offset, int remove, int insert, int countChange)
        where TOwner : struct, IPackedOwner, allows ref struct
    {
        var bytes = Bytes(owner.Start);
        Debug.Assert(bytes + (long)insert - remove <= MaxSafeSize && offset >= HeaderSize && offset + remove < bytes);
        // In place if nothing else changes, as in HINCRBY.
        var lp = remove == insert ? owner.Start : owner.Splice(offset, remove, insert);
        *(int*)lp = bytes + insert - remove;
        ref var count = ref *(ushort*)(lp + 4);
        if (countChange != 0 && count != UnknownCount) count = (ushort)Math.Min(UnknownCount, count + countChange);
        return lp;
    }
}
