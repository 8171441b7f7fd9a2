using System.Diagnostics;

namespace MiniRedis.Resp;

// Single values that RESP3 has types for. RESP2 shows them as strings and integers.
public sealed partial class ReplyWriter
{
    public void Double(double value)
    {
        if (_values is not null && Protocol == 3)
        {
            TakeDouble(value);
            return;
        }

        Span<byte> text = stackalloc byte[Numbers.MaxDoubleLength];
        NumberText(text[..Numbers.FormatDouble(value, text)]);
    }

    /// <summary>A long double in Redis's human format, see <see cref="Resp.LongDouble.Format"/>.</summary>
    public void LongDouble(in LongDouble value)
    {
        Span<byte> text = stackalloc byte[Resp.LongDouble.MaxLength];
        NumberText(text[..value.Format(text)]);
    }

    public void Bool(bool value)
    {
        if (Protocol == 2) Write(value ? Constant.One : Constant.Zero, value ? ":1\r\n"u8 : ":0\r\n"u8);
        else Write(value ? Constant.True : Constant.False, value ? "#t\r\n"u8 : "#f\r\n"u8);
    }

    /// <summary>An integer of any size, given as its digits.</summary>
    public void BigNumber(ReadOnlySpan<byte> digits)
    {
        if (Protocol == 2) Bulk(digits);
        else Line((byte)'(', digits);
    }

    /// <summary>Text for people. <paramref name="extension"/> is its format in three characters: "txt" or "mkd".</summary>
    public void Verbatim(string extension, ReadOnlySpan<byte> text)
    {
        Debug.Assert(extension.Length == 3);
        if (Protocol == 2)
        {
            Bulk(text);
            return;
        }

        if (_values is not null)
        {
            TakeVerbatim(extension, text);
            return;
        }

        Number((byte)'=', text.Length + 4L);
        Append([(byte)extension[0], (byte)extension[1], (byte)extension[2], (byte)':']);
        Append(text);
        LineEnd();
    }

    private void NumberText(ReadOnlySpan<byte> text)
    {
        if (Protocol == 2) Bulk(text);
        else Line((byte)',', text);
    }
}
