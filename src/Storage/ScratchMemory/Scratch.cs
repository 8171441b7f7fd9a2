using System.Runtime.CompilerServices;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.ScratchMemory;

/// <summary>
/// Memory that a command needs while it runs, where a client decides how much: of the caller's stack if it is little, else of the
/// arena, so that it is counted in used_memory for as long as it is held, and given back when it is disposed of.
/// </summary>
/// <remarks>
/// Rejected: ArrayPool, which keeps what it was given for ever, for each thread, and counts it nowhere; and arrays, which a heap
/// that is hardly ever collected keeps for as long. Used by the thread of its database. The contents are undefined.
/// </remarks>
/// <typeparam name="T">Of at most 8 bytes alignment.</typeparam>
public readonly unsafe ref struct Scratch<T> : IDisposable
    where T : unmanaged
{
    readonly Arena _arena;
    readonly byte* _block;

    /// <param name="database">Its memory is used.</param>
    /// <param name="length">How many there shall be.</param>
    /// <param name="small">Serves if that many fit.</param>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public Scratch(Database database, int length, Span<T> small = default)
    {
        _arena = database.Arena;
        if (length <= small.Length)
        {
            Span = small[..length];
            return;
        }
        _block = _arena.Allocate((nuint)length * (nuint)sizeof(T));
        Span = new Span<T>(_block, length);
    }

    /// <summary>As many as were asked for.</summary>
    public Span<T> Span { get; }

    public ref T this[int index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Span[index];
    }

    public void Dispose()
    {
        if (_block != null) _arena.Free(_block);
    }
}
