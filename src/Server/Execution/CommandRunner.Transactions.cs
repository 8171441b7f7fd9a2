using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Transactions;

namespace MiniRedis.Server.Execution;

/// <summary>Queues the commands of a transaction and runs them.</summary>
sealed partial class CommandRunner
{
    void Enqueue(Client client, Command command, in Request request, ulong? keyHash, ReplyWriter reply)
    {
        // EXEC will fail anyway: commands after the failure take no memory.
        if (!client.Has(ClientFlags.DirtyCas | ClientFlags.DirtyExec))
            client.Transaction!.Queue.Add(command, gates.DeclaredFlags(command, request, command.Flags), request, keyHash);
        reply.Queued();
    }

    /// <summary>
    /// Runs the queued commands as one: their effects are one unit, the clock stands still meanwhile, and no other client runs a
    /// command between them. A command that fails, even by a bug, does not stop the others.
    /// </summary>
    public void RunTransaction(ref CommandContext exec)
    {
        var client = exec.Client;
        var reply = exec.Reply;
        var transaction = client.Transaction!;
        var queue = transaction.Queue;
        transactions.Watched.Unwatch(client);
        var errors = reply.Errors;
        transaction.IsRunning = running.InTransaction = true;
        clock.Freeze();
        try
        {
            reply.Array(queue.Count);
            for (var i = 0; i < queue.Count; i++)
            {
                if (i % TransactionQueue.Prefetched == 0) queue.Prefetch(i, client.Database);
                var request = queue.Request(i, out var command, out var keyHash);
                if (client.User.IsRestricted && !gates.IsStillPermitted(client, (Command)command, request, reply)) continue;
                var context = new CommandContext(parts, client, (Command)command, reply, request, keyHash) { MayBlock = false };
                var before = reply.Errors;
                Invoke(ref context);
                if (reply.Errors != before) _failedInTransaction ??= (Command)command;
                // CLIENT REPLY OFF among them counts from here on, as in Redis.
                if (client.ReplyMode == ReplyMode.Off && !reply.Muted) reply.Muted = true;
            }
        }
        finally
        {
            clock.Thaw();
            transaction.IsRunning = running.InTransaction = false;
            _nestedErrors = reply.Errors - errors;
            transactions.Discard(client);
        }
    }
}
