using System.Buffers.Binary;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>
/// cmsgpack.unpack. Lengths that the data claim make no memory: a table grows by the values that are there. Extension types are bad
/// data, as they are for the original.
/// </summary>
internal unsafe struct MessagePackReader(LuaMachine machine, LuaString* text, int position) : IDisposable
{
    /// <summary>Slots of Lua's stack that a table takes while it is read: itself, and an index or a key.</summary>
    const int ArraySlots = 2, MapSlots = 1, KeySlots = 1;

    const string TooMany = "too many return values at once; use unpack_one or unpack_limit instead.";

    struct Frame
    {
        public Table* Table;

        /// <summary>Elements or entries to come.</summary>
        public uint Remaining;

        /// <summary>Elements so far; -1 in a map.</summary>
        public int Index;
        public bool HasKey;
        public Value Key;
    }

    FrameStack<Frame> _frames = new(machine);

    public int Position { get; private set; } = position;

    public readonly bool IsAtEnd => Position == text->Length;

    /// <summary>Pushes the next value of the text.</summary>
    public void PushValue() => machine.Push(ReadValue());

    Value ReadValue()
    {
        while (true)
        {
            machine.Spend(1);
            if (!ReadOne(out var value)) continue;
            while (_frames.Count > 0)
            {
                ref var frame = ref _frames.Top;
                if (frame.Index < 0 && !frame.HasKey)
                {
                    (frame.Key, frame.HasKey) = (value, true);
                    _frames.Reserve(KeySlots);
                    break;
                }
                Store(ref frame, value);
                if (--frame.Remaining > 0) break;
                value = Value.From(frame.Table);
                _frames.Pop(frame.Index < 0 ? MapSlots : ArraySlots);
            }
            if (_frames.Count == 0) return value;
        }
    }

    void Store(ref Frame frame, Value value)
    {
        if (frame.Index < 0)
        {
            var key = frame.Key;
            *machine.Place(frame.Table, &key) = value;
            frame.HasKey = false;
            _frames.Reserve(-KeySlots);
            return;
        }
        *frame.Table->Set(machine.Heap, ++frame.Index) = value;
    }

    /// <summary>Reads a scalar, or the head of a table that has entries: false then.</summary>
    bool ReadOne(out Value value)
    {
        value = Value.Nil;
        var head = Take(1)[0];
        if (!_frames.HasRoom(1)) machine.Fail($"stack overflow ({TooMany})");
        switch (head)
        {
            case <= 0x7F: value = Value.From(head); return true;
            case <= 0x8F: return BeginMap((uint)head & 0xF, out value);
            case <= 0x9F: return BeginArray((uint)head & 0xF, out value);
            case <= 0xBF: value = machine.NewString(Take(head & 0x1Fu)); return true;
            case 0xC0: return true;
            case 0xC2 or 0xC3: value = Value.From(head == 0xC3); return true;
            case 0xCA: value = Value.From(BitConverter.UInt32BitsToSingle((uint)Word(4))); return true;
            case 0xCB: value = Value.From(BitConverter.UInt64BitsToDouble(Word(8))); return true;
            case 0xCC: value = Value.From(Word(1)); return true;
            case 0xCD: value = Value.From(Word(2)); return true;
            case 0xCE: value = Value.From(Word(4)); return true;
            // Integers of Lua 5.1's C interface are signed, so the upper half of the unsigned ones is negative.
            case 0xCF or 0xD3: value = Value.From((long)Word(8)); return true;
            case 0xD0: value = Value.From((sbyte)Word(1)); return true;
            case 0xD1: value = Value.From((short)Word(2)); return true;
            case 0xD2: value = Value.From((int)Word(4)); return true;
            case 0xD9: value = machine.NewString(Take((uint)Word(1))); return true;
            case 0xDA: value = machine.NewString(Take((uint)Word(2))); return true;
            case 0xDB: value = machine.NewString(Take((uint)Word(4))); return true;
            case 0xDC: return BeginArray((uint)Word(2), out value);
            case 0xDD: return BeginArray((uint)Word(4), out value);
            case 0xDE: return BeginMap((uint)Word(2), out value);
            case 0xDF: return BeginMap((uint)Word(4), out value);
            case >= 0xE0: value = Value.From((sbyte)head); return true;
            default:
                machine.Fail("Bad data format in input.");
                return false;
        }
    }

    bool BeginArray(uint count, out Value value)
    {
        value = Value.From(machine.NewTable(0, 0));
        if (!_frames.HasRoom(ArraySlots)) machine.Fail("stack overflow (in function mp_decode_to_lua_array)");
        if (count == 0) return true;
        _frames.Push(new Frame { Table = value.Table, Remaining = count }, ArraySlots);
        return false;
    }

    bool BeginMap(uint count, out Value value)
    {
        value = Value.From(machine.NewTable(0, 0));
        if (count == 0) return true;
        _frames.Push(new Frame { Table = value.Table, Remaining = count, Index = -1 }, MapSlots);
        return false;
    }

    ReadOnlySpan<byte> Take(uint count)
    {
        if (count > text->Length - Position) machine.Fail("Missing bytes in input.");
        machine.Spend((int)(count >> 8));
        var taken = text->Span.Slice(Position, (int)count);
        Position += (int)count;
        return taken;
    }

    /// <summary>A word of up to eight bytes, the highest first.</summary>
    ulong Word(int size)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bytes.Clear();
        Take((uint)size).CopyTo(bytes[^size..]);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    public void Dispose() => _frames.Dispose();
}
