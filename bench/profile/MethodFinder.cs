using System.Reflection;

namespace MiniRedis.Profile;

/// <summary>Finds the types and methods that a profile names, in the assemblies of a server.</summary>
sealed class MethodFinder
{
    const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    readonly Dictionary<string, Type> _types = [];
    readonly Instantiations _instantiations = new();

    /// <param name="assemblies">Where a name stands for several types, the first assembly counts.</param>
    public MethodFinder(IEnumerable<Assembly> assemblies)
    {
        foreach (var assembly in assemblies)
        {
            foreach (var type in assembly.GetTypes()) _types.TryAdd(type.FullName!, type);
            if (Path.GetFileName(assembly.Location).Contains("miniredis", StringComparison.OrdinalIgnoreCase)) _instantiations.AddAll(assembly);
        }
    }

    /// <summary>
    /// The method, with the instantiation of its type. Which instantiation of a generic method was counted the profile does not say:
    /// then all of them that the server's code names. None if it can't be told which method is meant.
    /// </summary>
    public IReadOnlyCollection<MethodBase> Find(MethodCounts counts)
    {
        // The name of a method may hold points, so the type's may end at any of them.
        for (var end = counts.Name.Length - 1; end > 0; end--)
        {
            if (counts.Name[end] != '.' || Depth(counts.Name, end) > 0) continue;
            var type = FindType(counts.Name[..end]);
            if (type is null) continue;
            var method = FindIn(type, counts.Name[(end + 1)..], counts);
            return method is null ? [] : method.IsGenericMethod ? _instantiations.Of(method) : [method];
        }
        return [];
    }

    /// <summary>A type by its name with that of its assembly; null if there is none.</summary>
    public static Type? FindQualified(string name) => Type.GetType(name, throwOnError: false);

    /// <summary>A method by "name|@|type"; null if its type has none or several of that name.</summary>
    public static MethodBase? FindQualifiedMethod(string name)
    {
        var parts = name.Split("|@|");
        var methods = parts.Length == 2 ? FindQualified(parts[1])?.GetMember(parts[0], MemberTypes.Method | MemberTypes.Constructor, Declared) : null;
        return methods is [MethodBase { IsGenericMethod: false } one] ? one : null;
    }

    static MethodBase? FindIn(Type type, string name, MethodCounts counts)
    {
        var isInstance = counts.Signature.StartsWith("instance ", StringComparison.Ordinal);
        var isGeneric = counts.Signature[(isInstance ? "instance ".Length : 0)..].StartsWith("generic ", StringComparison.Ordinal);
        var parameters = ParameterCount(counts.Signature);
        var found = type.GetMember(name, MemberTypes.Method | MemberTypes.Constructor, Declared).Cast<MethodBase>()
            .Where(m => m.IsStatic != isInstance && m.IsGenericMethod == isGeneric && m.GetParameters().Length == parameters
                && m.GetMethodBody()?.GetILAsByteArray()?.Length == counts.IlBytes)
            .Take(2).ToList();
        return found.Count == 1 ? found[0] : null;
    }

    /// <summary>Parameters of a signature: what the outermost commas of its last parentheses part.</summary>
    static int ParameterCount(string signature)
    {
        var start = signature.IndexOf("  (", StringComparison.Ordinal) + 3;
        if (signature[start] == ')') return 0;
        var count = 1;
        for (var i = start; i < signature.Length; i++)
        {
            if (signature[i] == ',' && Depth(signature[start..], i - start) == 0) count++;
        }
        return count;
    }

    /// <summary>How many brackets of any kind are open in front of a place.</summary>
    static int Depth(string text, int at)
    {
        var depth = 0;
        foreach (var c in text.AsSpan(0, at))
        {
            if (c is '[' or '<' or '(') depth++;
            else if (c is ']' or '>' or ')') depth--;
        }
        return depth;
    }

    /// <summary>A type as the runtime prints it: arguments in brackets behind the name, without assemblies.</summary>
    Type? FindType(string name)
    {
        if (name.EndsWith("[]", StringComparison.Ordinal)) return FindType(name[..^2])?.MakeArrayType();
        if (name.EndsWith('*')) return FindType(name[..^1])?.MakePointerType();
        var open = name.IndexOf('[', StringComparison.Ordinal);
        if (open < 0) return _types.GetValueOrDefault(name);
        if (name[^1] != ']' || _types.GetValueOrDefault(name[..open]) is not { } generic) return null;
        var arguments = new List<Type>();
        var start = open + 1;
        for (var i = start; i < name.Length; i++)
        {
            if (i < name.Length - 1 && (name[i] != ',' || Depth(name, i) > 1)) continue;
            if (FindType(name[start..i]) is not { } argument) return null;
            arguments.Add(argument);
            start = i + 1;
        }
        return generic.GetGenericArguments().Length == arguments.Count ? generic.MakeGenericType([.. arguments]) : null;
    }
}
