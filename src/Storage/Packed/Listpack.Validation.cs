namespace MiniRedis.Storage.Packed;

/// <summary>Checks bytes of unknown origin (RESTORE, files). Bytes that pass can be read and changed without harm.</summary>
public static unsafe partial class Listpack
{
    /// <summary>
    /// Whether the bytes are a listpack and nothing else: lengths, heads, backward lengths and the count agree. It must have at
    /// least <paramref name="leastElements"/> elements, in groups of <paramref name="group"/> (2 for field and value).
    /// </summary>
    public static bool IsValid(ReadOnlySpan<byte> bytes, int group = 1, int leastElements = 0)
    {
        if (bytes.Length is < EmptySize or > MaxSafeSize) return false;
        fixed (byte* lp = bytes)
        {
            if (Bytes(lp) != bytes.Length || lp[bytes.Length - 1] != EndMark) return false;
            var end = bytes.Length - 1;
            var at = HeaderSize;
            var count = 0;
            for (; at < end && lp[at] != EndMark; count++)
            {
                var step = SafeStep(lp + at, end - at);
                if (step == 0) return false;
                at += step;
            }
            if (at != end || count < leastElements || count % group != 0) return false;
            var stored = *(ushort*)(lp + 4);
            return stored == UnknownCount || stored == count;
        }
    }

    /// <summary>
    /// Bytes to the next element; 0 if there is no element here that ends within <paramref name="room"/> bytes.
    /// </summary>
    static int SafeStep(byte* p, int room)
    {
        uint head = *p;
        var headSize = head < 0xC0 ? 1 : head < 0xF0 ? 2 : head == 0xF0 ? 5 : head <= 0xF4 ? 1 : 0;
        if (headSize == 0 || headSize > room) return 0;
        if (head == 0xF0 && *(uint*)(p + 1) > MaxSafeSize) return 0;
        var length = EncodedLength(p);
        var step = length + BackwardSize(length);
        if (step > room) return 0;

        Span<byte> expected = stackalloc byte[5];
        fixed (byte* backward = expected) WriteBackward(backward, length);
        return expected[..(step - length)].SequenceEqual(new ReadOnlySpan<byte>(p + length, step - length)) ? step : 0;
    }
}
