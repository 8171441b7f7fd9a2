using System.Numerics;
using System.Runtime.InteropServices;

namespace MiniRedis.Scripting.Memory;

/// <summary>
/// The native memory of one machine.
///
/// Small blocks are cut from chunks and go back to free lists by size class; a block above <see cref="LargestSmall"/> comes from
/// malloc and is linked, so that it can be dropped. Two ages share the code:
///
///     fixed chunks   libraries and compiled scripts, until the machine goes away
///     young chunks   everything a run makes, dropped at its end, whatever points where
///
/// Nothing fixed points at anything young: tables of the libraries are read-only. So a run costs no tracing at its end.
/// <see cref="Used"/> counts every byte of the run, rounded as it is handed out. One thread at a time.
/// </summary>
internal sealed unsafe class Heap : IDisposable
{
    const int Granule = 16, LargestSmall = 1024, FirstChunk = 32 * 1024, LaterChunk = 256 * 1024;

    [StructLayout(LayoutKind.Sequential, Size = 32)]
    struct Large
    {
        public Large* Next, Previous;
        public nint Size;
    }

    struct Chunk
    {
        public Chunk* Next;
        public nint Size;
    }

    struct Age
    {
        public Chunk* Chunks;
        public byte* Bump, End;
        public Large* LargeBlocks;
    }

    readonly void*[] _free = new void*[LargestSmall / Granule + 1];
    Age _age, _other;
    bool _isFixed;

    /// <summary>Bytes handed out to the run.</summary>
    public long Used { get; private set; }

    /// <summary>The most that was handed out to the run since it was last set.</summary>
    public long Peak { get; set; }

    /// <summary>Bytes of libraries and compiled scripts.</summary>
    public long FixedBytes { get; private set; }

    /// <summary>
    /// Blocks of 64 bytes that were cut for large objects and not yet counted as work: what asks for much memory also fills it.
    /// </summary>
    public long Work { get; set; }

    /// <summary>What <see cref="Used"/> may not exceed.</summary>
    public long Limit { get; set; } = long.MaxValue;

    /// <summary>Whether what is allocated now outlives the run.</summary>
    public bool IsFixed
    {
        get => _isFixed;
        set
        {
            if (value == _isFixed) return;
            _isFixed = value;
            (_age, _other) = (_other, _age);
            Array.Clear(_free);
        }
    }

    static int RoundUp(nint size) => (int)((size + Granule - 1) & ~(Granule - 1));

    /// <summary>A block of at least that many bytes, not cleared.</summary>
    /// <exception cref="LuaMemoryException">The limit or the system refuses.</exception>
    public void* Allocate(nint size)
    {
        if (size > LargestSmall) return AllocateLarge(size);
        var rounded = RoundUp(size);
        Count(rounded);
        ref var free = ref _free[rounded / Granule];
        if (free != null)
        {
            var block = free;
            free = *(void**)block;
            return block;
        }
        if (_age.End - _age.Bump < rounded) NewChunk(rounded);
        var cut = _age.Bump;
        _age.Bump += rounded;
        return cut;
    }

    public T* Allocate<T>(int count = 1) where T : unmanaged => (T*)Allocate((nint)count * sizeof(T));

    void Count(nint size)
    {
        if (_isFixed)
        {
            FixedBytes += size;
            return;
        }
        if (size > Limit - Used) throw new LuaMemoryException();
        Used += size;
        if (Used > Peak) Peak = Used;
    }

    void* AllocateLarge(nint size)
    {
        if (size < 0 || size > int.MaxValue) throw new LuaMemoryException();
        Count(size);
        if (!_isFixed) Work += size >> 6;
        var block = (Large*)FromSystem(size + sizeof(Large), size);
        block->Size = size;
        block->Previous = null;
        block->Next = _age.LargeBlocks;
        if (block->Next != null) block->Next->Previous = block;
        _age.LargeBlocks = block;
        return block + 1;
    }

    /// <summary>Memory of the system. If it refuses, what was counted is taken back.</summary>
    public void* FromSystem(nint size, nint counted)
    {
        try
        {
            return NativeMemory.Alloc((nuint)size);
        }
        catch (OutOfMemoryException)
        {
            if (_isFixed) FixedBytes -= counted;
            else Used -= counted;
            throw new LuaMemoryException();
        }
    }

    void NewChunk(int asked)
    {
        var size = _age.Chunks == null ? FirstChunk : LaterChunk;
        var chunk = (Chunk*)FromSystem(size, asked);
        chunk->Next = _age.Chunks;
        chunk->Size = size;
        _age.Chunks = chunk;
        _age.Bump = (byte*)(chunk + 1);
        _age.End = (byte*)chunk + size;
    }

    /// <summary>Takes a block of the run back. The size is the one it was asked for with.</summary>
    public void Free(void* block, nint size)
    {
        if (block == null || _isFixed) return;
        if (size > LargestSmall)
        {
            var large = (Large*)block - 1;
            Used -= large->Size;
            if (large->Previous != null) large->Previous->Next = large->Next;
            else _age.LargeBlocks = large->Next;
            if (large->Next != null) large->Next->Previous = large->Previous;
            NativeMemory.Free(large);
            return;
        }
        var rounded = RoundUp(size);
        Used -= rounded;
        ref var free = ref _free[rounded / Granule];
        *(void**)block = free;
        free = block;
    }

    public void Free<T>(T* block, int count) where T : unmanaged => Free((void*)block, (nint)count * sizeof(T));

    /// <summary>A block with the content of the old one, which is taken back.</summary>
    public T* Grow<T>(T* old, int count, int newCount) where T : unmanaged
    {
        var grown = Allocate<T>(newCount);
        if (old != null) Buffer.MemoryCopy(old, grown, (nint)newCount * sizeof(T), (nint)Math.Min(count, newCount) * sizeof(T));
        Free(old, count);
        return grown;
    }

    /// <summary>Drops everything that the run allocated. The first chunk stays for the next run.</summary>
    public void DropRun()
    {
        Array.Clear(_free);
        FreeLarge(ref _age);
        while (_age.Chunks != null && _age.Chunks->Next != null)
        {
            var next = _age.Chunks->Next;
            NativeMemory.Free(_age.Chunks);
            _age.Chunks = next;
        }
        if (_age.Chunks != null)
        {
            _age.Bump = (byte*)(_age.Chunks + 1);
            _age.End = (byte*)_age.Chunks + _age.Chunks->Size;
        }
        Used = Work = 0;
    }

    static void FreeLarge(ref Age age)
    {
        while (age.LargeBlocks != null)
        {
            var next = age.LargeBlocks->Next;
            NativeMemory.Free(age.LargeBlocks);
            age.LargeBlocks = next;
        }
    }

    static void FreeAll(ref Age age)
    {
        FreeLarge(ref age);
        while (age.Chunks != null)
        {
            var next = age.Chunks->Next;
            NativeMemory.Free(age.Chunks);
            age.Chunks = next;
        }
        age = default;
    }

    public void Dispose()
    {
        FreeAll(ref _age);
        FreeAll(ref _other);
    }

    /// <summary>The smallest power of two that is at least the count.</summary>
    public static int PowerOfTwo(int count) => (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(1, count));
}
