namespace MiniRedis.Server.Blocking;

/// <summary>Runs, or ends, the commands of clients that wait: the executor.</summary>
interface IBlockedRunner
{
    /// <summary>Runs the command once more. It may end up waiting again.</summary>
    void RunAgain(BlockingCall call);

    /// <summary>Ends a wait without what was waited for: its time is over, or CLIENT UNBLOCK said so.</summary>
    /// <param name="call">The call that waits.</param>
    /// <param name="withError">Whether the client is answered an error, not the reply of a timeout.</param>
    void EndWait(BlockingCall call, bool withError);
}
