using MiniRedis.Scripting.Machine;

namespace MiniRedis.Scripting.Libraries;

/// <summary>
/// What waits while something nested is read or written. It lies in the run's memory rather than on the stack of .NET, because data
/// decide how deep it gets. <see cref="Slots"/> counts what the original libraries have on Lua's stack at that point: Lua's limit on it
/// is the limit on nesting that a script can see.
/// </summary>
internal unsafe struct FrameStack<T>(LuaMachine machine) : IDisposable where T : unmanaged
{
    T* _frames;
    int _capacity;

    public int Count { get; private set; }

    /// <summary>Slots of Lua's stack that the frames stand for.</summary>
    public int Slots { get; private set; }

    public readonly ref T Top => ref _frames[Count - 1];

    /// <summary>Whether Lua would grant that many slots more.</summary>
    public readonly bool HasRoom(int slots) => machine.ArgumentCount + Slots + slots <= LuaMachine.MostNativeSlots;

    public void Push(T frame, int slots)
    {
        if (Count == _capacity)
        {
            var capacity = Math.Max(16, _capacity * 2);
            _frames = machine.Heap.Grow(_frames, _capacity, capacity);
            _capacity = capacity;
        }
        _frames[Count++] = frame;
        Slots += slots;
    }

    /// <summary>Counts slots that come and go while a frame stays.</summary>
    public void Reserve(int slots) => Slots += slots;

    public void Pop(int slots)
    {
        Count--;
        Slots -= slots;
    }

    public void Dispose()
    {
        machine.Heap.Free(_frames, _capacity);
        _frames = null;
        _capacity = 0;
    }
}
