using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace MiniRedis.Profile;

/// <summary>References of an assembly to types and methods of others (ECMA-335, II.22 and II.23.2).</summary>
sealed class References(MetadataBuilder metadata)
{
    readonly Dictionary<string, AssemblyReferenceHandle> _assemblies = [];
    readonly Dictionary<Type, EntityHandle> _types = [];
    readonly Dictionary<MethodBase, EntityHandle> _methods = [];

    public EntityHandle Of(Type type)
    {
        if (_types.TryGetValue(type, out var known)) return known;
        var handle = type.IsConstructedGenericType || type.HasElementType ? Specification(type) : Reference(type);
        return _types[type] = handle;
    }

    /// <summary>A method, of an instantiation of its type and of its own; false if its signature is of a kind that is not written here.</summary>
    public bool TryOf(MethodBase method, out EntityHandle handle)
    {
        if (_methods.TryGetValue(method, out handle)) return true;
        try
        {
            handle = _methods[method] = method.IsGenericMethod ? Specification(method) : Reference(method);
            return true;
        }
        catch (NotSupportedException)
        {
            return false;
        }
    }

    MethodSpecificationHandle Specification(MethodBase method)
    {
        var arguments = method.GetGenericArguments();
        var signature = new BlobBuilder();
        var encoder = new BlobEncoder(signature).MethodSpecificationSignature(arguments.Length);
        foreach (var argument in arguments) Encode(encoder.AddArgument(), argument);
        return metadata.AddMethodSpecification(Reference(method), metadata.GetOrAddBlob(signature));
    }

    MemberReferenceHandle Reference(MethodBase method)
    {
        // The signature is that of the definition: a parameter of the type's own type is "the type's first argument".
        var type = method.DeclaringType!;
        var definition = type.IsConstructedGenericType
            ? (MethodBase)type.GetGenericTypeDefinition().GetMemberWithSameMetadataDefinitionAs(method)
            : method is MethodInfo { IsGenericMethod: true } generic ? generic.GetGenericMethodDefinition() : method;
        var signature = new BlobBuilder();
        new BlobEncoder(signature)
            .MethodSignature(SignatureCallingConvention.Default, method.IsGenericMethod ? method.GetGenericArguments().Length : 0, !method.IsStatic)
            .Parameters(definition.GetParameters().Length, r => Encode(r, definition), p => Encode(p, definition));
        return metadata.AddMemberReference(Of(type), metadata.GetOrAddString(method.Name), metadata.GetOrAddBlob(signature));
    }

    EntityHandle Specification(Type type)
    {
        var signature = new BlobBuilder();
        Encode(new SignatureTypeEncoder(signature), type);
        return metadata.AddTypeSpecification(metadata.GetOrAddBlob(signature));
    }

    TypeReferenceHandle Reference(Type type) => type.DeclaringType is { } outer
        ? metadata.AddTypeReference(Of(outer), default, metadata.GetOrAddString(type.Name))
        : metadata.AddTypeReference(Of(type.Assembly.GetName()), metadata.GetOrAddString(type.Namespace ?? ""), metadata.GetOrAddString(type.Name));

    AssemblyReferenceHandle Of(AssemblyName name)
    {
        if (_assemblies.TryGetValue(name.Name!, out var known)) return known;
        var token = name.GetPublicKeyToken() is { Length: > 0 } key ? metadata.GetOrAddBlob(key) : default;
        return _assemblies[name.Name!] = metadata.AddAssemblyReference(
            metadata.GetOrAddString(name.Name!), name.Version!, default, token, default, default);
    }

    void Encode(ReturnTypeEncoder encoder, MethodBase method)
    {
        if (method is not MethodInfo { ReturnParameter: var result })
        {
            encoder.Void();
            return;
        }
        Encode(encoder.CustomModifiers(), result);
        if (result.ParameterType == typeof(void)) encoder.Void();
        else Encode(encoder.Type(result.ParameterType.IsByRef), WithoutReference(result.ParameterType));
    }

    void Encode(ParametersEncoder encoder, MethodBase method)
    {
        foreach (var parameter in method.GetParameters())
        {
            var one = encoder.AddParameter();
            Encode(one.CustomModifiers(), parameter);
            Encode(one.Type(parameter.ParameterType.IsByRef), WithoutReference(parameter.ParameterType));
        }
    }

    void Encode(CustomModifiersEncoder encoder, ParameterInfo parameter)
    {
        foreach (var modifier in parameter.GetRequiredCustomModifiers()) encoder = encoder.AddModifier(Of(modifier), isOptional: false);
    }

    static Type WithoutReference(Type type) => type.IsByRef ? type.GetElementType()! : type;

    void Encode(SignatureTypeEncoder encoder, Type type)
    {
        if (type.IsSZArray) Encode(encoder.SZArray(), type.GetElementType()!);
        else if (type.IsPointer && type.GetElementType() == typeof(void)) encoder.VoidPointer();
        else if (type.IsPointer) Encode(encoder.Pointer(), type.GetElementType()!);
        else if (type.IsGenericTypeParameter) encoder.GenericTypeParameter(type.GenericParameterPosition);
        else if (type.IsGenericMethodParameter) encoder.GenericMethodTypeParameter(type.GenericParameterPosition);
        else if (type.IsGenericType)
        {
            var arguments = type.GetGenericArguments();
            var encoded = encoder.GenericInstantiation(Of(type.GetGenericTypeDefinition()), arguments.Length, type.IsValueType);
            foreach (var argument in arguments) Encode(encoded.AddArgument(), argument);
        }
        else if (type.IsArray || type.IsFunctionPointer)
            throw new NotSupportedException($"The signature of {type} is not written.");
        else if (!TryEncodePrimitive(encoder, type)) encoder.Type(Of(type), type.IsValueType);
    }

    static bool TryEncodePrimitive(SignatureTypeEncoder encoder, Type type)
    {
        if (type == typeof(object)) encoder.Object();
        else if (type == typeof(string)) encoder.String();
        else if (type == typeof(nint)) encoder.IntPtr();
        else if (type == typeof(nuint)) encoder.UIntPtr();
        else if (type.IsEnum || !type.IsPrimitive) return false;
        else encoder.PrimitiveType(Enum.Parse<PrimitiveTypeCode>(type.Name));
        return true;
    }
}
