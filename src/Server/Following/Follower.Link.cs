using MiniRedis.Cluster.Replication;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Configuration.Values;
using MiniRedis.Server.Files;
using MiniRedis.Server.Links;

namespace MiniRedis.Server.Following;

/// <summary>
/// What the thread of the link has done: each method takes the executor's lock, and ends the thread of a link that is no longer wanted.
/// </summary>
sealed partial class Follower
{
    /// <summary>Bytes of files between two looks at the clock would be many: the name is enough for one.</summary>
    string TemporaryPath => config.Persistence.PathOf($"temp-{clock.Now / 1000}.{Environment.ProcessId}.rdb");

    void ThrowUnlessCurrent(MasterLink link)
    {
        if (_link != link || exit.HasBegun) throw new OperationCanceledException();
        clock.Advance();
    }

    public void EnterConnected(MasterLink link)
    {
        lock (ExecutorLock)
        {
            ThrowUnlessCurrent(link);
            State = MasterLinkState.Handshake;
            log.ConnectedToMaster();
        }
    }

    public void EnterNotes(MasterLink link, IReadOnlyList<HandshakeNote> notes)
    {
        lock (ExecutorLock)
        {
            ThrowUnlessCurrent(link);
            foreach (var note in notes)
            {
                if (note.IsWarning) log.MasterWarning(note.Text);
                else log.MasterNote(note.Text);
            }
        }
    }

    /// <summary>The other side does not become the master.</summary>
    /// <returns>What ends the link.</returns>
    public LinkException EnterRefused(MasterLink link)
    {
        lock (ExecutorLock)
        {
            ThrowUnlessCurrent(link);
            Answered?.Invoke(false);
            return new LinkException("it does not become the master");
        }
    }

    /// <summary>The stream goes on where it stopped.</summary>
    public Client EnterContinued(MasterLink link, Link connection, ReplicationPosition position)
    {
        lock (ExecutorLock)
        {
            ThrowUnlessCurrent(link);
            if (position.Id != history.Id)
            {
                // This server's own replicas hear of the new name when they come back.
                history.Rename(position.Id);
                replicas.DropAll("the history has another name");
            }
            _known = position;
            Answered?.Invoke(true);
            var client = Attach(connection, _database);
            Stand();
            return client;
        }
    }

    /// <summary>The master sends all data.</summary>
    /// <returns>Where they are put until they are loaded; null if they are loaded as they come.</returns>
    public PayloadFile? EnterTransfer(MasterLink link)
    {
        lock (ExecutorLock)
        {
            ThrowUnlessCurrent(link);
            State = MasterLinkState.Sync;
            Answered?.Invoke(true);
            _place = LoadsAsItComes ? "parser" : "disk";
            if (link.Length >= 0) log.ReceivingFromMaster(link.Length, _place);
            else log.ReceivingStreamFromMaster(_place);
            return LoadsAsItComes ? null : new PayloadFile(saving.Files, TemporaryPath, saving.Path);
        }
    }

    /// <summary>repl-diskless-load: whether no file comes between the link and the loader.</summary>
    bool LoadsAsItComes => config.Replication.ReplDisklessLoad switch
    {
        DisklessLoad.OnEmptyDb => keyspace.Count == 0,
        DisklessLoad.FlushBeforeLoad or DisklessLoad.SwapDb => true,
        _ => false,
    };

    /// <summary>The file is complete, and takes the place of this server's own.</summary>
    public void EnterReplace(MasterLink link, PayloadFile file)
    {
        lock (ExecutorLock)
        {
            ThrowUnlessCurrent(link);
            // A save of the old data would replace it again.
            backgroundSaving.Cancel();
            file.Files.Replace(file.Temporary, file.Path);
        }
    }

    /// <summary>The old data go, and the new ones are loaded by the cron.</summary>
    public void EnterLoading(MasterLink link, string path)
    {
        lock (ExecutorLock)
        {
            ThrowUnlessCurrent(link);
            _loadsBeside = false;
            Empty();
            log.LoadingFromMaster();
            _isLoaded = null;
            loading.Start(path, ended: isWhole => NoteLoaded(link, isWhole));
            cronSignal.Request();
        }
    }

