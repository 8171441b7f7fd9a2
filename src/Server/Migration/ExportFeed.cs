using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Routing;

namespace MiniRedis.Server.Migration;

/// <summary>Finds the command that a word names; null if there is none.</summary>
delegate CommandSpec? CommandFinder(ReadOnlySpan<byte> name);

/// <summary>
/// Picks out of the stream of effects what concerns slots on their way, and gives it to their exports. A transaction comes as its commands:
/// nobody sees the slots at the target before all of them are there.
/// </summary>
/// <remarks>Under the executor's lock. It is in the stream while a migration is under way.</remarks>
sealed class ExportFeed(MigrationHost host) : IEffectSink
{
    static readonly ParserLimits s_limits = new() { MaxBulkLength = ParserLimits.LargestBulk, Authenticated = true };

    readonly ArgBuffer _arguments = new();

    /// <summary>Set by the root.</summary>
    public CommandFinder FindCommand { get; set; } = static _ => null;

    bool IEffectSink.WantsCommands => host.HasFedExports;

    KeyspaceEvents IEffectSink.WantedEvents => KeyspaceEvents.None;

    void IEffectSink.OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
    }

    void IEffectSink.OnFlushing(int database) => host.NoteFlush();

    void IEffectSink.OnFlushingAll(int databases) => host.NoteFlush();

    void IEffectSink.OnUnitLost() => host.NoteLostUnit();

    void IEffectSink.OnUnit(ReadOnlySpan<EffectCommand> commands, ReadOnlySpan<byte> encoded)
    {
        for (var i = 0; i < commands.Length; i++)
        {
            if ((commands[i].Target & EffectTarget.Replicas) == 0) continue;
            var bytes = encoded[commands[i].Offset..(i + 1 < commands.Length ? commands[i + 1].Offset : encoded.Length)];
            if (SlotOf(bytes, out var isPurge) is >= 0 and var slot) host.Feed(slot, commands[i].Database, bytes);
            else if (isPurge) host.FeedAll(commands[i].Database, bytes);
        }
    }

    /// <summary>The slot of the first key of an encoded command; -1 if it has none.</summary>
    /// <param name="isPurge">Whether it is a purge, which concerns all slots.</param>
    int SlotOf(ReadOnlySpan<byte> bytes, out bool isPurge)
    {
        isPurge = false;
        var parser = default(RequestParser);
        if (parser.Parse(bytes, s_limits, _arguments, out var request, out _, out _, out _) != ParseStatus.Request) return -1;
        if (request.Count == 2 && CachePayload.Is(request[1]) && CachePayloadReader.TryBegin(request[1], out var told))
        {
            isPurge = told.Kind == CachePayloadKind.Purge;
            return told.Kind == CachePayloadKind.Keys && told.NextKey(out var key, out _, out _) ? KeySlot.Of(key) : -1;
        }
        if (FindCommand(request[0]) is not { } command) return -1;
        if (command.IsContainer && request.Count > 1) command = command.FindSubcommand(request[1]) ?? command;
        return SlotRouter.SlotOf(command, request);
    }
}
