using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory.Slabs;

namespace MiniRedis.Storage.Memory;

/// <summary>
/// What happens when the system refuses memory, so that a change happens whole or not at all (docs/design/memory-refused.md).
/// <code>
///   BeginAttempt ────────────── BeginChange ─────────────── EndAttempt
///        nothing has changed:        the reserve serves;
///        it can be given up          a refusal ends the process
/// </code>
/// <para>
/// The reserve is a run of slabs that ordinary requests do not get. It is filled before a writing command begins. So the blocks
/// that a change takes in its middle are there, whatever the system says by then. Before the first change, a refusal is an
/// exception that costs nothing but the command. Large requests are to be made there.
/// </para>
/// <para>
/// A draft takes many blocks before anything has changed: the result of SUNIONSTORE, the value of RESTORE. From
/// <see cref="BeginDraft"/> on the arena keeps a journal of them, and a draft that is given up is freed block by block, whatever
/// state its structures are in. To see each block, the arena shows its fast path a table of classes without room. So the fast
/// path does not pay for the journal, nor for the trial of a test.
/// </para>
/// </summary>
public sealed unsafe partial class Arena
{
    /// <summary>
    /// Slabs of the reserve: 2 MB of addresses, without memory as long as nobody needs them. A change in its middle takes a new
    /// slab for a few size classes, and spans of 256 KB where an index or a directory grows by a segment (LineArray).
    /// </summary>
    internal const int ReserveSlabs = 32;

    Region? _reserveRegion;
    int _reserveFirst, _reserved;
    bool _isAttempt, _isDraft;
    DraftJournal _journal;
    MemoryTrial? _trial;

    /// <summary>Refuses memory, for tests; null for none.</summary>
    public MemoryTrial? Trial
    {
        get => _trial;
        set
        {
            _trial = value;
            ChooseTable();
        }
    }

