using System.IO.Compression;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using MiniRedis.Profile;

namespace MiniRedis.Compat.Tests;

/// <summary>The tool that writes the profile of the native executable (bench/profile).</summary>
public sealed class ProfileTests : IDisposable
{
    readonly string _path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.mibc");

    public void Dispose() => File.Delete(_path);

    /// <summary>As .NET writes it, of two counters, one sample of two types, and the code of a method of this test.</summary>
    static string[] Counts(string name, string signature, MethodBase method, int count) =>
    [
        $"@@@ codehash 0x00000001 methodhash 0x00000002 ilSize 0x{method.GetMethodBody()!.GetILAsByteArray()!.Length:X8} records 0x00000003",
        $"MethodName: {name}",
        $"Signature: {signature}",
        "Schema InstrumentationKind 385 ILOffset 3 Count 1 Other 14",
        $"{count}",
        "Schema InstrumentationKind 385 ILOffset 14 Count 1 Other 3221225472",
        "7",
        "Schema InstrumentationKind 195 ILOffset 14 Count 2 Other 0",
        "TypeHandle: NULL",
        "TypeHandle: System.Int32, System.Private.CoreLib",
    ];

    /// <summary>Methods of which there are several, so that the right one has to be found.</summary>
    static class Sample<T>
    {
        public static int Length(ReadOnlySpan<byte> text, in T other) => text.Length + (other is null ? 1 : 2);

        public static long Length(string text, in T other) => text.Length + (other is null ? 3L : 4);

        public static TResult? Generic<TResult>(T value) => value is TResult result ? result : default;
    }

    public static int UsesGeneric() => Sample<int>.Generic<int>(1);

    [Fact]
    public void The_counts_of_a_method_come_out_under_its_name_and_signature()
    {
        var method = typeof(Sample<int>).GetMethod("Length", [typeof(ReadOnlySpan<byte>), typeof(int).MakeByRefType()])!;
        var lines = Counts("MiniRedis.Compat.Tests.ProfileTests+Sample`1[System.Int32].Length",
            "int32  (value class System.ReadOnlySpan`1<unsigned int8>,!0&)", method, count: 5_000);
        Assert.Equal((1, 0), Conversion.Write(["*** START PGO Data, max index = 1 ***", .. lines], _path));
        var words = Words();
        var start = Array.IndexOf(words, "InstrumentationDataStart");
        Assert.Equal("Length", words[start - 1]);
        Assert.Equal(
            ["15", "3", "385", "1", "14", "5000", "15", "14", "385", "1", "-1073741824", "7", "15", "14", "195", "2", "0", "0", "Int32",
                "InstrumentationDataEnd"],
            words[(start + 1)..(start + 21)]);
        Assert.Contains("MiniRedis.Compat.Tests;System.Private.CoreLib;", words);
    }

    [Fact]
    public void What_is_not_hot_stays_out_and_what_is_not_found_is_counted()
    {
        var method = typeof(Sample<int>).GetMethod("Length", [typeof(string), typeof(int).MakeByRefType()])!;
        const string Name = "MiniRedis.Compat.Tests.ProfileTests+Sample`1[System.Int32]";
        Assert.Equal((0, 1), Conversion.Write(
            [
                .. Counts(Name + ".Length", "int64  (class System.String,!0&)", method, count: 999),
                .. Counts(Name + ".Lengths", "int64  (class System.String,!0&)", method, count: 1_000),
            ], _path));
        Assert.DoesNotContain("InstrumentationDataStart", Words());
    }

    [Fact]
    public void Counts_of_a_generic_method_go_to_the_instantiations_that_the_code_names()
    {
        Assert.Equal(1, UsesGeneric());
        var method = typeof(Sample<int>).GetMethod("Generic")!;
        var found = new Instantiations();
        found.AddAll(typeof(ProfileTests).Assembly);
        Assert.Equal([method.MakeGenericMethod(typeof(int))], found.Of(method));
    }

    [Fact]
    public void The_same_counts_make_the_same_file()
    {
        var method = typeof(Sample<int>).GetMethod("Length", [typeof(string), typeof(int).MakeByRefType()])!;
        var lines = Counts("MiniRedis.Compat.Tests.ProfileTests+Sample`1[System.Int32].Length", "int64  (class System.String,!0&)", method, 2_000);
        Conversion.Write(lines, _path);
        var first = File.ReadAllBytes(_path);
        Conversion.Write(lines, _path);
        Assert.Equal(first, File.ReadAllBytes(_path));
    }

    /// <summary>What the code of the file's methods loads, in order: numbers, strings, and the names of types and methods.</summary>
    string[] Words()
    {
        using var archive = ZipFile.OpenRead(_path);
        using var entry = archive.GetEntry(Path.GetFileName(_path) + ".dll")!.Open();
        using var image = new MemoryStream();
        entry.CopyTo(image);
        image.Position = 0;
        using var reader = new PEReader(image);
        var metadata = reader.GetMetadataReader();
        var words = new List<string>();
        foreach (var handle in metadata.MethodDefinitions)
        {
            var body = reader.GetMethodBody(metadata.GetMethodDefinition(handle).RelativeVirtualAddress).GetILReader();
            while (body.RemainingBytes > 0)
            {
                var code = (ILOpCode)body.ReadByte();
                if (code is >= ILOpCode.Ldc_i4_m1 and <= ILOpCode.Ldc_i4_8) words.Add($"{code - ILOpCode.Ldc_i4_0}");
                else if (code == ILOpCode.Ldc_i4_s) words.Add($"{body.ReadSByte()}");
                else if (code == ILOpCode.Ldc_i4) words.Add($"{body.ReadInt32()}");
                else if (code == ILOpCode.Ldstr) words.Add(metadata.GetUserString(MetadataTokens.UserStringHandle(body.ReadInt32() & 0xFFFFFF)));
                else if (code == ILOpCode.Ldtoken) words.Add(NameOf(metadata, MetadataTokens.EntityHandle(body.ReadInt32())));
                else Assert.Equal(ILOpCode.Pop, code);
            }
        }
        return [.. words];
    }

    static string NameOf(MetadataReader metadata, EntityHandle handle) => handle.Kind switch
    {
        HandleKind.MemberReference => metadata.GetString(metadata.GetMemberReference((MemberReferenceHandle)handle).Name),
        HandleKind.TypeReference => metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)handle).Name),
        _ => handle.Kind.ToString(),
    };
}
