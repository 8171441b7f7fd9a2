using MiniRedis.Resp;
using MiniRedis.Scripting.Machine;
using MiniRedis.Server.Scripts.Engine;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Scripts;

/// <summary>A function that a library has registered.</summary>
sealed record LibraryFunction(byte[] Name, byte[]? Description, ScriptFlags Flags, LuaFunction Function, FunctionLibrary Library);

/// <summary>A library of functions: its text, and the machine in which its functions live.</summary>
sealed class FunctionLibrary(byte[] name, byte[] code, ScriptEngine engine) : IDisposable
{
    public byte[] Name => name;

    /// <summary>The whole text, with its first line.</summary>
    public byte[] Code => code;

    public ScriptEngine Engine => engine;

    /// <summary>In the order in which they were registered.</summary>
    public List<LibraryFunction> Functions { get; } = [];

    public void Dispose() => engine.Dispose();
}

/// <summary>
/// The libraries of FUNCTION. They belong to the data set: RDB files and the AOF have them. Names of libraries differ by case, names of
/// functions do not, as in Redis. Under the executor's lock.
/// </summary>
sealed class FunctionLibraries(ScriptServices services) : IMemoryHolder
{
    /// <summary>What a function takes beside its name: the entry of the table, the object itself.</summary>
    const int BytesAround = 200;

    readonly List<FunctionLibrary> _libraries = [];
    readonly Dictionary<string, LibraryFunction> _functions = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>In the order in which they were loaded.</summary>
    public IReadOnlyList<FunctionLibrary> All => _libraries;

    /// <summary>Number of functions of all libraries.</summary>
    public int FunctionCount => _functions.Count;

    /// <summary>Bytes of the libraries' texts and of their tables.</summary>
    public long LibraryBytes { get; private set; }

    /// <summary>Bytes of the machines.</summary>
    public long MachineBytes
    {
        get
        {
            var bytes = 0L;
            foreach (var library in _libraries) bytes += library.Engine.Bytes;
            return bytes;
        }
    }

    /// <summary>Without the machines, which used_memory does not count in Redis either.</summary>
    long IMemoryHolder.MemoryBytes => LibraryBytes;

    /// <summary>Finds a function by its name, in any case.</summary>
    public LibraryFunction? FindFunction(ReadOnlySpan<byte> name)
    {
        const int Longest = 128;
        var text = name.Length <= Longest ? stackalloc char[Longest] : new char[name.Length];
        text = text[..System.Text.Encoding.Latin1.GetChars(name, text)];
        return _functions.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(text, out var function) ? function : null;
    }

    FunctionLibrary? Find(ReadOnlySpan<byte> name)
    {
        foreach (var library in _libraries)
        {
            if (name.SequenceEqual(library.Name)) return library;
        }
        return null;
    }

    /// <summary>FUNCTION LOAD: runs the code of a library, which registers its functions.</summary>
    /// <param name="code">The text.</param>
    /// <param name="replaces">Whether a library of that name gives way.</param>
    /// <param name="name">The library's name.</param>
    /// <returns>The error; null if there is none. After an error all is as before.</returns>
    public byte[]? TryLoad(ReadOnlySpan<byte> code, bool replaces, out byte[] name)
    {
        if (Shebang.ReadLibrary(code, out name, out var shebang) is { } refusal) return refusal;
        var old = Find(name);
        if (old is not null && !replaces) return Errors.LibraryExists(name);
        if (Create(name, code, shebang, out var library) is { } error) return error;
        foreach (var function in library!.Functions)
        {
            if (FindFunction(function.Name) is not { } other || other.Library == old) continue;
            library.Dispose();
            return Errors.FunctionExists(function.Name);
        }
        if (old is not null) Unlink(old).Dispose();
        Link(library);
        return null;
    }

    byte[]? Create(byte[] name, ReadOnlySpan<byte> code, int shebang, out FunctionLibrary? library)
    {
        library = new FunctionLibrary(name, code.ToArray(), new ScriptEngine(services, isLibrary: true));
        var error = library.Engine.Load(code[shebang..], library);
        if (error is null && library.Functions.Count == 0) error = Errors.NoFunctionsRegistered.ToArray();
        if (error is null) return null;
        library.Dispose();
        library = null;
        return error;
    }

    void Link(FunctionLibrary library)
    {
        _libraries.Add(library);
        foreach (var function in library.Functions) _functions.Add(NameOf(function), function);
        LibraryBytes += BytesOf(library);
    }

    FunctionLibrary Unlink(FunctionLibrary library)
    {
        _libraries.Remove(library);
        foreach (var function in library.Functions) _functions.Remove(NameOf(function));
        LibraryBytes -= BytesOf(library);
        return library;
    }

    static string NameOf(LibraryFunction function) => System.Text.Encoding.Latin1.GetString(function.Name);

    static long BytesOf(FunctionLibrary library)
    {
        var bytes = (long)library.Name.Length + library.Code.Length + BytesAround;
        foreach (var function in library.Functions) bytes += function.Name.Length + (function.Description?.Length ?? 0) + BytesAround;
        return bytes;
    }

    /// <summary>FUNCTION DELETE. False if there is no such library.</summary>
    public bool TryDelete(ReadOnlySpan<byte> name)
    {
        if (Find(name) is not { } library) return false;
        Unlink(library).Dispose();
        return true;
    }

    /// <summary>Deletes all libraries.</summary>
    public void Clear()
    {
        foreach (var library in _libraries) library.Dispose();
        _libraries.Clear();
        _functions.Clear();
        LibraryBytes = 0;
    }

    /// <summary>FUNCTION RESTORE: takes in the libraries of a payload, all or none.</summary>
    /// <param name="codes">Their texts.</param>
    /// <param name="policy">What becomes of those that are there.</param>
    /// <returns>The error; null if there is none. After an error all is as before.</returns>
    public byte[]? TryRestore(List<byte[]> codes, RestorePolicy policy)
    {
        // First among themselves, then beside those that stay.
        var restored = new FunctionLibraries(services);
        foreach (var code in codes)
        {
            if (restored.TryLoad(code, replaces: false, out _) is not { } error) continue;
            restored.Clear();
            return error;
        }
        if (policy == RestorePolicy.Flush) Clear();
        else if (Conflict(restored, policy) is { } conflict)
        {
            restored.Clear();
            return conflict;
        }
        foreach (var library in restored._libraries)
        {
            if (Find(library.Name) is { } old) Unlink(old).Dispose();
        }
        foreach (var library in restored._libraries) Link(library);
        return null;
    }

    byte[]? Conflict(FunctionLibraries restored, RestorePolicy policy)
    {
        foreach (var library in restored._libraries)
        {
            if (policy == RestorePolicy.Append && Find(library.Name) is not null) return Errors.RestoredLibraryExists(library.Name);
            foreach (var function in library.Functions)
            {
                // A library that is replaced takes its functions with it.
                if (FindFunction(function.Name) is { } other && restored.Find(other.Library.Name) is null)
                    return Errors.FunctionExists(function.Name);
            }
        }
        return null;
    }
}

/// <summary>What FUNCTION RESTORE does with the libraries that are there.</summary>
enum RestorePolicy : byte
{
    /// <summary>They stay, and one of the same name is an error.</summary>
    Append,

    /// <summary>Those of the same name give way.</summary>
    Replace,

    /// <summary>All give way.</summary>
    Flush,
}
