namespace MiniRedis.Storage.Packed;

/// <summary>
/// The compression of RDB strings and of the inner nodes of lists. It is the format of Marc Lehmann's LibLZF: an LZ77 whose
/// tokens are bytes, so that it costs little more than a copy.
/// <code>
///   000lllll + l+1 bytes                  a run of 1 to 32 bytes as they are
///   lllooooo oooooooo                     the l+2 (3 to 8) bytes that stand o+1 (1 to 8192) bytes before here
///   111ooooo llllllll oooooooo            as many as l+9 (9 to 264)
/// </code>
/// The compressor remembers where it last saw each three bytes (by a hash of them). If there is a match at that place it takes
/// it; it does not search. Decompressing trusts nothing.
/// </summary>
public static class Lzf
{
    const int HashBits = 14;
    const int MaxLiteral = 32, MaxOffset = 8192, MaxMatch = 264;

    // Positions go on counting from call to call. What an earlier call left is then out of reach and need not be cleared.
    sealed class Memory
    {
        public readonly int[] Seen = new int[1 << HashBits];
        public int Base = MaxOffset + 1;
    }

    [ThreadStatic] static Memory? t_memory;

    /// <summary>
    /// Compresses <paramref name="input"/>. Returns the number of bytes written, or 0 if <paramref name="output"/> is too small.
    /// A caller makes the output as small as compression must be to pay.
    /// </summary>
    public static int Compress(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (input.Length < 4) return 0;
        var memory = t_memory ??= new Memory();
        if (memory.Base > int.MaxValue - input.Length - MaxOffset - 1) memory = t_memory = new Memory();
        var seen = memory.Seen;
        var start = memory.Base;
        memory.Base += input.Length + MaxOffset + 1;

        var written = 0;
        var literal = 0;
        var at = 0;
        while (at + 2 < input.Length)
        {
            ref var slot = ref seen[Hash(input, at)];
            var reference = slot - start;
            slot = start + at;
            var offset = at - reference - 1;
            if (reference < 0 || offset >= MaxOffset || input[reference] != input[at] || input[reference + 1] != input[at + 1]
                || input[reference + 2] != input[at + 2])
            {
                at++;
                continue;
            }
            if (!WriteLiterals(input[literal..at], output, ref written)) return 0;
            var length = Math.Min(MaxMatch, input.Length - at);
            length = 3 + input.Slice(reference + 3, length - 3).CommonPrefixLength(input.Slice(at + 3, length - 3));
            if (written + (length < 9 ? 2 : 3) > output.Length) return 0;
            if (length < 9)
            {
                output[written++] = (byte)(length - 2 << 5 | offset >> 8);
            }
            else
            {
                output[written++] = (byte)(7 << 5 | offset >> 8);
                output[written++] = (byte)(length - 9);
            }
            output[written++] = (byte)offset;
            at += length;
            // The next match may well begin in the last bytes of this one.
            for (var i = at - 2; i < at && i + 2 < input.Length; i++) seen[Hash(input, i)] = start + i;
            literal = at;
        }
        return WriteLiterals(input[literal..], output, ref written) ? written : 0;
    }

    static int Hash(ReadOnlySpan<byte> input, int at)
    {
        var three = (uint)(input[at] | input[at + 1] << 8 | input[at + 2] << 16);
        return (int)(three * 0x9E3779B1u >> 32 - HashBits);
    }

    static bool WriteLiterals(ReadOnlySpan<byte> literals, Span<byte> output, ref int written)
    {
        while (literals.Length > 0)
        {
            var run = Math.Min(MaxLiteral, literals.Length);
            if (output.Length - written < run + 1) return false;
            output[written++] = (byte)(run - 1);
            literals[..run].CopyTo(output[written..]);
            written += run;
            literals = literals[run..];
        }
        return true;
    }

    /// <summary>
    /// Decompresses. False unless the bytes are well-formed and yield exactly as many bytes as <paramref name="output"/> holds.
    /// </summary>
    public static bool TryDecompress(ReadOnlySpan<byte> input, Span<byte> output)
    {
        int read = 0, written = 0;
        while (read < input.Length)
        {
            int control = input[read++];
            if (control < MaxLiteral)
            {
                var run = control + 1;
                if (run > input.Length - read || run > output.Length - written) return false;
                input.Slice(read, run).CopyTo(output[written..]);
                read += run;
                written += run;
                continue;
            }
            var length = (control >> 5) + 2;
            if (length == 9)
            {
                if (read == input.Length) return false;
                length += input[read++];
            }
            if (read == input.Length) return false;
            var offset = ((control & 0x1F) << 8 | input[read++]) + 1;
            if (offset > written || length > output.Length - written) return false;
            CopyMatch(output, written, offset, length);
            written += length;
        }
        return written == output.Length;
    }

    /// <summary>Copies a match. It may overlap the bytes it writes; then it repeats the last few bytes.</summary>
    static void CopyMatch(Span<byte> output, int at, int offset, int length)
    {
        if (offset >= length)
        {
            output.Slice(at - offset, length).CopyTo(output[at..]);
            return;
        }
        for (var i = 0; i < length; i++) output[at + i] = output[at + i - offset];
    }
}
