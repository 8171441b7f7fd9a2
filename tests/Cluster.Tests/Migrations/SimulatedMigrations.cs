using MiniRedis.Cluster.Migrations;
using MiniRedis.Cluster.Tests.Nodes;
using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Migrations;

/// <summary>
/// The slots that go from and to a node of a simulated cluster as a whole: the machine under test, with simulated connections, snapshots
/// that take their time, and keys that are numbers.
/// </summary>
sealed class SimulatedMigrations : IMigrationHost, IChannelOwner
{
    sealed record Introduction(string Name, string Source, SlotRanges Ranges);

    sealed record Answer(string? Error);

    sealed record Keys(int Slot, int[] All);

    sealed record Word(string Text);

    /// <summary>An export with its connection.</summary>
    sealed class Export(Channel channel)
    {
        public Channel Channel => channel;

        /// <summary>What has to come behind the snapshot; null while there is none.</summary>
        public List<object>? Behind { get; set; }

        public void Send(object message)
        {
            if (Behind is { } behind) behind.Add(message);
            else channel.Send(message);
        }
    }

    /// <summary>One of so many snapshots fails.</summary>
    const double SnapshotFailure = 0.02;

    readonly ClusterProcess _process;
    readonly Dictionary<SlotMigration, Export> _exports = [];
    readonly Dictionary<SlotMigration, (Channel Channel, long HeardAt)> _imports = [];
    ClusterProcess? _synchronizedWith;
    bool _isPerforming;

    public SimulatedMigrations(ClusterProcess process)
    {
        _process = process;
        Machine = new SlotMigrations(
            process.Machine, new MigrationSettings { MostPause = 2 * process.Machine.Settings.ManualFailoverTimeout, Timeout = 5000 }, this,
            new Random(process.World.Random.Next()));
    }

    public SlotMigrations Machine { get; }

    public SortedSet<int> Hidden { get; } = [];

    public bool HoldsWrites { get; private set; }

    long Now => _process.World.Now;

    bool IMigrationHost.CanSnapshot => _exports.Values.All(export => export.Behind is null);

    long IMigrationHost.UnsentBytes(SlotMigration job) => _exports.TryGetValue(job, out var export) ? export.Behind?.Count ?? 0 : 0;

    long IMigrationHost.HeardAt(SlotMigration job) => _imports.TryGetValue(job, out var import) ? import.HeardAt : job.AckAt;

    public void Tick() => Step(() => Machine.Tick(Now));

    public void OwnersChanged() => Step(() => Machine.OwnersChanged(Now));

    /// <summary>CLUSTER MIGRATESLOTS.</summary>
    public string? Start(SlotRanges ranges, string target)
    {
        string? refusal = null;
        Step(() => refusal = Machine.Start([(ranges, target)], Now));
        return refusal;
    }

    /// <summary>CLUSTER CANCELSLOTMIGRATIONS.</summary>
    public string? Cancel()
    {
        string? refusal = null;
        Step(() => refusal = Machine.Cancel(Now));
        return refusal;
    }

    void Step(Action step)
    {
        step();
        if (_isPerforming) return;
        _isPerforming = true;
        do
        {
            foreach (var output in Machine.TakeOutputs()) Do(output);
            _process.Perform();
        }
        while (Machine.HasOutputs && _process.IsRunning);
        _isPerforming = false;
    }

    void Do(MigrationOutput output)
    {
        switch (output)
        {
            case MigrationOutput.Log line:
                if (_process.World.HasStory) _process.World.Tell($"{_process.Name}: {line.Text}");
                break;
            case MigrationOutput.Connect connect:
                _exports[connect.Job] = new Export(_process.World.Network.Open(_process, connect.Ip, connect.Port, this));
                break;
            case MigrationOutput.BeginSnapshot begin:
                BeginSnapshot(begin.Job, _exports[begin.Job]);
                break;
            case MigrationOutput.Send send:
                if (_exports.TryGetValue(send.Job, out var export)) export.Send(new Word(send.Word));
                if (_imports.TryGetValue(send.Job, out var import)) import.Channel.Reply(new Word(send.Word));
                break;
            case MigrationOutput.Close close:
                if (_exports.Remove(close.Job, out var closed)) closed.Channel.Close();
                if (_imports.Remove(close.Job, out var ended)) ended.Channel.CloseByServer();
                break;
            case MigrationOutput.HoldWrites hold:
                HoldsWrites = hold.Holds;
                break;
            case MigrationOutput.Hide hide:
                if (hide.Hides) _process.FinishDeletions(hide.Slots.Contains);
                foreach (var slot in hide.Slots)
                {
                    if (hide.Hides) Hidden.Add(slot);
                    else Hidden.Remove(slot);
                }
                break;
            case MigrationOutput.DeleteKeys delete:
                Delete(delete.Job);
                break;
            default:
                // The replicas of the target look for themselves.
                break;
        }
    }

