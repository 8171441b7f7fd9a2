using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>Making values, and reading and filling tables from outside.</summary>
public sealed unsafe partial class LuaMachine
{
    void Link(GcObject* o)
    {
        o->Mark = _heap.IsFixed ? GcMark.Fixed : GcMark.White;
        ref var list = ref _heap.IsFixed ? ref _fixedObjects : ref _objects;
        o->Next = list;
        list = o;
    }

    internal Table* NewTable(int arraySize, int hashSize)
    {
        if (_heap.IsFixed) fixed (GcObject** list = &_fixedObjects) return Table.Create(_heap, list, arraySize, hashSize);
        fixed (GcObject** list = &_objects) return Table.Create(_heap, list, arraySize, hashSize);
    }

    internal LuaString* Intern(ReadOnlySpan<byte> bytes) => _strings.Intern(bytes);

    Closure* NewLuaClosure(Proto* proto, Table* environment)
    {
        var closure = (Closure*)_heap.Allocate(sizeof(Closure) + proto->UpValueCount * sizeof(void*));
        *closure = default;
        closure->Header.Type = (byte)LuaType.Function;
        closure->Proto = proto;
        closure->Environment = environment;
        Link((GcObject*)closure);
        return closure;
    }

    internal Closure* NewNative(delegate*<LuaMachine, int> code, int values, int id = 0)
    {
        var closure = (Closure*)_heap.Allocate(sizeof(Closure) + values * sizeof(Value));
        *closure = default;
        closure->Header.Type = (byte)LuaType.Function;
        closure->Native = code;
        closure->Environment = _globals;
        closure->UpValueCount = values;
        closure->Id = id;
        for (var i = 0; i < values; i++) Closure.Values(closure)[i] = Value.Nil;
        Link((GcObject*)closure);
        return closure;
    }

    internal Userdata* NewUserdata(Table* metatable)
    {
        var userdata = _heap.Allocate<Userdata>();
        *userdata = new() { Header = { Type = (byte)LuaType.Userdata }, Metatable = metatable };
        Link((GcObject*)userdata);
        return userdata;
    }

    /// <summary>A string of the run.</summary>
    public Value NewString(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= LongString) Charge(bytes.Length / BytesHashed);
        return Value.From(_strings.Intern(bytes));
    }

    /// <summary>An empty table of the run. Until it is returned or stored, nothing may run.</summary>
    public Value NewTable(int listLength) => Value.From(NewTable(listLength, 0));

    /// <summary>Reads an element of a list, without metamethods.</summary>
    public static Value GetElement(Value table, int index) => *table.Table->Get(index);

    /// <summary>Writes an element of a list, without metamethods.</summary>
    public void SetElement(Value table, int index, Value value) => *table.Table->Set(_heap, index) = value;

    internal void Push(Value value)
    {
        EnsureStack(1);
        *_thread->Top++ = value;
    }
}
