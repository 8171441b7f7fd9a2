using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Server.Scripts.Engine;

/// <summary>The field names of replies and errors, as strings of one machine.</summary>
sealed class ScriptNames(LuaMachine machine)
{
    public Value Ok { get; } = machine.FixedString("ok"u8);
    public Value Err { get; } = machine.FixedString("err"u8);

    /// <summary>Of an error that a command has been counted for already.</summary>
    public Value IsCounted { get; } = machine.FixedString("ignore_error_stats_update"u8);

    public Value Source { get; } = machine.FixedString("source"u8);
    public Value Line { get; } = machine.FixedString("line"u8);
    public Value Double { get; } = machine.FixedString("double"u8);
    public Value BigNumber { get; } = machine.FixedString("big_number"u8);
    public Value Verbatim { get; } = machine.FixedString("verbatim_string"u8);
    public Value Format { get; } = machine.FixedString("format"u8);
    public Value String { get; } = machine.FixedString("string"u8);
    public Value Map { get; } = machine.FixedString("map"u8);
    public Value Set { get; } = machine.FixedString("set"u8);
}
