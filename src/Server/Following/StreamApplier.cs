using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Following;

/// <summary>Bytes of the master's stream become commands that run.</summary>
/// <param name="follower">Whose data change.</param>
/// <param name="link">The link that the bytes have come by.</param>
/// <param name="master">The client that the master is.</param>
/// <remarks>One thread at a time. What it throws ends the link.</remarks>
sealed class StreamApplier(Follower follower, MasterLink link, Client master) : IDisposable
{
    /// <summary>The longest wait of a held command before it is tried again, whether or not somebody says that it may go on.</summary>
    static readonly TimeSpan s_heldFor = TimeSpan.FromMilliseconds(10);

    readonly MasterStream _stream = new();
    long _wanted;

    /// <summary>Room for the next bytes. Follow with <see cref="Run"/>.</summary>
    public Span<byte> Room => _stream.Room(_wanted);

    /// <summary>Bytes have come: runs the commands that are whole now.</summary>
    public void Run(int count)
    {
        var connection = (MasterConnection)master.Connection;
        _stream.Received(count);
        MasterRun run;
        while ((run = follower.EnterReceived(link, master, _stream)).End != MasterRunEnd.NeedsMore)
        {
            if (run.End == MasterRunEnd.Waits) connection.Attention.WaitOne(s_heldFor);
            else if (run.End != MasterRunEnd.TurnEnds) throw new Links.LinkException("its commands cannot be applied");
            // Others wait for the lock.
            else Thread.Yield();
        }
        _wanted = run.Wanted;
    }

    public void Dispose() => _stream.Dispose();
}
