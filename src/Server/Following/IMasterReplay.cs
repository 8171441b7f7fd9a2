using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Following;

/// <summary>What became of a piece of the master's stream.</summary>
enum MasterRunEnd : byte
{
    /// <summary>All whole commands have run.</summary>
    NeedsMore,

    /// <summary>The turn is over, and others are to be served first.</summary>
    TurnEnds,

    /// <summary>The next command has to wait: for the end of a pause, or for a disk.</summary>
    Waits,

    /// <summary>The link cannot go on. The log says why.</summary>
    Broken,

    /// <summary>As <see cref="Broken"/>, by the master's fault: what it sends is no command.</summary>
    NotCommands,
}

/// <summary>The result of a run.</summary>
/// <param name="End">Why it ended.</param>
/// <param name="Consumed">Bytes of the commands that have run or are queued in a transaction.</param>
/// <param name="Wanted">Bytes that the next command has in all, as far as it says so by now.</param>
readonly record struct MasterRun(MasterRunEnd End, int Consumed, long Wanted);

/// <summary>Runs commands of a master's stream. Under the executor's lock.</summary>
interface IMasterReplay
{
    /// <summary>
    /// Bytes of the current run, or else of the last one, whose changes are there: all that it consumed but an open transaction. The replica
    /// may be asked for its offset in the middle of a run.
    /// </summary>
    int Applied { get; }

    /// <summary>Runs the whole commands of some bytes, for as long as a turn lasts.</summary>
    MasterRun Run(Client master, ReadOnlySpan<byte> unread);
}
