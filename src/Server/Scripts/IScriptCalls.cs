using MiniRedis.Resp;

namespace MiniRedis.Server.Scripts;

/// <summary>What scripts need of who runs commands. Under the executor's lock.</summary>
interface IScriptCalls
{
    /// <summary>Runs a command of the running script.</summary>
    /// <param name="script">The script.</param>
    /// <param name="request">The command.</param>
    /// <param name="output">Gets the reply, in the script's protocol.</param>
    /// <returns>Empty if it has run; otherwise the error that keeps it from running.</returns>
    ReadOnlySpan<byte> Call(RunningScript script, in Request request, CapturedReply output);

    /// <summary>Whether the caller of the script may run a command (redis.acl_check_cmd); null if there is no such command.</summary>
    bool? IsAllowed(RunningScript script, in Request request);
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
