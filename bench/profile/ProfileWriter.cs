using System.Globalization;
using System.IO.Compression;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace MiniRedis.Profile;

/// <summary>
/// Writes a profile in the form that the ahead-of-time compiler reads (.mibc): an assembly whose methods are never called. Their
/// code is the data:
/// <code>
///   AssemblyDictionary   ldstr "assembly;assembly;..."  ldtoken its method  pop                 for each group of assemblies
///   a group's method     ldtoken method  ldstr "InstrumentationDataStart"
///                        (ldc 15  ldc offset  ldc kind  ldc count  ldc other  data ...) ...
///                        ldstr "InstrumentationDataEnd"  pop                                    for each method
/// </code>
/// Numbers are ldc instructions; types and methods are ldtoken, or ldc of 0 for none and 1 for one that is not known. The
/// assembly lies in an archive.
/// </summary>
sealed class ProfileWriter
{
    /// <summary>Says that all four fields of a counter follow.</summary>
    const int AllFields = 0xF;

    /// <summary>The earliest time that an archive can give.</summary>
    static readonly DateTimeOffset s_noTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    const int NoHandle = 0, UnknownHandle = 1;

    readonly MetadataBuilder _metadata = new();
    readonly MethodBodyStreamEncoder _bodies = new(new BlobBuilder());
    readonly References _references;
    readonly SortedDictionary<string, InstructionEncoder> _groups = new(StringComparer.Ordinal);

    public ProfileWriter(string name)
    {
        _references = new(_metadata);
        _metadata.AddModule(0, _metadata.GetOrAddString(name), _metadata.GetOrAddGuid(Guid.Empty), default, default);
        _metadata.AddAssembly(_metadata.GetOrAddString(name), new Version(0, 0, 0, 0), default, default, default, AssemblyHashAlgorithm.None);
        _metadata.AddTypeDefinition(default, default, _metadata.GetOrAddString("<Module>"), default,
            MetadataTokens.FieldDefinitionHandle(1), MetadataTokens.MethodDefinitionHandle(1));
    }

    /// <summary>Methods added.</summary>
    public int Count { get; private set; }

    /// <summary>Adds what was counted in a method; false if its signature can't be written.</summary>
    public bool TryAdd(MethodBase method, MethodCounts counts)
    {
        if (!_references.TryOf(method, out var reference)) return false;
        Count++;
        var group = string.Concat(Assemblies(method.DeclaringType!)
            .Concat(method.IsGenericMethod ? method.GetGenericArguments().SelectMany(Assemblies) : []).Distinct().Select(a => a + ";"));
        if (!_groups.TryGetValue(group, out var code)) _groups.Add(group, code = new(new BlobBuilder()));
        Load(code, reference);
        Load(code, "InstrumentationDataStart");
        foreach (var counter in counts.Counters)
        {
            code.LoadConstantI4(AllFields);
            code.LoadConstantI4(counter.Offset);
            code.LoadConstantI4(counter.Kind);
            code.LoadConstantI4(counter.Holds == CounterData.Nothing ? 1 : counter.Data.Count);
            code.LoadConstantI4(counter.Other);
            foreach (var item in counter.Data) AddItem(code, counter.Holds, item);
        }
        Load(code, "InstrumentationDataEnd");
        code.OpCode(ILOpCode.Pop);
        return true;
    }

    void AddItem(InstructionEncoder code, CounterData kind, string item)
    {
        switch (kind)
        {
            case CounterData.Types when item == "NULL":
            case CounterData.Methods when item == "NULL":
                code.LoadConstantI4(NoHandle);
                break;
            case CounterData.Types:
                if (MethodFinder.FindQualified(item) is { } type) Load(code, _references.Of(type));
                else code.LoadConstantI4(UnknownHandle);
                break;
            case CounterData.Methods:
                if (MethodFinder.FindQualifiedMethod(item) is { } method && _references.TryOf(method, out var callee)) Load(code, callee);
                else code.LoadConstantI4(UnknownHandle);
                break;
            case CounterData.Int64:
                // Two halves, the lower one first.
                var halves = item.Split(' ');
                code.LoadConstantI8((long)(Number(halves[1]) << 32 | Number(halves[0])));
                break;
            default:
                code.LoadConstantI4((int)Math.Min(Number(item), int.MaxValue));
                break;
        }
    }

    static ulong Number(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>The assembly of a type, then those of its arguments.</summary>
    static IEnumerable<string> Assemblies(Type type) =>
        type.HasElementType ? Assemblies(type.GetElementType()!)
            : [type.Assembly.GetName().Name!, .. type.GenericTypeArguments.SelectMany(Assemblies)];

    public void Save(string path)
    {
        var dictionary = new InstructionEncoder(new BlobBuilder());
        var number = 0;
        foreach (var (assemblies, code) in _groups)
        {
            Load(dictionary, assemblies);
            Load(dictionary, Define($"Assemblies_{number++}", code));
            dictionary.OpCode(ILOpCode.Pop);
        }
        Define("AssemblyDictionary", dictionary);
        var image = new BlobBuilder();
        // The same counts make the same file.
        new ManagedPEBuilder(new PEHeaderBuilder(imageCharacteristics: Characteristics.Dll), new MetadataRootBuilder(_metadata), _bodies.Builder,
            deterministicIdProvider: _ => new BlobContentId(Guid.Empty, 0)).Serialize(image);
        File.Delete(path);
        using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
        var entry = archive.CreateEntry(Path.GetFileName(path) + ".dll", CompressionLevel.SmallestSize);
        entry.LastWriteTime = s_noTime;
        using var file = entry.Open();
        image.WriteContentTo(file);
    }

    MethodDefinitionHandle Define(string name, InstructionEncoder code)
    {
        var signature = new BlobBuilder();
        new BlobEncoder(signature).MethodSignature().Parameters(0, r => r.Void(), _ => { });
        return _metadata.AddMethodDefinition(MethodAttributes.Public | MethodAttributes.Static, default, _metadata.GetOrAddString(name),
            _metadata.GetOrAddBlob(signature), _bodies.AddMethodBody(code), default);
    }

    void Load(InstructionEncoder code, string text) => code.LoadString(_metadata.GetOrAddUserString(text));

    static void Load(InstructionEncoder code, EntityHandle handle)
    {
        code.OpCode(ILOpCode.Ldtoken);
        code.Token(handle);
    }
}
