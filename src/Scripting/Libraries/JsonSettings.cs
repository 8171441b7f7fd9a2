using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>The settings of a cjson, in the order in which they lie in the table that its functions share.</summary>
internal enum JsonSetting
{
    /// <summary>Whether a table that would be a list of mostly nulls becomes an object rather than an error.</summary>
    SparseConvert,

    /// <summary>How many times more elements than values make a list sparse; zero for never.</summary>
    SparseRatio,

    /// <summary>The elements up to which no list is sparse.</summary>
    SparseSafe,
    EncodeMaxDepth,
    DecodeMaxDepth,
    EncodePrecision,

    /// <summary>Without effect here: buffers are the run's.</summary>
    KeepBuffer,

    /// <summary>What becomes of NaN and the infinities: 0 for an error, 1 for their names, 2 for null.</summary>
    EncodeInvalid,

    /// <summary>Whether hexadecimal numbers, NaN and the infinities are read.</summary>
    DecodeInvalid,
}

/// <summary>
/// Settings are numbers in the array part of a table of Lua, which is an upvalue of all functions of one cjson: so the settings of a
/// cjson.new go when it goes.
/// </summary>
internal unsafe readonly struct JsonSettings(Table* table)
{
    static ReadOnlySpan<double> Defaults => [0, 2, 10, 1000, 1000, 14, 1, 0, 1];

    public static int Count => Defaults.Length;

    public int this[JsonSetting setting]
    {
        get => (int)table->Array[(int)setting].Number;
        set => table->Array[(int)setting] = Value.From(value);
    }

    public void Reset()
    {
        for (var i = 0; i < Count; i++) table->Array[i] = Value.From(Defaults[i]);
    }
}
