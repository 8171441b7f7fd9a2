using System.Text;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>
/// What counts towards the next question to the host beside calls and jumps. A unit is about ten nanoseconds. A step whose length a
/// script decides counts by its length, or a hundred thousand of them would pass before the host is asked.
/// </summary>
public sealed unsafe partial class LuaMachine
{
    /// <summary>Strings of this length are long enough to be counted by their bytes.</summary>
    internal const int LongString = 64;

    /// <summary>Bytes of a unit where each is hashed or parsed, and where many are looked at together.</summary>
    internal const int BytesHashed = 16, BytesScanned = 256;

    /// <summary>An error unwinds the stack of .NET, which takes some ten microseconds.</summary>
    const int WorkOfException = 1000;

    /// <summary>Counts work without asking now: where nothing may be raised, or where work is small.</summary>
    void Charge(long work) => _budget = (int)Math.Max(int.MinValue / 2, _budget - work);

    /// <summary>Counts the memory that was filled since.</summary>
    void ChargeMemory()
    {
        Charge(_heap.Work);
        _heap.Work = 0;
    }

    /// <summary>The entry behind a key, as <see cref="Table.Next"/>. Empty places on the way count.</summary>
    internal int Next(Table* table, Value* key)
    {
        var found = table->Next(key, out var walked);
        if (walked >= 8) Charge(walked / 8);
        return found;
    }

    /// <summary>A text up to its first zero byte, as C shows it.</summary>
    internal static ReadOnlySpan<byte> ToZero(ReadOnlySpan<byte> text)
    {
        var zero = text.IndexOf((byte)0);
        return zero < 0 ? text : text[..zero];
    }

    /// <summary>A string argument for an error's text: up to its first zero byte, and no more of it than makes sense to show.</summary>
    internal string ShownText(int number) => Shown(CheckString(number));

    static string Shown(ReadOnlySpan<byte> text)
    {
        const int most = 4096;
        text = ToZero(text);
        return Encoding.Latin1.GetString(text[..Math.Min(most, text.Length)]);
    }
}
