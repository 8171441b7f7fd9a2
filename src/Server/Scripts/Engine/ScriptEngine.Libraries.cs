using MiniRedis.Resp;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Server.Scripts.Engine;

/// <summary>Runs the code of a library, and redis.register_function, which this code calls.</summary>
sealed partial class ScriptEngine
{
    // While its code runs.
    FunctionLibrary? _library;

    /// <summary>Runs the code of a library, which registers its functions.</summary>
    /// <param name="code">The text without the words of its first line.</param>
    /// <param name="library">Gets the functions.</param>
    /// <returns>The error; null if there is none.</returns>
    public byte[]? Load(ReadOnlySpan<byte> code, FunctionLibrary library)
    {
        if (!Machine.TryLoad(code, "@user_function"u8, out var script, out var error)) return Errors.LibraryDoesNotCompile(error!);
        Machine.ShowGlobals(_loadGlobals);
        _library = library;
        _services.Running.BeginLoading();
        Machine.BeginRun();
        try
        {
            return Machine.Run(script, out var result) ? null : Errors.LibraryFailed(TextOf(result));
        }
        catch (LuaStoppedException)
        {
            return Errors.LibraryFailed(Errors.LibraryLoadTimeout);
        }
        finally
        {
            Machine.EndRun();
            Machine.ShowGlobals(Value.Nil);
            _services.Running.EndLoading();
            _library = null;
        }
    }

    /// <summary>The text of an error: that of its table, or itself with the general code.</summary>
    byte[] TextOf(Value error)
    {
        if (error.IsTable) error = LuaMachine.Get(error, _names.Err);
        else if (error.IsString) return [.. "ERR "u8, .. error.AsBytes];
        return error.IsString ? error.AsBytes.ToArray() : "ERR unknown error"u8.ToArray();
    }

    sealed class Registration
    {
        public Value Name, Description, Callback;
        public ScriptFlags Flags;
    }

    void Register(ref NativeCall call)
    {
        if (_library is not { } library)
        {
            Raise(ref call, Errors.RegisterOutsideLoad);
            return;
        }
        var registration = new Registration();
        var error = Read(call.Arguments, registration);
        if (error.IsEmpty) error = Add(library, registration);
        if (!error.IsEmpty) Raise(ref call, error);
    }

    ReadOnlySpan<byte> Add(FunctionLibrary library, Registration registration)
    {
        var name = registration.Name.AsBytes;
        if (!Shebang.IsName(name)) return Errors.FunctionName;
        foreach (var other in library.Functions)
        {
            if (name.SequenceEqual(other.Name)) return Errors.FunctionInLibrary;
        }
        var description = registration.Description.IsNil ? null : registration.Description.AsBytes.ToArray();
        library.Functions.Add(new(name.ToArray(), description, registration.Flags, Machine.Keep(registration.Callback), library));
        return default;
    }

    ReadOnlySpan<byte> Read(ReadOnlySpan<Value> arguments, Registration registration)
    {
        if (arguments.Length is < 1 or > 2) return Errors.RegisterArguments;
        if (arguments.Length == 1) return ReadNamed(arguments[0], registration);
        if (!TryText(arguments[0], out registration.Name)) return Errors.RegisterFirst;
        registration.Callback = arguments[1];
        return arguments[1].Type == LuaType.Function ? default : Errors.RegisterSecond;
    }

    ReadOnlySpan<byte> ReadNamed(Value table, Registration registration)
    {
        if (!table.IsTable) return Errors.RegisterOneArgument;
        var key = Value.Nil;
        while (LuaMachine.TryNext(table, ref key, out var value))
        {
            if (!TryText(key, out var word)) return Errors.RegisterKey;
            var error = ReadField(word.AsBytes, value, registration);
            if (!error.IsEmpty) return error;
        }
        if (registration.Name.IsNil) return Errors.RegisterNoName;
        return registration.Callback.IsNil ? Errors.RegisterNoCallback : default;
    }

    ReadOnlySpan<byte> ReadField(ReadOnlySpan<byte> field, Value value, Registration registration)
    {
        if (Text.Ascii.EqualsIgnoreCase(field, "FUNCTION_NAME"u8))
        {
            return TryText(value, out registration.Name) ? default : Errors.RegisterName;
        }
        if (Text.Ascii.EqualsIgnoreCase(field, "DESCRIPTION"u8))
        {
            return TryText(value, out registration.Description) ? default : Errors.RegisterDescription;
        }
        if (Text.Ascii.EqualsIgnoreCase(field, "CALLBACK"u8))
        {
            registration.Callback = value;
            return value.Type == LuaType.Function ? default : Errors.RegisterCallback;
        }
        if (!Text.Ascii.EqualsIgnoreCase(field, "FLAGS"u8)) return Errors.RegisterUnknownArgument;
        if (!value.IsTable) return Errors.RegisterFlags;
        return TryFlags(value, out registration.Flags) ? default : Errors.RegisterUnknownFlag;
    }

    bool TryFlags(Value list, out ScriptFlags flags)
    {
        flags = ScriptFlags.None;
        for (var i = 1; LuaMachine.GetElement(list, i) is { IsNil: false } element; i++)
        {
            if (!TryText(element, out var word)) return false;
            var flag = ScriptFlagNames.Find(word.AsBytes, ignoreCase: true);
            if (flag == ScriptFlags.None) return false;
            flags |= flag;
        }
        return true;
    }

    /// <summary>A string; a number becomes one.</summary>
    bool TryText(Value value, out Value text)
    {
        text = value;
        if (value.Type != LuaType.Number) return value.IsString;
        Span<byte> digits = stackalloc byte[LuaMachine.MostNumberBytes];
        text = Machine.NewString(digits[..LuaMachine.Format(value.AsNumber, digits)]);
        return true;
    }
}
