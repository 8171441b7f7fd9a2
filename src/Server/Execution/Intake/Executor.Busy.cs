using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution.Intake;

/// <summary>Serves other clients while a script runs too long.</summary>
sealed partial class Executor
{
    /// <summary>The transport, which receives from others. Set by the host.</summary>
    public ITransport? Transport { get; set; }

    /// <inheritdoc/>
    public void ServeLocked()
    {
        if (Transport is null) return;
        var seen = runner.Seen;
        var outer = LoopState.BeginNested();
        try
        {
            // Not that of the script's caller, which may be a file or a master.
            Transport.ServeOthersLocked(outer.Served);
        }
        finally
        {
            LoopState.EndNested(outer);
            runner.ResumeBatch(seen);
        }
        cron.RunBesideScript();
    }
}
