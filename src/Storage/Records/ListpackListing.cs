using System.Globalization;
using System.Text;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Records;

/// <summary>Shows a listpack to people.</summary>
public static unsafe class ListpackListing
{
    /// <summary>Bytes of an element that are shown.</summary>
    const int Shown = 40;

    /// <summary>Size and count of a packed value, then a line an element: its number, where it is, its length, its bytes.</summary>
    public static string Of(Record record)
    {
        var lp = record.PackedStart;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{{total bytes {Listpack.Bytes(lp)}}} {{num entries {Listpack.Count(lp)}}}");
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        var number = 0;
        for (var offset = Listpack.First(lp); offset >= 0; offset = Listpack.Next(lp, offset))
        {
            var bytes = Listpack.Get(lp, offset).ToBytes(scratch);
            text.AppendLine().Append(CultureInfo.InvariantCulture, $"{{{number++}}} {{offset {offset}}} {{length {bytes.Length}}} ");
            text.Append(Encoding.Latin1.GetString(bytes[..Math.Min(Shown, bytes.Length)]));
            if (bytes.Length > Shown) text.Append("...");
        }
        return text.ToString();
    }
}
