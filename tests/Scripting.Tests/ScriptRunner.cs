using System.Globalization;
using System.Text;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Tests;

/// <summary>A machine with a host of the tests': text in, text out, one char a byte.</summary>
sealed class ScriptRunner : IScriptHost, IDisposable
{
    public ScriptRunner(TimeProvider? time = null, bool deprecated = false)
    {
        Machine = new LuaMachine(this, time: time);
        if (deprecated) Machine.AddDeprecated();
        Machine.AddRunGlobal("KEYS");
        Machine.AddRunGlobal("ARGV");
        var host = Machine.AddTable("host");
        Machine.AddFunction(host, "echo", 1);
        Machine.AddFunction(host, "fail", 2);
        Machine.AddValue(host, "VERSION", Machine.NewString("1.0"u8));
        Machine.Seal();
    }

    public LuaMachine Machine { get; }

    /// <summary>Questions of the machine that are answered with yes, before one is answered with no.</summary>
    public int Patience { get; set; } = int.MaxValue;

    /// <summary>Questions of the machine so far.</summary>
    public int Questions { get; private set; }

    public bool MayContinue()
    {
        Questions++;
        return --Patience >= 0;
    }

    public void Call(int id, ref NativeCall call)
    {
        if (id == 2)
        {
            call.Raise("the host has failed");
            return;
        }
        foreach (var value in call.Arguments.ToArray()) call.Return(value);
    }

    /// <summary>The first result of a script, or "ERR " and its error.</summary>
    public string Run(string script)
    {
        if (!Machine.TryLoad(Encoding.Latin1.GetBytes(script), "@user_script"u8, out var loaded, out var error))
        {
            return "ERR " + Encoding.Latin1.GetString(error!);
        }
        Machine.BeginRun();
        try
        {
            return Machine.Run(loaded, out var result) ? Show(result) : "ERR " + Show(result);
        }
        catch (LuaStoppedException)
        {
            return "stopped";
        }
        finally
        {
            Machine.EndRun();
        }
    }

    static string Show(Value value) => value.Type switch
    {
        LuaType.Nil => "nil",
        LuaType.Boolean => value.IsTrue ? "true" : "false",
        LuaType.Number => value.AsNumber.ToString("R", CultureInfo.InvariantCulture),
        LuaType.String => Encoding.Latin1.GetString(value.AsBytes),
        LuaType.Table => "{" + string.Join(",", Elements(value)) + "}",
        _ => value.Type.ToString().ToLowerInvariant(),
    };

    static List<string> Elements(Value table)
    {
        var elements = new List<string>();
        for (var i = 1; !LuaMachine.GetElement(table, i).IsNil; i++) elements.Add(Show(LuaMachine.GetElement(table, i)));
        return elements;
    }

    public void Dispose() => Machine.Dispose();
}
