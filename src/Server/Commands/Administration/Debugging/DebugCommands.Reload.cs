using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Commands.Administration.Debugging;

/// <summary>DEBUG RELOAD: what a restart does to the data.</summary>
static partial class DebugCommands
{
    /// <summary>Serves no client until it is done.</summary>
    static void DebugReload(ref CommandContext c)
    {
        bool saves = true, flushes = true, merges = false;
        for (var i = 2; i < c.Count; i++)
        {
            if (c.IsToken(i, "MERGE"u8)) merges = true;
            else if (c.IsToken(i, "NOFLUSH"u8)) flushes = false;
            else if (c.IsToken(i, "NOSAVE"u8)) saves = false;
            else
            {
                c.Fail(Errors.ReloadOptions);
                return;
            }
        }
        var server = c.Server;
        if (saves && !server.Saving.TrySave())
        {
            c.Fail(Errors.SaveFailed);
            return;
        }
        // As at a restart, no sink hears of it: the same data come back.
        if (flushes)
        {
            server.Keyspace.FlushAll();
            server.Functions.Clear();
        }
        if (TryLoad(server, merges)) c.Reply.Ok();
        else c.Fail(Errors.ReloadFailed);
    }

    /// <summary>What a restart with the append-only file does to the data.</summary>
    static void DebugLoadAof(ref CommandContext c)
    {
        var server = c.Server;
        // BGREWRITEAOF leaves one even where the AOF is off.
        if (!server.Config.Persistence.AppendOnly && !server.Aof.Files.Manifest.Files.Any())
        {
            c.Fail(Errors.NoAppendOnlyFile);
            return;
        }
        // The file is complete only with a base, and with what still waits for the disk.
        if (!server.AofRewriting.TryAwaitBase() || !server.Aof.TryFlush())
        {
            c.Fail(Errors.AofIsNotWhole);
            return;
        }
        server.Keyspace.FlushAll();
        server.Functions.Clear();
        try
        {
            if (!server.Loading.LoadAofNow())
            {
                c.Fail(Errors.LoadAofFailed);
                return;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            server.Log.CannotOpenData(DiskException.Describe(failure));
            c.Fail(Errors.LoadAofFailed);
            return;
        }
        server.Saving.ForgetChanges(server.Effects.Dirty);
        server.Log.AofReloaded();
        c.Reply.Ok();
    }

    static void DebugAofFlushSleep(ref CommandContext c)
    {
        if (!c.TryInt32(2, out var microseconds)) return;
        c.Server.DebugSwitches.AofFlushDelay = microseconds;
        c.Server.Aof.ApplyDelay();
        c.Reply.Ok();
    }

    static bool TryLoad(ServerParts server, bool replaces)
    {
        try
        {
            if (!server.Loading.LoadNow(server.Saving.Path, replaces)) return false;
            server.Log.Reloaded();
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            server.Log.CannotReload(DiskException.Describe(failure));
            return false;
        }
    }
}
