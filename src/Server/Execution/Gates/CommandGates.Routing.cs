using MiniRedis.Cluster.Bus;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Routing;
using MiniRedis.Server.Scripts;

namespace MiniRedis.Server.Execution.Gates;

/// <summary>Sends clients to the server that has their keys: another node of a cluster, or the master of a replica.</summary>
sealed partial class CommandGates
{
    /// <summary>Whether this node of a cluster serves a request. If not, the client has been told who does.</summary>
    bool IsServedHere(Client client, Command command, CommandFlags flags, in Request request, ulong? keyHash, ReplyWriter reply)
    {
        if (client.ImportedSlots is { } imported) return IsImported(client, command, request, keyHash, imported, reply);
        // ASKING counts for one command, or for all of a transaction.
        if (!client.Has(ClientFlags.Multi) && client.Has(ClientFlags.Asking | ClientFlags.AskingNext))
        {
            client.Flags = client.Has(ClientFlags.AskingNext)
                ? client.Flags & ~ClientFlags.AskingNext | ClientFlags.Asking
                : client.Flags & ~ClientFlags.Asking;
        }
        // Only those who may just read are asked whether a script writes.
        if (command.Group == CommandGroup.Scripting && (client.Has(ClientFlags.ReadOnlyReplica) || !router!.IsUp)
            && declaredScripts.Of(command, request) is { } declared && (declared & (ScriptFlags.Undeclared | ScriptFlags.NoWrites)) == 0)
            flags |= CommandFlags.Write;
        var route = router!.Find(client, command, flags, request, keyHash);
        slotStatistics.Current = route.Slot;
        if (route.Kind == RouteKind.Here) return true;
        SendAway(client, command, reply, router.Answer(client, route));
        return false;
    }

    /// <summary>Whether what the source of a migration sends concerns its slots, which are still its own.</summary>
    bool IsImported(Client client, Command command, in Request request, ulong? keyHash, SlotSet slots, ReplyWriter reply)
    {
        var slot = keyHash is { } hash && command.HasLoneKey ? Database.SlotOf(hash) : SlotRouter.SlotOf(command, request);
        slotStatistics.Current = slot;
        if (slot < 0 || slots.Contains(slot)) return true;
        SendAway(client, command, reply, Errors.SlotNotServed);
        return false;
    }

    /// <summary>
    /// Whether a replica outside of a cluster sends a client that understands it to the master (CLIENT CAPA redirect, Valkey 8): for all that
    /// concerns keys, but for what a client that is content with the replica's data reads.
    /// </summary>
    bool IsSentToMaster(Client client, Command command, CommandFlags flags, ReplyWriter reply)
    {
        if (router is not null || follower.Master is not { } master) return false;
        var reads = (flags & CommandFlags.ReadOnly) != 0 && !client.Has(ClientFlags.ReadOnlyReplica);
        if ((flags & CommandFlags.Write) == 0 && !reads) return false;
        SendAway(client, command, reply, Errors.RedirectToMaster(master.Host, master.Port));
        return true;
    }

    /// <summary>Tells a client to go elsewhere. Its transaction has failed, in the words that send it away.</summary>
    void SendAway(Client client, Command command, ReplyWriter reply, ReadOnlySpan<byte> error)
    {
        commandStatistics[command.Ordinal].RejectedCalls++;
        if (command.InMulti == InMulti.RunsQueue) transactions.Discard(client);
        else if (client.Has(ClientFlags.Multi)) transactions.Abort(client);
        Answer(reply, error);
    }

    /// <summary>Why the running script may not call a command for the sake of its keys; empty if it may.</summary>
    ReadOnlySpan<byte> WhyNotServed(Command command, in Request request)
    {
        var caller = script.Caller!;
        if (router is null || dataset.IsLoading || caller.Has(ClientFlags.Master)) return default;
        var route = router.Find(caller, command, command.Flags, request);
        if (route.Kind != RouteKind.Here) return SlotRouter.AnswerInScript(command, route);
        slotStatistics.Current = route.Slot;
        if (route.Slot < 0 || script.MayCrossSlots) return default;
        if (script.Slot < 0) script.Slot = route.Slot;
        return script.Slot == route.Slot ? default : Errors.ScriptCrossSlot;
    }
}
