using System.Text;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Tests.Harness;

/// <summary>Between texts of a test and bytes of a keyspace, one byte a character.</summary>
static class Latin1
{
    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public static string Text(in PackedElement element) => Text(element.ToBytes(stackalloc byte[PackedElement.ScratchBytes]));
}
