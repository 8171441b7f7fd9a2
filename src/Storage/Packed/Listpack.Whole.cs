namespace MiniRedis.Storage.Packed;

/// <summary>Makes whole listpacks, and moves runs of elements between them as bytes.</summary>
public static unsafe partial class Listpack
{
    /// <summary>Makes a listpack of the last elements of another: of their bytes, the end mark included.</summary>
    /// <param name="lp">The new listpack, which has room for <see cref="HeaderSize"/> bytes more than the elements take.</param>
    /// <param name="elements">The bytes of the elements.</param>
    /// <param name="count">How many elements they are.</param>
    internal static void Write(byte* lp, ReadOnlySpan<byte> elements, int count)
    {
        *(int*)lp = HeaderSize + elements.Length;
        *(ushort*)(lp + 4) = (ushort)Math.Min(UnknownCount, count);
        elements.CopyTo(new Span<byte>(lp + HeaderSize, elements.Length));
    }

    /// <summary>Makes a listpack of one element.</summary>
    /// <param name="lp">The new listpack, which has room for it.</param>
    /// <param name="form">The value's form.</param>
    /// <param name="value">The value.</param>
    internal static void Write(byte* lp, in Form form, ReadOnlySpan<byte> value)
    {
        *(int*)lp = EmptySize + form.Total;
        *(ushort*)(lp + 4) = 1;
        form.Write(lp + HeaderSize, value);
        lp[HeaderSize + form.Total] = EndMark;
    }

    /// <summary>Adds all elements of another listpack behind the last. The other one must not move meanwhile.</summary>
    internal static void AppendAll<TOwner>(ref TOwner owner, byte* other) where TOwner : struct, IPackedOwner, allows ref struct
    {
        var bytes = Bytes(other) - EmptySize;
        if (bytes == 0) return;
        var at = Bytes(owner.Start) - 1;
        Buffer.MemoryCopy(other + HeaderSize, Open(ref owner, at, 0, bytes, Count(other)) + at, bytes, bytes);
    }
}
