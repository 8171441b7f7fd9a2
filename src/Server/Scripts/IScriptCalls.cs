using MiniRedis.Resp;
using MiniRedis.Server.Scripts.Engine;

namespace MiniRedis.Server.Scripts;

/// <summary>What became of a command that a script called.</summary>
enum ScriptCallResult
{
    /// <summary>It ran, and answered; it may have answered an error.</summary>
    Answered,

    /// <summary>It may not run.</summary>
    Refused,

    /// <summary>It ran, and its reply is more than the script may hold.</summary>
    TooLong,
}

/// <summary>What scripts need of who runs commands. Under the executor's lock.</summary>
interface IScriptCalls
{
    /// <summary>Runs a command of the running script.</summary>
    /// <param name="request">The command.</param>
    /// <param name="values">Takes its reply, if it runs.</param>
    /// <param name="refusal">The error that keeps it from running, if it does not.</param>
    ScriptCallResult Call(in Request request, LuaReplyValues values, out ReadOnlySpan<byte> refusal);

    /// <summary>Whether the caller of the script may run a command (redis.acl_check_cmd); null if there is no such command.</summary>
    bool? IsAllowed(in Request request);
}

/// <summary>Serves the other clients while a script runs too long.</summary>
interface IOtherClients
{
    /// <summary>
    /// Runs what has arrived from others, without waiting. Only what may run beside a busy script is carried out; the rest is answered
    /// BUSY. Called under the executor's lock, which is given up meanwhile.
    /// </summary>
    void ServeLocked();
}
