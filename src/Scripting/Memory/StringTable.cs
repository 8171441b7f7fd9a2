using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Scripting.Memory;

/// <summary>
/// All strings, each once, so that equality is equality of addresses, as in Lua 5.1. The hash is Redis's: that of 5.1.5, but over every
/// byte of a long string too. It decides in which order pairs() goes through a table. Strings of a run stand in front of fixed ones in
/// no particular order; <see cref="DropRun"/> takes them out.
/// </summary>
internal sealed unsafe class StringTable(Heap heap) : IDisposable
{
    const int Smallest = 512;

    /// <summary>Strings of a run that are taken out one by one; for more, the whole table is gone through.</summary>
    const int MostListed = 256;

    GcObject** _buckets = NewBuckets(Smallest);
    readonly LuaString*[] _listed = new LuaString*[MostListed];
    int _size = Smallest, _count, _fixedCount;

    // Strings of the run that are listed; beyond MostListed if some are not, or may have been freed.
    int _listedCount;

    static GcObject** NewBuckets(int size) => (GcObject**)NativeMemory.AllocZeroed((nuint)size, (nuint)sizeof(void*));

    public static uint HashOf(byte* bytes, int length)
    {
        var h = (uint)length;
        for (var p = bytes + length; p > bytes;) h ^= (h << 5) + (h >> 2) + *--p;
        return h;
    }

    public LuaString* Intern(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* p = bytes) return Intern(p, bytes.Length);
    }

    public LuaString* Intern(byte* bytes, int length)
    {
        var hash = HashOf(bytes, length);
        for (var o = _buckets[hash & (uint)(_size - 1)]; o != null; o = o->Next)
        {
            var s = (LuaString*)o;
            if (s->Hash == hash && s->Length == length && Same(LuaString.BytesOf(s), bytes, length)) return s;
        }
        return Add(bytes, length, hash);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool Same(byte* a, byte* b, int length) => new ReadOnlySpan<byte>(a, length).SequenceEqual(new ReadOnlySpan<byte>(b, length));

    LuaString* Add(byte* bytes, int length, uint hash)
    {
        if (_count >= _size) Resize(_size * 2);
        var s = (LuaString*)heap.Allocate((nint)LuaString.HeaderBytes + length + 1);
        s->Type = (byte)LuaType.String;
        s->Mark = heap.IsFixed ? GcMark.Fixed : GcMark.White;
        s->Reserved = 0;
        s->Hash = hash;
        s->Length = length;
        Unsafe.CopyBlockUnaligned(LuaString.BytesOf(s), bytes, (uint)length);
        LuaString.BytesOf(s)[length] = 0;
        ref var bucket = ref _buckets[hash & (uint)(_size - 1)];
        s->Next = bucket;
        bucket = (GcObject*)s;
        _count++;
        if (heap.IsFixed) _fixedCount++;
        else if (_listedCount < MostListed) _listed[_listedCount++] = s;
        else _listedCount = MostListed + 1;
        return s;
    }

    void Resize(int size)
    {
        var buckets = NewBuckets(size);
        for (var i = 0; i < _size; i++)
        {
            for (var o = _buckets[i]; o != null;)
            {
                var next = o->Next;
                ref var bucket = ref buckets[((LuaString*)o)->Hash & (uint)(size - 1)];
                o->Next = bucket;
                bucket = o;
                o = next;
            }
        }
        NativeMemory.Free(_buckets);
        _buckets = buckets;
        _size = size;
    }

    /// <summary>Frees the strings that no mark has reached, and whitens the others.</summary>
    public void Sweep()
    {
        _listedCount = MostListed + 1;
        for (var i = 0; i < _size; i++)
        {
            var link = &_buckets[i];
            while (*link != null)
            {
                var o = *link;
                if (o->Mark != GcMark.White)
                {
                    if (o->Mark == GcMark.Black) o->Mark = GcMark.White;
                    link = &o->Next;
                    continue;
                }
                *link = o->Next;
                _count--;
                heap.Free((void*)o, (nint)LuaString.HeaderBytes + ((LuaString*)o)->Length + 1);
            }
        }
        if (_size > Smallest && _count < _size / 4) Resize(_size / 2);
    }

    /// <summary>Forgets the strings of the run, whose memory the heap drops.</summary>
    public void DropRun()
    {
        if (_listedCount <= MostListed)
        {
            for (var i = 0; i < _listedCount; i++) TakeOut(_listed[i]);
        }
        else
        {
            TakeOutAll();
        }
        _listedCount = 0;
        _count = _fixedCount;
        var size = Math.Max(Smallest, Heap.PowerOfTwo(_count));
        if (size < _size) Resize(size);
    }

    void TakeOut(LuaString* s)
    {
        var link = &_buckets[s->Hash & (uint)(_size - 1)];
        while (*link != (GcObject*)s) link = &(*link)->Next;
        *link = s->Next;
    }

    void TakeOutAll()
    {
        for (var i = 0; i < _size; i++)
        {
            var link = &_buckets[i];
            while (*link != null)
            {
                if ((*link)->Mark == GcMark.Fixed) link = &(*link)->Next;
                else *link = (*link)->Next;
            }
        }
    }

    public void Dispose() => NativeMemory.Free(_buckets);
}
