using System.Runtime.CompilerServices;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Server.Execution.Gates;

/// <summary>
/// Decides what a refusal of memory costs (docs/design/memory-refused.md): nothing but the command, as long as that has changed
/// nothing; otherwise the process. Under the executor's lock.
/// </summary>
sealed class RefusedMemory(
    Keyspace keyspace, RunningCall running, EffectStream effects, DatasetState dataset, ServerExit exit, CrashReport crash,
    ServerLog log)
{
    /// <summary>
    /// Requests up to this length need no more than the reserve, whatever they do with it. A write command with a longer one asks
    /// for its memory before it begins.
    /// </summary>
    const long SmallRequest = 8 * 1024;

    /// <summary>
    /// The most that an argument takes besides its bytes: a member of a sorted set stands in a block, in a table and in a tree, and
    /// a table that is just being doubled has some buckets twice.
    /// </summary>
    const long MostAround = 160;

    /// <summary>
    /// Whether what runs repeats what has happened, on a master or before a restart. Nobody is there to be refused: where it finds no
    /// memory, the server ends.
    /// </summary>
    public bool IsRepeating { get; set; }

    /// <summary>
    /// Begins a command, if there is a reserve for the middle of its change, and memory for its arguments.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryBegin(in CommandContext context)
    {
        // FLUSHALL replaces the arena, so nobody keeps it.
        var arena = keyspace.Arena;
        if (context.Command.NeedsMemory && !(arena.HasReserve && context.MostEncodedLength <= SmallRequest) && !HasMemoryFor(context)
            && !IsRepeating)
            return false;
        if (!IsRepeating) arena.BeginAttempt();
        return true;
    }

    /// <summary>The command has ended: what is done next is no part of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Leave() => keyspace.Arena.EndAttempt();

    [MethodImpl(MethodImplOptions.NoInlining)]
    bool HasMemoryFor(in CommandContext context) =>
        keyspace.Arena.TryFillReserve() && (context.MostEncodedLength <= SmallRequest || CanTake(context.Request));

    [MethodImpl(MethodImplOptions.NoInlining)]
    bool CanTake(in Request request)
    {
        long bytes = 0, largest = 0;
        foreach (var range in request.Args)
        {
            bytes += range.Length;
            largest = Math.Max(largest, range.Length);
        }
        // A block of its own may be an eighth larger than what is in it.
        return keyspace.Arena.CanTake(bytes + bytes / 8 + MostAround * request.Count, largest);
    }

    /// <summary>
    /// Gives the running command up, if nothing has changed yet. False if something has, or if it was the runtime that got no
    /// memory: then the caller lets the exception pass, and <see cref="End"/> gets it.
    /// </summary>
    /// <param name="failure">What ended the command.</param>
    /// <param name="dirty">The changes that were counted when the command began.</param>
    public bool TryGiveUp(OutOfMemoryException failure, long dirty) =>
        failure is MemoryRefusedException && effects.Dirty == dirty && keyspace.TryGiveUp();

    /// <summary>
    /// Ends the server: a change is not whole and cannot be taken back. Its unit of effects is dropped, so that the files hold
    /// whole units only.
    /// </summary>
    /// <param name="failure">The refusal.</param>
    /// <param name="work">What was being done, if it was no command.</param>
    public void End(OutOfMemoryException failure, string work)
    {
        if (exit.IsTorn) return;
        effects.DropUnit();
        if (running.Command is { } command) work = command.FullName;
        if (dataset.IsLoading) work = running.Command is null ? "loading the data set" : $"loading the data set: {work}";
        if (failure is MemoryRefusedException refused) log.MemoryRefused(refused.Bytes, work, keyspace.UsedBytes);
        else log.HeapRefused(work, keyspace.UsedBytes);
        Report(failure);
        exit.BeginTorn();
    }

    void Report(OutOfMemoryException failure)
    {
        try
        {
            crash.Write(["Redis aborting for OUT OF MEMORY"], failure.ToString());
        }
        catch (OutOfMemoryException)
        {
            // The line above has said what matters.
        }
    }
}
