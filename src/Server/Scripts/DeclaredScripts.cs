using MiniRedis.Resp;

namespace MiniRedis.Server.Scripts;

/// <summary>What the script or function that a request calls says of itself, before it runs.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class DeclaredScripts(EvalScripts evalScripts, FunctionLibraries functions)
{
    /// <summary>Its flags; null if the request calls no script that is there.</summary>
    public ScriptFlags? Of(CommandSpec? command, in Request request)
    {
        if (command is not { Group: CommandGroup.Scripting, Parent: null, IsContainer: false } || request.Count < 2) return null;
        return command.Name switch
        {
            "FCALL" or "FCALL_RO" => functions.FindFunction(request[1])?.Flags,
            "EVALSHA" or "EVALSHA_RO" => evalScripts.Find(request[1])?.Flags,
            _ => Shebang.ReadScript(request[1], out var read, out _) is null ? read : null,
        };
    }
}
