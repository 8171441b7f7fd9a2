using System.Globalization;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>
/// Global functions that Redis took from scripts in 7.4.6 and gives back where lua-enable-deprecated-api says so. A proxy's __gc is not
/// called: a run's memory is dropped as a whole.
/// </summary>
internal static unsafe partial class BaseLibrary
{
    public static void OpenDeprecated(LuaMachine m)
    {
        var g = m.Globals;
        m.AddNative(g, "getfenv", &GetEnvironment);
        m.AddNative(g, "newproxy", &NewProxy);
        m.AddNative(g, "setfenv", &SetEnvironment);
    }

    static int GetEnvironment(LuaMachine m)
    {
        var function = FunctionOrLevel(m, 1);
        return m.Return(Value.From(function->Proto == null ? m.Thread->Globals : function->Environment));
    }

    static int SetEnvironment(LuaMachine m)
    {
        var table = m.CheckTable(2);
        var function = FunctionOrLevel(m, null);
        var first = *m.Argument(1);
        if (m.ToNumber(&first) && first.Number == 0)
        {
            m.Thread->Globals = table;
            return 0;
        }
        if (function->Proto == null) m.Fail("'setfenv' cannot change environment of given object");
        function->Environment = table;
        return m.Return(Value.From(function));
    }

    /// <summary>The function that is the first argument, or runs that many levels above this one.</summary>
    /// <param name="m">The machine.</param>
    /// <param name="otherwise">The level if there is no argument; null if there must be one.</param>
    static Closure* FunctionOrLevel(LuaMachine m, int? otherwise)
    {
        if (m.TypeOf(1) == LuaType.Function) return m.Argument(1)->Closure;
        var level = otherwise is { } usual ? (int)m.OptionalInteger(1, usual) : m.CheckInt(1);
        if (level < 0) m.ArgumentError(1, "level must be non-negative");
        var call = m.CallAt(level);
        if (call != null) return call->Function->Closure;
        if (!m.HasLevel(level)) m.ArgumentError(1, "invalid level");
        m.Fail(string.Create(CultureInfo.InvariantCulture, $"no function environment for tail call at level {level}"));
        return null;
    }

    static int NewProxy(LuaMachine m)
    {
        var model = m.ArgumentCount == 0 ? Value.Nil : *m.Argument(1);
        Table* metatable = null;
        if (model.Type == LuaType.Boolean)
        {
            if (model.IsTrue) metatable = m.NewTable(0, 0);
        }
        else if (!model.IsNil)
        {
            if (model.Type == LuaType.Userdata) metatable = model.Userdata->Metatable;
            if (metatable == null) m.ArgumentError(1, "boolean or proxy expected");
        }
        return m.Return(Value.From(m.NewUserdata(metatable)));
    }
}
