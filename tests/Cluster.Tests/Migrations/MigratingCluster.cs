using MiniRedis.Cluster.Migrations;
using MiniRedis.Cluster.Tests.Nodes;

namespace MiniRedis.Cluster.Tests.Migrations;

/// <summary>
/// Nodes of a <see cref="LocalCluster"/> that move slots: what one says the other hears when the test delivers it, and keys are numbers.
/// </summary>
sealed class MigratingNode(MigratingCluster cluster, LocalNode node) : IMigrationHost
{
    readonly Dictionary<SlotMigration, Queue<string>> _said = [];

    public LocalNode Node => node;

    public SlotMigrations Machine { get; set; } = null!;

    /// <summary>What was wanted done, but for what is said and logged.</summary>
    public List<MigrationOutput> Outputs { get; } = [];

    public List<string> Lines { get; } = [];

    public bool CanSnapshot { get; set; } = true;

    public long Unsent { get; set; }

    public long HeardAt { get; set; }

    public bool HoldsWrites { get; private set; }

    public HashSet<int> Hidden { get; } = [];

    public SlotMigration Job => Machine.Jobs[0];

    long IMigrationHost.UnsentBytes(SlotMigration job) => Unsent;

    long IMigrationHost.HeardAt(SlotMigration job) => HeardAt;

    /// <summary>A step.</summary>
    public void Do(Action<SlotMigrations, long> step)
    {
        step(Machine, cluster.Now);
        cluster.Settle();
    }

    /// <summary>The words that wait to be heard by the other side.</summary>
    public IEnumerable<string> Said(SlotMigration job) => _said.GetValueOrDefault(job) ?? [];

    /// <summary>The next word; null: there is none.</summary>
    public string? Take(SlotMigration job) => _said.TryGetValue(job, out var said) && said.TryDequeue(out var word) ? word : null;

    public void Take()
    {
        foreach (var output in Machine.TakeOutputs())
        {
            switch (output)
            {
                case MigrationOutput.Log line: Lines.Add(line.Text); continue;
                case MigrationOutput.Send send:
                    if (!_said.TryGetValue(send.Job, out var said)) _said.Add(send.Job, said = []);
                    said.Enqueue(send.Word);
                    continue;
                case MigrationOutput.HoldWrites hold: HoldsWrites = hold.Holds; break;
                case MigrationOutput.Hide hide:
                    foreach (var (first, last) in hide.Slots.Ranges())
                    {
                        for (var slot = first; slot <= last; slot++)
                        {
                            if (hide.Hides) Hidden.Add(slot);
                            else Hidden.Remove(slot);
                        }
                    }
                    break;
                default: break;
            }
            Outputs.Add(output);
        }
    }
}

sealed class MigratingCluster
{
    readonly LocalCluster _cluster;
    readonly List<MigratingNode> _nodes = [];

    public MigratingCluster(int masters, int replicas = 0)
    {
        _cluster = LocalCluster.Create(masters, replicas);
        foreach (var node in _cluster.Nodes)
        {
            var one = new MigratingNode(this, node) { HeardAt = Now };
            one.Machine = new SlotMigrations(node.Machine, new MigrationSettings(), one, new Random(_nodes.Count));
            one.Machine.OwnersChanged(Now);
            _nodes.Add(one);
        }
    }

    public long Now => _cluster.Now;

    public LocalCluster Cluster => _cluster;

    public MigratingNode this[int index] => _nodes[index];

    public void Settle()
    {
        do
        {
            foreach (var node in _nodes) node.Take();
            _cluster.Settle();
            foreach (var node in _nodes) node.Machine.OwnersChanged(Now);
        }
        while (_nodes.Exists(n => n.Machine.HasOutputs || n.Node.Machine.HasOutputs));
    }

    public void Pass(long milliseconds)
    {
        for (var end = Now + milliseconds; Now < end;)
        {
            _cluster.Pass(100);
            foreach (var node in _nodes.Where(n => !n.Node.IsDown)) node.Machine.Tick(Now);
            Settle();
        }
    }

    /// <summary>Has one node hand slots to another, up to the snapshot.</summary>
    public (SlotMigration Export, SlotMigration Import) Begin(int source, int target, int first, int last)
    {
        var ranges = new SlotRanges();
        ranges.Add(first, last);
        this[source].Do((m, now) => Assert.Null(m.Start([(ranges, this[target].Node.Id)], now)));
        var export = this[source].Job;
        this[source].Do((m, now) => m.Connected(export, sendsPassword: false, now));
        SlotMigration? import = null;
        this[target].Do((m, now) => Assert.Null(m.Establish(export.Name, export.Source, export.Ranges, now, out import)));
        this[source].Do((m, now) => m.Established(export, now));
        return (export, import!);
    }

    /// <summary>The target hears the next word of the source.</summary>
    public string? ToTarget((SlotMigration Export, SlotMigration Import) job, int source, int target)
    {
        var word = this[source].Take(job.Export);
        if (word is not null) this[target].Do((m, now) => m.Received(job.Import, word, now));
        return word;
    }

    /// <summary>The source hears the next word of the target.</summary>
    public string? ToSource((SlotMigration Export, SlotMigration Import) job, int source, int target)
    {
        var word = this[target].Take(job.Import);
        if (word is not null) this[source].Do((m, now) => m.Received(job.Export, word, now));
        return word;
    }
}
