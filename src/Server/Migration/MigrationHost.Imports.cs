using System.Globalization;
using System.Text;
using MiniRedis.Cluster.Migrations;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Replication;

namespace MiniRedis.Server.Migration;

/// <summary>The target's side, and that of its replicas.</summary>
sealed partial class MigrationHost
{
    /// <summary>The first version whose replicas understand CLUSTER SYNCSLOTS: Valkey 9. A MiniRedis says so by a capability.</summary>
    const int KnowsMigrations = 0x090000;

    /// <summary>A source begins: its connection brings keys of these slots from now on. Returns why not.</summary>
    public string? Establish(Client client, string name, string source, SlotRanges ranges)
    {
        string? refusal = null;
        Step(() =>
        {
            refusal = Machine.Establish(name, source, ranges, Now, out var job);
            if (job is null) return;
            _imports.Add(job, client);
            client.ImportedSlots = job.Slots;
        });
        return refusal;
    }

    /// <summary>The import whose connection a client is; null: it is none.</summary>
    public SlotMigration? ImportOf(Client client)
    {
        foreach (var (job, other) in _imports)
        {
            if (other == client) return job;
        }
        return null;
    }

    /// <summary>A word of the source.</summary>
    public void Receive(SlotMigration job, string word) => Step(() => Machine.Received(job, word, Now));

    /// <summary>A command of the source was refused: what is here is not what is there.</summary>
    public void NoteError(Client client, string error)
    {
        if (ImportOf(client) is not { } job) return;
        _log.ClusterWarning($"Slot migration {job}: a command of the source was refused: {error}");
        var isMemory = error.StartsWith("OOM", StringComparison.Ordinal);
        Step(() => Machine.Failed(
            job,
            isMemory ? "Ran out of memory (OOM) during slot import"
                : "Failed to process command during slot migration. Check logs for more information",
            Now));
    }

    void Leave(Client client)
    {
        if (client.ImportedSlots is null || ImportOf(client) is not { } job) return;
        _imports.Remove(job);
        Step(() => Machine.Lost(job, "closed", Now));
    }

    /// <summary>This node's master, or the file of one, says that slots are on their way to it.</summary>
    public void Track(string name, SlotRanges ranges) => Step(() => Machine.Track(name, ranges, Now));

    /// <summary>This node's master says how an import has ended. False if none of that name is known.</summary>
    public bool Finish(string name, bool isSuccess, string message)
    {
        var isKnown = false;
        Step(() => isKnown = Machine.Finish(name, isSuccess, message, Now));
        return isKnown;
    }

    /// <summary>What imports there are, for a new replica: "name 0-9 20-29,name 30-39"; null if there are none.</summary>
    string? DescribeImports()
    {
        var text = new StringBuilder();
        foreach (var job in Machine.Jobs)
        {
            if (!job.IsImport || job.IsOver) continue;
            if (_imports.ContainsKey(job)) _told.Add(job);
            text.Append(CultureInfo.InvariantCulture, $"{(text.Length > 0 ? "," : "")}{job.Name} {job.Ranges}");
        }
        return text.Length > 0 ? text.ToString() : null;
    }

    /// <summary>The data are those of a file: of this node's master, or of a replica that starts. It tells of slots on their way.</summary>
    void TakeImports()
    {
        if (_cluster.Machine.Myself.IsMaster) return;
        Step(() =>
        {
            Machine.Resynchronized(Now);
            foreach (var import in (_loading.SlotImports ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                var space = import.IndexOf(' ', StringComparison.Ordinal);
                if (space > 0 && SlotRanges.Parse(import[(space + 1)..]) is { } ranges) Machine.Track(import[..space], ranges, Now);
            }
        });
    }

    /// <summary>
    /// Tells the replicas to hide what comes. They hear of it if all of them understand it: a stream is one for all. Others show the keys
    /// early.
    /// </summary>
    void TellBegin(SlotMigration job)
    {
        if (!_effects.IsPropagating || _replicas.All.Any(replica => replica.State != ReplicaState.Introduced && !UnderstandsMigrations(replica)))
            return;
        _told.Add(job);
        Tell([.. WordsOf(job)]);
    }

    static bool UnderstandsMigrations(Replica replica) =>
        replica.Version >= KnowsMigrations || (replica.Capabilities & ReplicaCapabilities.SlotMigrations) != 0;

    void TellEnd(SlotMigration job)
    {
        // Of one that was its master's, this node's own replicas have heard as it has.
        if (!_told.Remove(job) && job.Source.Length > 0 || !_effects.IsPropagating) return;
        string[] words = ["CLUSTER", "SYNCSLOTS", "FINISH", "STATE", job.State == MigrationState.Success ? "SUCCESS" : "FAILED", "NAME", job.Name];
        Tell(job.Message.Length > 0 ? [.. words, "MESSAGE", job.Message] : words);
    }

    void Tell(string[] words)
    {
        _effects.Begin(0, words.Length, EffectTarget.Replicas);
        foreach (var word in words) _effects.Add(Encoding.Latin1.GetBytes(word));
        // A command that runs ends the unit itself.
        if (_running.Client is null) _effects.EndUnit();
    }
}
