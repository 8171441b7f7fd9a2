using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace MiniRedis.Profile;

/// <summary>The instantiations of generic methods that the code of assemblies names, directly or through generic methods that it calls.</summary>
sealed class Instantiations
{
    const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    readonly HashSet<MethodBase> _found = [];
    readonly Dictionary<(Module, int), List<MethodBase>> _byDefinition = [];

    /// <summary>All instantiations of a generic method that were found, of the same instantiation of its type.</summary>
    public IReadOnlyCollection<MethodBase> Of(MethodBase method) =>
        _byDefinition.TryGetValue((method.Module, method.MetadataToken), out var found)
            ? [.. found.Where(m => m.DeclaringType == method.DeclaringType)]
            : [];

    /// <summary>Adds what the code of an assembly names.</summary>
    public void AddAll(Assembly assembly)
    {
        foreach (var method in assembly.GetTypes().Where(t => !t.ContainsGenericParameters).SelectMany(t => t.GetMembers(Declared)).OfType<MethodBase>())
        {
            if (!method.ContainsGenericParameters) AddCallees(method);
        }
    }

    void AddCallees(MethodBase method)
    {
        if (method.GetMethodBody()?.GetILAsByteArray() is not { } code) return;
        var typeArguments = method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null;
        var methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        // Any four bytes behind a byte that could be a call: one that is none finds a method that is not called, which does no harm.
        for (var i = 0; i + sizeof(int) < code.Length; i++)
        {
            if ((ILOpCode)code[i] is not (ILOpCode.Call or ILOpCode.Callvirt or ILOpCode.Newobj)) continue;
            var token = BinaryPrimitives.ReadInt32LittleEndian(code.AsSpan(i + 1));
            if ((token >>> 24) is not ((int)TableIndex.MethodSpec or (int)TableIndex.MemberRef or (int)TableIndex.MethodDef)) continue;
            if (Resolve(method.Module, token, typeArguments, methodArguments) is { } callee) Add(callee);
        }
    }

    static MethodBase? Resolve(Module module, int token, Type[]? typeArguments, Type[]? methodArguments)
    {
        try
        {
            return module.ResolveMethod(token, typeArguments, methodArguments);
        }
        catch (Exception e) when (e is ArgumentException or BadImageFormatException or TypeLoadException or MissingMethodException)
        {
            return null;
        }
    }

    void Add(MethodBase callee)
    {
        var isGeneric = callee.IsGenericMethod || callee.DeclaringType is { IsGenericType: true };
        if (!isGeneric || callee.ContainsGenericParameters || !_found.Add(callee)) return;
        if (callee.IsGenericMethod)
        {
            var definition = (callee.Module, callee.MetadataToken);
            if (!_byDefinition.TryGetValue(definition, out var all)) _byDefinition.Add(definition, all = []);
            all.Add(callee);
        }
        AddCallees(callee);
    }
}
