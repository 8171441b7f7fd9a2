using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>
/// The table "cjson": lua-cjson 2.1.0 as Redis has it. Redis keeps a changed setting for all scripts that follow; here the settings are
/// as new in every run, like everything else that a script could leave behind.
/// </summary>
internal static unsafe class JsonLibrary
{
    public static void Open(LuaMachine m)
    {
        m.JsonSettings = NewSettings(m);
        m.SetField(m.Globals, "cjson", Value.From(NewModule(m, m.JsonSettings)));
    }

    /// <summary>Takes back what a run has set.</summary>
    public static void Reset(Table* settings) => new JsonSettings(settings).Reset();

    static Table* NewSettings(LuaMachine m)
    {
        var settings = m.NewTable(JsonSettings.Count, 0);
        Reset(settings);
        return settings;
    }

    static Table* NewModule(LuaMachine m, Table* settings)
    {
        var t = m.NewTable(0, 0);
        Add(m, t, settings, "encode", &Encode);
        Add(m, t, settings, "decode", &Decode);
        Add(m, t, settings, "encode_sparse_array", &EncodeSparseArray);
        Add(m, t, settings, "encode_max_depth", &EncodeMaxDepth);
        Add(m, t, settings, "decode_max_depth", &DecodeMaxDepth);
        Add(m, t, settings, "encode_number_precision", &EncodeNumberPrecision);
        Add(m, t, settings, "encode_keep_buffer", &EncodeKeepBuffer);
        Add(m, t, settings, "encode_invalid_numbers", &EncodeInvalidNumbers);
        Add(m, t, settings, "decode_invalid_numbers", &DecodeInvalidNumbers);
        Add(m, t, settings, "new", &New);
        m.SetField(t, "null", Value.Light(0));
        m.SetField(t, "_NAME", m.NewString("cjson"u8));
        m.SetField(t, "_VERSION", m.NewString("2.1.0"u8));
        return t;
    }

    static void Add(LuaMachine m, Table* table, Table* settings, string name, delegate*<LuaMachine, int> code)
    {
        var closure = m.NewNative(code, 1);
        Closure.Values(closure)[0] = Value.From(settings);
        m.SetField(table, name, Value.From(closure));
    }

    static JsonSettings SettingsOf(LuaMachine m) => new(Closure.Values(m.Thread->Call->Function->Closure)[0].Table);

    static int New(LuaMachine m) => m.Return(Value.From(NewModule(m, NewSettings(m))));

    static int Encode(LuaMachine m)
    {
        if (m.ArgumentCount != 1) m.ArgumentError(1, "expected 1 argument");
        var writer = new JsonWriter(m, SettingsOf(m));
        try
        {
            writer.Write(m.Argument(1));
            return m.ReturnString(writer.Written);
        }
        finally
        {
            writer.Dispose();
        }
    }

    static int Decode(LuaMachine m)
    {
        if (m.ArgumentCount != 1) m.ArgumentError(1, "expected 1 argument");
        var text = m.CheckString(1);
        if (text.Length >= 2 && (text[0] == 0 || text[1] == 0)) m.Fail("JSON parser does not support UTF-16 or UTF-32");
        var reader = new JsonReader(m, SettingsOf(m), m.Argument(1)->String);
        try
        {
            return m.Return(reader.Read());
        }
        finally
        {
            reader.Dispose();
        }
    }

    // Settings. Each function changes what it is given and returns what is set.

    static JsonSettings CheckCount(LuaMachine m, int most)
    {
        if (m.ArgumentCount > most) m.ArgumentError(most + 1, "found too many arguments");
        return SettingsOf(m);
    }

    static int Integer(LuaMachine m, JsonSettings settings, JsonSetting setting, int argument, int least, int most)
    {
        if (!m.IsNoneOrNil(argument))
        {
            var value = m.CheckInt(argument);
            // The first argument is blamed, whichever it was.
            if (value < least || value > most) m.ArgumentError(1, $"expected integer between {least} and {most}");
            settings[setting] = value;
        }
        return m.ReturnNumber(settings[setting]);
    }

    /// <summary>A setting with names. The first two are also false and true.</summary>
    static int Choice(LuaMachine m, JsonSettings settings, JsonSetting setting, params ReadOnlySpan<string> names)
    {
        if (!m.IsNoneOrNil(1)) settings[setting] = m.TypeOf(1) == LuaType.Boolean ? (int)m.Argument(1)->Bits : NameAt(m, names);
        var value = settings[setting];
        return value > 1 ? m.ReturnText(names[value]) : m.ReturnBoolean(value == 1);
    }

    static int NameAt(LuaMachine m, ReadOnlySpan<string> names)
    {
        m.CheckString(1);
        var given = m.ShownText(1);
        var at = names.IndexOf(given);
        if (at < 0) m.ArgumentError(1, $"invalid option '{given}'");
        return at;
    }

    static int EncodeSparseArray(LuaMachine m)
    {
        var settings = CheckCount(m, 3);
        // Results go above three arguments.
        while (m.ArgumentCount < 3) m.Push(Value.Nil);
        return Choice(m, settings, JsonSetting.SparseConvert, "off", "on")
            + Integer(m, settings, JsonSetting.SparseRatio, 2, 0, int.MaxValue)
            + Integer(m, settings, JsonSetting.SparseSafe, 3, 0, int.MaxValue);
    }

    static int EncodeMaxDepth(LuaMachine m) => Integer(m, CheckCount(m, 1), JsonSetting.EncodeMaxDepth, 1, 1, int.MaxValue);

    static int DecodeMaxDepth(LuaMachine m) => Integer(m, CheckCount(m, 1), JsonSetting.DecodeMaxDepth, 1, 1, int.MaxValue);

    static int EncodeNumberPrecision(LuaMachine m) => Integer(m, CheckCount(m, 1), JsonSetting.EncodePrecision, 1, 1, 14);

    static int EncodeKeepBuffer(LuaMachine m) => Choice(m, CheckCount(m, 1), JsonSetting.KeepBuffer, "off", "on");

    static int EncodeInvalidNumbers(LuaMachine m) => Choice(m, CheckCount(m, 1), JsonSetting.EncodeInvalid, "off", "on", "null");

    static int DecodeInvalidNumbers(LuaMachine m) => Choice(m, CheckCount(m, 1), JsonSetting.DecodeInvalid, "off", "on");
}
