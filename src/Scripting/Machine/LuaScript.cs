using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>A compiled script. It belongs to the machine that made it, and lives as long.</summary>
public readonly unsafe struct LuaScript
{
    internal LuaScript(Proto* main) => Main = main;

    internal Proto* Main { get; }
}
