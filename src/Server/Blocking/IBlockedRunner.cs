namespace MiniRedis.Server.Blocking;

/// <summary>Runs or ends the commands of blocked clients: CommandRunner.</summary>
interface IBlockedRunner
{
    /// <summary>Runs the command once more. It may end up waiting again.</summary>
    void RunAgain(BlockingCall call);

    /// <summary>Ends a wait that was not served: its deadline has passed, or CLIENT UNBLOCK ended it.</summary>
    /// <param name="call">The call that waits.</param>
    /// <param name="withError">Whether the client is answered an error instead of the reply of a timeout.</param>
    void EndWait(BlockingCall call, bool withError);

    /// <summary>Ends a wait with an error.</summary>
    void EndWait(BlockingCall call, byte[] error);

    /// <summary>Ends a wait because this server has become a replica: the client is told so, and closed.</summary>
    void EndForRole(BlockingCall call);
}
