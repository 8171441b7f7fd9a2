using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Resp;

/// <summary>Where one argument lies: 8 bytes, so that a list of a million arguments costs 8 MB and not objects.</summary>
/// <param name="Offset">Bytes from the start of <see cref="Request.Base"/>.</param>
/// <param name="Length">Bytes; 0 for an empty argument.</param>
public readonly record struct ArgRange(int Offset, int Length);

/// <summary>
/// One request as it lies in the receive buffer: argument 0 is the command's name. It borrows both spans, and is valid
/// until the buffer is advanced or the <see cref="ArgBuffer"/> it was parsed into is used again, whichever comes first.
/// </summary>
public readonly ref struct Request
{
    /// <summary>The bytes that every <see cref="ArgRange"/> is relative to; empty if arguments lie where they want.</summary>
    public readonly ReadOnlySpan<byte> Base;

    public readonly ReadOnlySpan<ArgRange> Args;

    /// <summary>The caller guarantees that every range lies within <paramref name="bytes"/>: access is not checked again.</summary>
    public Request(ReadOnlySpan<byte> bytes, ReadOnlySpan<ArgRange> args)
    {
        Base = bytes;
        Args = args;
    }

    /// <summary>
    /// A request of arguments that lie anywhere around <paramref name="origin"/>, in any order: ranges may begin before it.
    /// <see cref="Base"/> is empty. The caller guarantees that the memory of every range stays.
    /// </summary>
    public static Request Scattered(ref readonly byte origin, ReadOnlySpan<ArgRange> args) =>
        new(MemoryMarshal.CreateReadOnlySpan(in origin, 0), args);

    public int Count => Args.Length;

    /// <summary>Bytes of all arguments.</summary>
    public long ArgumentBytes
    {
        get
        {
            long bytes = 0;
            foreach (var range in Args) bytes += range.Length;
            return bytes;
        }
    }

    /// <summary>Bytes of the request as an array of bulk strings, which is how clients send it.</summary>
    public long EncodedLength
    {
        get
        {
            // A type, a number and a line's end before each argument and before all; a line's end behind each.
            var bytes = ArgumentBytes + 3 + Digits(Count) + 5 * (long)Count;
            foreach (var range in Args) bytes += Digits(range.Length);
            return bytes;

            static int Digits(int number)
            {
                var digits = 1;
                for (; number > 9; number /= 10) digits++;
                return digits;
            }
        }
    }

    /// <summary>
    /// Bytes that <see cref="EncodedLength"/> is at most, whatever lies between the arguments, which are in order unless they are scattered.
    /// Takes no longer for more of them where they are in order.
    /// </summary>
    public long MostEncodedLength
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            return Base.IsEmpty ? EncodedLength : MostLength(Args[0], Args[^1], Count);
        }
    }

    /// <summary><see cref="MostEncodedLength"/> of arguments that are in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long MostLength(ArgRange first, ArgRange last, int count) =>
        last.Offset + (long)last.Length - first.Offset + 15 * (long)count + 13;

    /// <summary>
    /// Argument <paramref name="i"/>, unchecked: a command's arity was verified before its handler runs, and the parser
    /// made the ranges, so a second check per access would be paid by every command for a bug only a test can have.
    /// </summary>
    public ReadOnlySpan<byte> this[int i]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            Debug.Assert((uint)i < (uint)Args.Length, "argument index out of range");
            ArgRange range = Unsafe.Add(ref MemoryMarshal.GetReference(Args), i);
            Debug.Assert(Base.IsEmpty || ((uint)range.Offset <= (uint)Base.Length && range.Length <= Base.Length - range.Offset));
            return MemoryMarshal.CreateReadOnlySpan(
                ref Unsafe.Add(ref MemoryMarshal.GetReference(Base), range.Offset), range.Length);
        }
    }

    /// <summary>The request that remains without its first <paramref name="count"/> arguments.</summary>
    public Request Skip(int count) => new(Base, Args[count..]);
}
