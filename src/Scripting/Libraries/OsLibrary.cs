using MiniRedis.Scripting.Machine;

namespace MiniRedis.Scripting.Libraries;

/// <summary>
/// The table "os", of which the sandbox leaves the clock. In Redis it counts the seconds of the processor that the process has used;
/// here it counts those since the machine was made. Scripts look at differences only, and while a script runs the two go alike.
/// </summary>
internal static unsafe class OsLibrary
{
    public static void Open(LuaMachine m) => m.AddNative(m.OpenLibrary("os", 1), "clock", &Clock);

    static int Clock(LuaMachine m) => m.ReturnNumber(m.Uptime.TotalSeconds);
}
