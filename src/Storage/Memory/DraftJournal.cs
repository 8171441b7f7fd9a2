using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Memory;

/// <summary>
/// The blocks that a draft has taken and freed, one word each: the address, with bit 0 set where the block was freed. What was
/// taken and not freed again is found by sorting, in place, so that giving a draft up needs no memory.
/// </summary>
/// <remarks>
/// Rejected: a set of addresses, which a draft of ten million blocks would fill with cache misses. The words are the C library's
/// memory, not the arena's, and are given back when the draft ends.
/// </remarks>
unsafe struct DraftJournal
{
    const long FirstWords = 1024;

    nuint* _words;
    long _count, _capacity, _taken;

    /// <summary>Makes room for a block to be taken, and for all that were taken to be freed.</summary>
    /// <returns>False if there is no memory for it.</returns>
    public bool TryMakeRoom()
    {
        if (_count + _taken + 2 <= _capacity) return true;
        var capacity = Math.Max(FirstWords, _capacity * 2);
        try
        {
            _words = (nuint*)NativeMemory.Realloc(_words, (nuint)capacity * (nuint)sizeof(nuint));
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
        _capacity = capacity;
        return true;
    }

    public void NoteTaken(byte* block)
    {
        _words[_count++] = (nuint)block;
        _taken++;
    }

    /// <summary>Notes that a block was freed. False if there is no room for it: more were freed than taken.</summary>
    public bool TryNoteFreed(byte* block)
    {
        if (_count + 1 + _taken > _capacity && !TryMakeRoom()) return false;
        _words[_count++] = (nuint)block | 1;
        return true;
    }

    /// <summary>Brings the blocks that were taken and not freed to the front. Returns how many there are.</summary>
    public long KeepTaken()
    {
        new Span<nuint>(_words, checked((int)_count)).Sort();
        // An address that was used several times has all its words side by side: those of "taken" first.
        long kept = 0;
        for (long i = 0; i < _count;)
        {
            var block = _words[i];
            var open = 0;
            for (; i < _count && (_words[i] | 1) == (block | 1); i++) open += (_words[i] & 1) == 0 ? 1 : -1;
            if (open > 0) _words[kept++] = block;
        }
        return kept;
    }

    public readonly byte* this[long index] => (byte*)_words[index];

    public void Clear()
    {
        NativeMemory.Free(_words);
        this = default;
    }
}