    /// <summary>As the other one, for a file that is on its way.</summary>
    /// <param name="link">The link that it comes by.</param>
    /// <param name="pipe">Its bytes.</param>
    /// <param name="position">The state that it holds; null for a master that knows no offsets.</param>
    /// <returns>How long its bytes may be waited for.</returns>
    public TimeSpan EnterLoading(MasterLink link, PayloadPipe pipe, ReplicationPosition? position)
    {
        lock (ExecutorLock)
        {
            ThrowUnlessCurrent(link);
            _loadsBeside = config.Replication.ReplDisklessLoad == DisklessLoad.SwapDb;
            if (!_loadsBeside) Empty();
            log.LoadingFromMaster();
            _isLoaded = null;
            if (_loadsBeside)
            {
                // What was refused can be refused again: the master has no backlog from there.
                _known = null;
                // Data of another history are not served in place of the master's.
                var serves = position?.Id == history.Id;
                loading.StartBeside(pipe, link.Length, serves, isWhole => NoteLoaded(link, isWhole && TryTakeOver()));
            }
            else loading.StartFrom(pipe, link.Length, isWhole => NoteLoaded(link, isWhole));
            cronSignal.Request();
            return TimeSpan.FromSeconds(config.Replication.ReplTimeout);
        }
    }

    void NoteLoaded(MasterLink link, bool isWhole)
    {
        _isLoaded = isWhole;
        link.NoteLoaded();
        // The rest of a file that is refused is of no use.
        if (!isWhole) link.Abort();
    }

    /// <summary>The new data take the place of the old ones.</summary>
    bool TryTakeOver()
    {
        if (loading.TryTakeLibraries() is { } error)
        {
            log.CannotLoadLibraries(error);
            return false;
        }
        log.SwappingLoadedData();
        ForgetHistory();
        effects.FlushingAll(keyspace.DatabaseCount);
        loading.TakeOver();
        effects.ReplacedAll(keyspace.DatabaseCount);
        log.DiscardingOldData();
        return true;
    }

    void Empty()
    {
        log.FlushingOldData();
        ForgetHistory();
        effects.FlushingAll(keyspace.DatabaseCount);
        keyspace.FlushAll();
        functions.Clear();
    }

    /// <summary>The data are about to be replaced.</summary>
    void ForgetHistory()
    {
        // From here on the data are of no history, whatever becomes of the link.
        _known = null;
        history.HasMasterData = false;
        replicas.DropAll("the data are replaced");
        aofRewriting.Suspend();
        backgroundSaving.Cancel();
    }

    /// <summary>The loading has ended, and the stream is to come.</summary>
    /// <param name="position">Where the stream begins; null for a master that knows no offsets.</param>
    public Client EnterSynchronized(MasterLink link, Link connection, ReplicationPosition? position)
    {
        lock (ExecutorLock)
        {
            ThrowUnlessCurrent(link);
            ThrowUnlessLoaded();
            _known = position;
            if (position is not null)
            {
                Adopt(position);
            }
            else
            {
                // What an old master sends has no name; for replicas of this server it gets one.
                history.Begin();
                chain.Restart(0);
                chain.Open();
            }
            var client = Attach(connection, loading.StreamDatabase);
            Stand();
            log.MasterSyncFinished();
            NoteNewData();
            return client;
        }
    }

    /// <summary>
    /// The loading has ended, and what was kept of the stream is to be applied. The link is not up before that: <see cref="EnterCaughtUp"/>.
    /// </summary>
    /// <param name="position">Where the stream begins.</param>
    public Client EnterLoaded(MasterLink link, Link connection, ReplicationPosition position)
    {
        lock (ExecutorLock)
        {
            ThrowUnlessCurrent(link);
            ThrowUnlessLoaded();
            _known = position;
            Adopt(position);
            var client = Attach(connection, loading.StreamDatabase);
            NoteNewData();
            return client;
        }
    }

    /// <summary>What was kept of the stream has been applied.</summary>
    public void EnterCaughtUp(MasterLink link)
    {
        lock (ExecutorLock)
        {
            ThrowUnlessCurrent(link);
            Stand();
            log.KeptStreamApplied();
            log.MasterSyncFinished();
        }
    }

    void ThrowUnlessLoaded()
    {
        if (_isLoaded != true) throw new LinkException("its file cannot be loaded");
    }

    void NoteNewData()
    {
        saving.ForgetChanges(effects.Dirty);
        if (loading.SlotStates is { } states) SlotStatesCame?.Invoke(states);
        Synchronized?.Invoke();
        if (config.Persistence.AppendOnly) aofRewriting.Follow();
    }

    /// <summary>The main connection was slower than the file.</summary>
    public void EnterBegunLate(MasterLink link)
    {
        lock (ExecutorLock)
        {
            ThrowUnlessCurrent(link);
            log.PsyncAfterLoad();
        }
    }

