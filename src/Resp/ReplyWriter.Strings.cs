using System.Buffers;
using System.Text;

namespace MiniRedis.Resp;

// .NET strings, which are sent as UTF-8, and bulk strings that are written in pieces.
public sealed partial class ReplyWriter
{
    /// <summary>
    /// Begins a bulk string of <paramref name="length"/> bytes, which may be more than a span holds. Parts of this length
    /// together must follow, then <see cref="EndBulk"/>.
    /// </summary>
    public void BeginBulk(long length) => Number((byte)'$', length);

    /// <summary>The next bytes of a bulk string that was begun.</summary>
    public void BulkPart(ReadOnlySpan<byte> bytes) => Append(bytes);

    /// <inheritdoc cref="BeginBulk"/>
    public void EndBulk()
    {
        if (_values is null) LineEnd();
        else TakeEndOfBulk();
    }

    /// <inheritdoc cref="SimpleString(ReadOnlySpan{byte})"/>
    public void SimpleString(string text)
    {
        Span<byte> small = stackalloc byte[256];
        byte[]? rented = Encode(text, ref small);
        SimpleString(small);
        Return(rented);
    }

    /// <inheritdoc cref="Error(ReadOnlySpan{byte})"/>
    public void Error(string text)
    {
        Span<byte> small = stackalloc byte[256];
        byte[]? rented = Encode(text, ref small);
        Error(small);
        Return(rented);
    }

    public void Bulk(string value)
    {
        Span<byte> small = stackalloc byte[256];
        byte[]? rented = Encode(value, ref small);
        Bulk(small);
        Return(rented);
    }

    /// <summary>UTF-8 into <paramref name="space"/> if it fits, else into a rented array that the caller returns.</summary>
    private static byte[]? Encode(string text, ref Span<byte> space)
    {
        byte[]? rented = null;
        if (!Encoding.UTF8.TryGetBytes(text, space, out int length))
        {
            rented = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
            length = Encoding.UTF8.GetBytes(text, rented);
            space = rented;
        }

        space = space[..length];
        return rented;
    }

    private static void Return(byte[]? rented)
    {
        if (rented is not null) ArrayPool<byte>.Shared.Return(rented);
    }
}