    /// <summary>Whether the reserve is whole, so that a change may begin.</summary>
    public bool HasReserve
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _reserved == ReserveSlabs;
    }

    /// <summary>Whether a command runs that has changed nothing yet.</summary>
    public bool IsAttempt => _isAttempt;

    /// <summary>Begins a command, which has changed nothing yet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void BeginAttempt() => _isAttempt = true;

    /// <summary>The command has ended, or something begins that is none: a refusal from here on ends the process.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EndAttempt()
    {
        _isAttempt = false;
        if (_isDraft) EndDraft();
    }

    /// <summary>
    /// The command changes something that others see. To be called before, by whoever does it: from here on a refusal cannot be
    /// taken back, and the reserve serves.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void BeginChange() => EndAttempt();

    /// <summary>As <see cref="BeginChange"/>, for a structure that may be a draft: while there is one, it is that which changes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void BeginEdit()
    {
        if (!_isDraft) _isAttempt = false;
    }

    /// <summary>
    /// The draft is ready, though it changes nothing that others see: a copy of a value that a snapshot reads.
    /// </summary>
    internal void KeepDraft()
    {
        if (_isDraft) EndDraft();
    }

    /// <summary>Whether a draft is being made.</summary>
    internal bool IsDraft => _isDraft;

    /// <summary>
    /// The command takes blocks that nobody else will know before <see cref="BeginChange"/>. Without effect if it has changed
    /// something already.
    /// </summary>
    public void BeginDraft()
    {
        if (!_isAttempt || _isDraft) return;
        _isDraft = true;
        ChooseTable();
    }

    /// <summary>
    /// Gives a command up after a refusal, if it has changed nothing: what its draft has taken is freed. False if it is too late.
    /// </summary>
    public bool TryGiveUp()
    {
        if (!_isAttempt) return false;
        if (_isDraft)
        {
            var kept = _journal.KeepTaken();
            _isDraft = false;
            for (long i = 0; i < kept; i++) Free(_journal[i]);
            _journal.Clear();
            ChooseTable();
        }
        _isAttempt = false;
        return true;
    }

    void EndDraft()
    {
        _isDraft = false;
        _journal.Clear();
        ChooseTable();
    }

    void ChooseTable() => _current = _isDraft || _trial is not null ? _closed : _classes;

    /// <summary>Fills the reserve, if slabs are free or the system gives some. False if not.</summary>
    public bool TryFillReserve()
    {
        if (HasReserve) return true;
        ReclaimDiscarded();
        ReturnReserve();
        foreach (var region in _regions)
        {
            if (region != null && TryReserveIn(region)) return true;
        }
        return TryAddRegion() is { } added && TryReserveIn(added);
    }

    bool TryReserveIn(Region region)
    {
        var first = region.Take(ReserveSlabs, out var wasDirty);
        if (first < 0) return false;
        Recommit(wasDirty);
        // Memory that waits for a refusal would be counted nowhere.
        if (wasDirty > 0) NativePages.Discard(region.Address(first), ReserveSlabs << Region.SlabShift);
        (_reserveRegion, _reserveFirst, _reserved) = (region, first, ReserveSlabs);
        return true;
    }

    /// <summary>Makes what is left of the reserve ordinary free slabs.</summary>
    void ReturnReserve()
    {
        if (_reserved == 0) return;
        var count = _reserved;
        _reserved = 0;
        Return(_reserveRegion!, _reserveFirst, count, stillBacked: false);
        _reserveRegion = null;
    }

    /// <summary>
    /// Takes slabs from the end of the reserve, once there are no others. A draft gets none: it may take any number. Nor do large
    /// blocks before the first change. So the reserve is there for what cannot be refused.
    /// </summary>
    Slab* TakeReserved(int count, bool isLarge)
    {
        if (_isDraft || _isAttempt && isLarge || _reserved < count) return null;
        _reserved -= count;
        return Taken(_reserveRegion!, _reserveFirst + _reserved, wasDirty: 0);
    }

    /// <summary>Whether <see cref="BeginDraft"/> or a test wants to see each block.</summary>
    bool IsWatched
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _current == _closed;
    }

    /// <summary>Asks whether a block may be taken. Each block that is then taken has to be noted.</summary>
    bool MayTake(nuint size) => (_trial is null || _trial.GrantsBlock(size)) && (!_isDraft || _journal.TryMakeRoom());

    void NoteTaken(byte* block)
    {
        if (_isDraft) _journal.NoteTaken(block);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void NoteFreed(byte* block)
    {
        // Without its journal a draft cannot be given up.
        if (!_journal.TryNoteFreed(block)) BeginChange();
    }

    /// <summary>
    /// As <see cref="Allocate"/>, for a block that is not needed, such as a smaller one in place of another: null if it is refused.
    /// The reserve is left alone.
    /// </summary>
    internal byte* TryAllocate(nuint size)
    {
        if (size > SizeClasses.MaxSize) return TryAllocateLarge(size, isOptional: true);
        var sizeClass = SizeClasses.Of(size);
        return _current[sizeClass]->FreeList != null ? AllocateIn(sizeClass) : TryAllocateFresh(sizeClass, isOptional: true);
    }

    /// <summary>
    /// As <see cref="Resize"/>, to fewer bytes. If memory for a smaller block is refused, the block stays: to remove needs none.
    /// </summary>
    internal byte* Shrink(byte* block, nuint used)
    {
        var slab = Region.SlabOf(block);
        if (slab->State < SlabState.Span)
        {
            if (SizeClasses.Of(used) == slab->SizeClass) return block;
        }
        else if (used > SizeClasses.MaxSize)
        {
            var resized = ResizeLarge(slab, block, used);
            if (resized != null) return resized;
        }
        var moved = TryAllocate(used);
        if (moved == null) return block;
        Buffer.MemoryCopy(block, moved, used, used);
        Free(block);
        return moved;
    }

    /// <summary>
    /// Whether so many bytes can be had, in blocks of any sizes, and the reserve besides. For a command whose first change comes
    /// before its last block.
    /// </summary>
    /// <param name="bytes">Bytes of all blocks, their waste included.</param>
    /// <param name="largest">Bytes of the largest of them.</param>
    public bool CanTake(long bytes, long largest)
    {
        if (largest > (long)MaxSpan)
        {
            // A mapping of its own: asked for and given back, since nobody else takes address space by the hundred megabytes.
            var extent = RoundToPages((nuint)bytes) + Region.SlabSize;
            var start = TryMap(extent);
            if (start == null) return false;
            NativePages.Release(start, extent);
            return TryFillReserve();
        }
        var needed = (bytes >> Region.SlabShift) + 1;
        var run = SlabsFor((nuint)Math.Max(1, largest));
        while (true)
        {
            if (!TryFillReserve()) return false;
            long free = 0;
            var hasRun = false;
            foreach (var region in _regions)
            {
                if (region == null) continue;
                free += region.FreeCount;
                hasRun |= region.HasRun(run);
            }
            if (free >= needed && hasRun) return true;
            if (TryAddRegion() is null) return false;
        }
    }

    /// <summary>Address space for a region or for a block of its own; null if the system refuses it.</summary>
    byte* TryMap(nuint size)
    {
        if (_trial is not null && !_trial.GrantsPages(size)) return null;
        while (true)
        {
            var start = NativePages.TryReserveNamed(size, Region.Size);
            // FLUSHALL and DEL give memory back on another thread: what they have freed may still be on its way.
            if (start != null || !NativePages.AwaitReleases()) return start;
        }
    }

    static MemoryRefusedException Refused(nuint bytes) => new(bytes);
}
