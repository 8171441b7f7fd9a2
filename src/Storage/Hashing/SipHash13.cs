using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Hashing;

/// <summary>
/// SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012), with one compression and three finalization
/// rounds. Rust and Ruby chose this variant for their hash tables. It is keyed, so a client cannot flood one bucket, and for a
/// 16-byte key it does about half the work of SipHash-2-4. Redis uses SipHash-1-2.
/// </summary>
/// <remarks>
/// The state lives in four locals: the JIT must keep a struct of four words addressable, and spills it in every round.
/// </remarks>
static class SipHash13
{
    public static ulong Hash(ReadOnlySpan<byte> data, HashSeed seed)
    {
        var v0 = seed.K0 ^ 0x736f6d6570736575UL;
        var v1 = seed.K1 ^ 0x646f72616e646f6dUL;
        var v2 = seed.K0 ^ 0x6c7967656e657261UL;
        var v3 = seed.K1 ^ 0x7465646279746573UL;

        ref var p = ref MemoryMarshal.GetReference(data);
        var length = (nuint)(uint)data.Length;
        nuint i = 0;
        for (; i + 8 <= length; i += 8)
        {
            var m = Unsafe.ReadUnaligned<ulong>(ref Unsafe.AddByteOffset(ref p, i));
            v3 ^= m;
            Round(ref v0, ref v1, ref v2, ref v3);
            v0 ^= m;
        }

        var last = (ulong)length << 56 | Tail(ref p, i, length);
        v3 ^= last;
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= last;

        v2 ^= 0xff;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        return v0 ^ v1 ^ v2 ^ v3;
    }

    /// <summary>The 0 to 7 bytes from <paramref name="i"/> on, as a little-endian number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Tail(ref byte p, nuint i, nuint length)
    {
        var rest = (int)(length - i);
        if (rest == 0) return 0;
        // One load that ends at the key's last byte, shifted, replaces up to seven single ones.
        if (length >= 8) return Unsafe.ReadUnaligned<ulong>(ref Unsafe.AddByteOffset(ref p, length - 8)) >> (64 - 8 * rest);
        if (rest >= 4)
        {
            ulong low = Unsafe.ReadUnaligned<uint>(ref p);
            ulong high = Unsafe.ReadUnaligned<uint>(ref Unsafe.AddByteOffset(ref p, length - 4));
            return low | high << (8 * (rest - 4));
        }
        ulong first = p;
        ulong middle = Unsafe.AddByteOffset(ref p, length / 2);
        ulong final = Unsafe.AddByteOffset(ref p, length - 1);
        return first | middle << (8 * (rest / 2)) | final << (8 * (rest - 1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v1 = BitOperations.RotateLeft(v1, 13);
        v1 ^= v0;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v3;
        v3 = BitOperations.RotateLeft(v3, 16);
        v3 ^= v2;
        v0 += v3;
        v3 = BitOperations.RotateLeft(v3, 21);
        v3 ^= v0;
        v2 += v1;
        v1 = BitOperations.RotateLeft(v1, 17);
        v1 ^= v2;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