    /// <summary>Most bytes of the stream that are kept while a file is loaded; 0 for any number. Any thread.</summary>
    public long MostKeptBytes => config.Network.OutputBufferLimits[(int)ClientClass.Replica].HardBytes;

    /// <summary>As many are kept: the rest stays with the master. Any thread.</summary>
    public void NoteMostKept() => log.KeepsNoMore();

    /// <summary>
    /// Sends something, with DEBUG PAUSE-AFTER-FORK after the process has been stopped. Under the lock then: whatever came meanwhile is noticed
    /// later, as in a server of one thread.
    /// </summary>
    public void SendStopped(Action send)
    {
        if (!switches.StopsInFullSync)
        {
            send();
            return;
        }
        lock (ExecutorLock)
        {
            log.ProcessStops();
            Signals.StopProcess();
            log.ProcessGoesOn();
            send();
        }
    }

    /// <summary>The data are a copy of this history up to its offset. What follows is kept for replicas of this server.</summary>
    void Adopt(ReplicationPosition position)
    {
        history.Adopt(position.Id, position.Offset);
        chain.Restart(position.Offset);
        chain.Open();
    }

    /// <summary>Makes the client whose commands the stream is.</summary>
    Client Attach(Link connection, int database)
    {
        var master = new Client(
            clients.NextId(), new MasterConnection(connection), keyspace[database < keyspace.DatabaseCount ? database : 0], User.Server, clock.Now)
        {
            Flags = ClientFlags.Master, ReplyMode = ReplyMode.Off,
        };
        master.Connection.State = master;
        clients.Add(master);
        clientMemory.Account(master);
        _master = master;
        _unapplied = 0;
        (_syncedOffset, _followedOffset) = (-1, -1);
        history.HasMasterData = true;
        history.StreamDatabase = master.Database.Number;
        return master;
    }

    /// <summary>The link is up.</summary>
    void Stand()
    {
        State = MasterLinkState.Connected;
        history.IsLinkUp = true;
        DownSince = 0;
        // A master that sent its file without a length, or by a connection of its own, waits for this.
        Acknowledge();
    }

    /// <summary>Runs commands that have been received.</summary>
    public MasterRun EnterReceived(MasterLink link, Client master, MasterStream stream)
    {
        lock (ExecutorLock)
        {
            ThrowUnlessCurrent(link);
            if (master.IsGone) throw new LinkException("it was closed");
            master.LastInteraction = clock.Now;
            _running = stream;
            var run = Replay.Run(master, stream.Unread);
            _running = null;
            // The commands may have ended the link: this server may be a master now.
            if (_link != link) throw new OperationCanceledException();
            var applied = stream.Advance(run.Consumed, Replay.Applied);
            master.BytesReceived += run.Consumed;
            // A transaction that has begun may have selected another one; a link that goes on begins before it.
            if (applied.Length > 0) history.StreamDatabase = master.Database.Number;
            _unapplied = stream.Unread.Length + stream.Queued;
            if (applied.Length > 0)
            {
                if (_known is { } known) _known = known with { Offset = known.Offset + applied.Length };
                chain.FeedFromMaster(applied);
                if (replicas.HasUnsent) replicas.Flush();
            }
            if (run.End == MasterRunEnd.NotCommands)
            {
                log.MasterProtocolError();
                // What came before may be wrong too.
                _known = null;
            }
            return run;
        }
    }

    /// <summary>The connection has ended, or could not be made.</summary>
    public void EnterLost(MasterLink link, string reason)
    {
        lock (ExecutorLock)
        {
            if (_link != link || exit.HasBegun) return;
            clock.Advance();
            switch (State)
            {
                case MasterLinkState.Connecting:
                    log.CannotConnectToMaster(reason);
                    break;
                case MasterLinkState.Connected:
                    log.MasterLost();
                    break;
                default:
                    log.MasterSyncFailed(reason);
                    break;
            }
            Lose(reconnects: State == MasterLinkState.Connected);
        }
    }

    /// <summary>The disk does not take the master's file.</summary>
    public void EnterCannotKeep(MasterLink link, IOException failure)
    {
        lock (ExecutorLock)
        {
            if (_link != link || exit.HasBegun) return;
            clock.Advance();
            log.CannotKeepFromMaster(DiskException.Describe(failure));
            Lose(reconnects: false);
        }
    }
}
