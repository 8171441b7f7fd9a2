using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>What a machine needs of whoever runs scripts.</summary>
public interface IScriptHost
{
    /// <summary>Asked after every <see cref="LuaMachine.CheckInterval"/> calls and backward jumps. False ends the run, whatever it catches.</summary>
    bool MayContinue();

    /// <summary>Runs a function that was registered under the id, and returns through the call.</summary>
    void Call(int id, ref NativeCall call);
}

/// <summary>A script's call of a host's function. Spans are valid until the first value is returned.</summary>
public readonly unsafe ref struct NativeCall
{
    readonly int _base;

    internal NativeCall(LuaMachine machine)
    {
        Machine = machine;
        _base = (int)(machine.Thread->Top - machine.Thread->Stack);
    }

    public LuaMachine Machine { get; }

    /// <summary>The arguments, as they stand on the stack.</summary>
    public ReadOnlySpan<Value> Arguments => new(Machine.Thread->Base, (int)(Machine.Thread->Stack + _base - Machine.Thread->Base));

    internal int Results => (int)(Machine.Thread->Top - Machine.Thread->Stack) - _base;

    /// <summary>Adds a result.</summary>
    public void Return(Value value) => Machine.Push(value);

    /// <summary>Adds a string as result.</summary>
    public void Return(ReadOnlySpan<byte> bytes) => Machine.Push(Machine.NewString(bytes));

    /// <summary>Raises an error with a value as it is, as error() with level 0 does.</summary>
    public void Raise(Value error) => Machine.Throw(error);

    /// <summary>Raises a text with the caller's place in front of it, as luaL_error does.</summary>
    public void Raise(string message) => Machine.Fail(message);
}