    /// <summary>The slots leave one by one. What changes meanwhile follows.</summary>
    void BeginSnapshot(SlotMigration job, Export export)
    {
        export.Behind = [];
        var parts = new Queue<Keys>();
        foreach (var slot in job.Slots)
            parts.Enqueue(new Keys(slot, [.. _process.Store.In(slot)]));
        var fails = _process.World.Chance(SnapshotFailure);
        _process.Later(_process.World.Between(1, 300), SendPart);

        void SendPart()
        {
            if (!_exports.ContainsKey(job)) return;
            if (fails && parts.Count == 1)
            {
                export.Behind = null;
                Step(() => Machine.SnapshotEnded(job, "the disk is full", Now));
            }
            else if (parts.TryDequeue(out var part))
            {
                export.Channel.Send(part);
                _process.Later(_process.World.Between(1, 100), SendPart);
            }
            else
            {
                export.Channel.Send(new Word("SNAPSHOT-EOF"));
                foreach (var message in export.Behind!) export.Channel.Send(message);
                export.Behind = null;
                Step(() => Machine.SnapshotEnded(job, null, Now));
            }
        }
    }

    /// <summary>A key was written here.</summary>
    public void Feed(int slot, int key)
    {
        foreach (var (job, export) in _exports)
        {
            if (job.IsFed && job.Slots.Contains(slot)) export.Send(new Keys(slot, [key]));
        }
    }

    void Delete(SlotMigration job)
    {
        var slots = new List<int>();
        foreach (var slot in job.Slots)
        {
            if (_process.Machine.Slots.Owner(slot) != _process.Machine.Myself) slots.Add(slot);
        }
        _process.DeleteLater(slots, () => Step(() => Machine.Cleaned(job, Now)));
    }

    /// <summary>
    /// The replica of a master has all that its master has. At the beginning that is a synchronization; from then on the stream tells of the
    /// begin and the end of imports.
    /// </summary>
    public void Follow(ClusterProcess master)
    {
        var theirs = master.Migrations.Machine.Jobs;
        if (_synchronizedWith != master) Step(() => Machine.Resynchronized(Now));
        _synchronizedWith = master;
        foreach (var job in theirs.Where(job => job is { IsImport: true, IsOver: false }).ToList())
        {
            if (!Machine.Jobs.Any(own => own.Name == job.Name && !own.IsOver)) Step(() => Machine.Track(job.Name, job.Ranges, Now));
        }
        foreach (var own in Machine.Jobs.Where(own => own is { IsTracking: true, IsOver: false }).ToList())
        {
            var end = theirs.FirstOrDefault(job => job.Name == own.Name);
            if (end is null or { IsOver: true })
                Step(() => Machine.Finish(own.Name, end?.State == MigrationState.Success, end?.Message ?? "", Now));
        }
    }

    public void StopFollowing() => _synchronizedWith = null;

    void IChannelOwner.OnOpened(Channel channel)
    {
        if (ExportOf(channel) is not { } job) return;
        Step(() => Machine.Connected(job, sendsPassword: false, Now));
        channel.Send(new Introduction(job.Name, job.Source, job.Ranges));
    }

    void IChannelOwner.OnMessage(Channel channel, object message)
    {
        if (ExportOf(channel) is not { } job) return;
        switch (message)
        {
            case Answer { Error: { } error }: Step(() => Machine.Refused(job, error, Now)); break;
            case Answer: Step(() => Machine.Established(job, Now)); break;
            case Word word: Step(() => Machine.Received(job, word.Text, Now)); break;
            default: throw new InvalidOperationException($"A target does not say {message}.");
        }
    }

    void IChannelOwner.OnClosed(Channel channel)
    {
        if (ExportOf(channel) is not { } job) return;
        Step(() => Machine.Lost(job, "closed", Now));
    }

    SlotMigration? ExportOf(Channel channel) => _exports.FirstOrDefault(export => export.Value.Channel == channel).Key;

    SlotMigration? ImportOf(Channel channel) => _imports.FirstOrDefault(import => import.Value.Channel == channel).Key;

    /// <summary>A source speaks.</summary>
    public void OnRequest(Channel channel, object message)
    {
        if (message is Introduction introduction)
        {
            Establish(channel, introduction);
            return;
        }
        if (ImportOf(channel) is not { } job) return;
        _imports[job] = (channel, Now);
        if (message is Word word) Step(() => Machine.Received(job, word.Text, Now));
        else if (message is Keys keys) _process.Take(keys.Slot, keys.All);
    }

    void Establish(Channel channel, Introduction introduction)
    {
        string? refusal = null;
        Step(() =>
        {
            refusal = Machine.Establish(introduction.Name, introduction.Source, introduction.Ranges, Now, out var job);
            if (job is not null) _imports.Add(job, (channel, Now));
        });
        channel.Reply(new Answer(refusal));
    }

    public void OnAcceptedClosed(Channel channel)
    {
        if (ImportOf(channel) is not { } job) return;
        _imports.Remove(job);
        Step(() => Machine.Lost(job, "closed", Now));
    }
}
