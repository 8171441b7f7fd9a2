using System.IO.Hashing;
using MiniRedis.Resp;
using MiniRedis.Scripting.Machine;
using MiniRedis.Server.Scripts.Engine;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Scripts;

/// <summary>A script of EVAL or SCRIPT LOAD.</summary>
sealed class EvalScript(byte[] body, ScriptDigest digest, ulong hash, ScriptFlags flags, int shebangBytes)
{
    public byte[] Body => body;
    public ScriptDigest Digest => digest;
    public ScriptFlags Flags => flags;

    /// <summary>What finds it by its text.</summary>
    public ulong Hash => hash;

    /// <summary>The text that is compiled: without the words of the first line, but with its end, so that lines keep their numbers.</summary>
    public ReadOnlySpan<byte> Code => body.AsSpan(shebangBytes);

    /// <summary>The digest as text.</summary>
    public byte[] Name { get; } = NameOf(digest);

    /// <summary>The compiled script, of the machine with this number.</summary>
    public LuaScript Compiled { get; set; }

    /// <inheritdoc cref="Compiled"/>
    public int Machine { get; set; }

    /// <summary>Bytes that it took in the machine.</summary>
    public long CompiledBytes { get; set; }

    /// <summary>Its place among those that can be evicted; null for one that SCRIPT LOAD keeps.</summary>
    public LinkedListNode<EvalScript>? Place { get; set; }

    static byte[] NameOf(ScriptDigest digest)
    {
        var name = new byte[ScriptDigest.TextBytes];
        digest.Format(name);
        return name;
    }
}

/// <summary>
/// The scripts of EVAL and SCRIPT LOAD by digest, and the machine that runs them. As in Redis, those that only EVAL brought are evicted
/// beyond 500. Compiled code cannot be taken out of a machine one by one: when much of it belongs to evicted scripts, a new machine takes
/// over, and each script is compiled again when it is called. Under the executor's lock.
/// </summary>
sealed class EvalScripts(ScriptServices services) : IMemoryHolder
{
    /// <summary>Most scripts that EVAL leaves behind. Redis's.</summary>
    const int MostEvicted = 500;

    /// <summary>Bytes of code of evicted scripts that are not worth a new machine.</summary>
    const long MostDeadBytes = 1024 * 1024;

    /// <summary>What a script takes beside its text: the entries of both tables, the name, the object itself.</summary>
    const int BytesAround = 320;

    readonly Dictionary<ScriptDigest, EvalScript> _byDigest = [];

    // EVAL sends the whole text: a fast hash finds it without the digest.
    readonly Dictionary<ulong, EvalScript> _byText = [];
    readonly LinkedList<EvalScript> _evictable = [];
    ScriptEngine? _engine;
    int _machine;
    long _deadBytes, _bodyBytes;

    /// <summary>Number of scripts.</summary>
    public int Count => _byDigest.Count;

    /// <summary>Bytes of the scripts' texts and of their tables.</summary>
    public long ScriptBytes => _bodyBytes + (long)BytesAround * Count;

    /// <summary>Bytes of the machine: its libraries, and what it compiled.</summary>
    public long MachineBytes => _engine?.Bytes ?? 0;

    /// <summary>Without the machine, which used_memory does not count in Redis either.</summary>
    long IMemoryHolder.MemoryBytes => ScriptBytes;

    /// <summary>The machine.</summary>
    public ScriptEngine Engine => _engine ??= new ScriptEngine(services, isLibrary: false);

    /// <summary>Finds a script by its digest as text, in any case.</summary>
    public EvalScript? Find(ReadOnlySpan<byte> digest) =>
        ScriptDigest.TryParse(digest, out var key) ? _byDigest.GetValueOrDefault(key) : null;

    /// <summary>Finds a script by its text, or takes it in.</summary>
    /// <param name="body">Its text.</param>
    /// <param name="stays">Whether it is SCRIPT LOAD's.</param>
    /// <param name="script">The script.</param>
    /// <returns>The error; null if there is none.</returns>
    public byte[]? TryAdd(ReadOnlySpan<byte> body, bool stays, out EvalScript? script)
    {
        var hash = XxHash3.HashToUInt64(body);
        if (_byText.TryGetValue(hash, out script) && body.SequenceEqual(script.Body))
        {
            if (stays) Keep(script);
            return null;
        }
        script = null;
        if (Shebang.ReadScript(body, out var flags, out var length) is { } refusal) return refusal;
        var added = new EvalScript(body.ToArray(), ScriptDigest.Of(body), hash, flags, length);
        if (Compile(added) is { } error) return Errors.ScriptDoesNotCompile(error);
        if (!stays)
        {
            if (_evictable.Count >= MostEvicted) Evict();
            added.Place = _evictable.AddLast(added);
        }
        // Of two texts with one hash, the later is found by its text; both by their digests.
        _byText[added.Hash] = added;
        _byDigest[added.Digest] = added;
        _bodyBytes += added.Body.Length;
        script = added;
        return null;
    }

    /// <summary>A script has been called: it is evicted last.</summary>
    public void Touch(EvalScript script)
    {
        if (script.Place is not { } place || place == _evictable.Last) return;
        _evictable.Remove(place);
        _evictable.AddLast(place);
    }

    /// <summary>The compiled script, made anew if a new machine has taken over.</summary>
    public LuaScript Compiled(EvalScript script)
    {
        if (script.Machine != _machine) Compile(script);
        return script.Compiled;
    }

    byte[]? Compile(EvalScript script)
    {
        if (_deadBytes > Math.Max(MostDeadBytes, MachineBytes / 2)) Renew();
        var before = Engine.Machine.FixedBytes;
        if (!Engine.Machine.TryLoad(script.Code, "@user_script"u8, out var compiled, out var error))
        {
            // What compiling has taken before it failed stays in the machine.
            _deadBytes += Engine.Machine.FixedBytes - before;
            return error;
        }
        script.Compiled = compiled;
        script.Machine = _machine;
        script.CompiledBytes = Engine.Machine.FixedBytes - before;
        return null;
    }

    void Keep(EvalScript script)
    {
        if (script.Place is null) return;
        _evictable.Remove(script.Place);
        script.Place = null;
    }

    void Evict()
    {
        var oldest = _evictable.First!.Value;
        _evictable.RemoveFirst();
        _byDigest.Remove(oldest.Digest);
        if (_byText.TryGetValue(oldest.Hash, out var found) && found == oldest) _byText.Remove(oldest.Hash);
        _bodyBytes -= oldest.Body.Length;
        if (oldest.Machine == _machine) _deadBytes += oldest.CompiledBytes;
        services.Statistics.EvictedScripts++;
    }

    void Renew()
    {
        _engine?.Dispose();
        _engine = null;
        _machine++;
        _deadBytes = 0;
    }

    /// <summary>SCRIPT FLUSH: forgets all scripts.</summary>
    public void Clear()
    {
        _byDigest.Clear();
        _byText.Clear();
        _evictable.Clear();
        _bodyBytes = 0;
        Renew();
    }
}
