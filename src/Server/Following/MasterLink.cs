using MiniRedis.Cluster.Replication;
using MiniRedis.Server.Links;
using MiniRedis.Server.Persistence;

namespace MiniRedis.Server.Following;

/// <summary>Where a full synchronization puts the master's file until it is loaded.</summary>
/// <param name="Files">The disk.</param>
/// <param name="Temporary">The file while it grows.</param>
/// <param name="Path">The file once it is complete: the one that a restart would load.</param>
readonly record struct PayloadFile(IFileStore Files, string Temporary, string Path);

/// <summary>
/// One connection to the master, from the attempt to connect to its end, on a thread of its own. It waits here, without the executor's lock;
/// what has to be done about it is done by <see cref="Follower"/>, under that lock.
/// </summary>
/// <param name="follower">Whose link it is.</param>
/// <param name="connector">Makes the connection.</param>
/// <param name="target">The master.</param>
/// <param name="settings">What the replica says of itself.</param>
/// <param name="time">Dates what is heard. Any thread.</param>
#pragma warning disable CA1001 // What it owns holds nothing of the system's, and who stops it may be later than its thread.
sealed partial class MasterLink(Follower follower, LinkConnector connector, LinkTarget target, HandshakeSettings settings, TimeProvider time)
#pragma warning restore CA1001
{
    /// <summary>
    /// How often a master hears of a replica that loads (Redis: once a second at most). It also bounds how soon the thread notices that it is
    /// no longer wanted.
    /// </summary>
    static readonly TimeSpan s_sign = TimeSpan.FromSeconds(1);

    const string NotAgreed = "the master did not agree";

    readonly CancellationTokenSource _stop = new();
    readonly ManualResetEventSlim _loaded = new();
    volatile Link? _link;
    long _heard = time.GetUtcNow().ToUnixTimeMilliseconds();
    long _received, _length = -1;

    /// <summary>Unix milliseconds of the last sign of life. Any thread.</summary>
    public long Heard => Volatile.Read(ref _heard);

    /// <summary>Bytes of the file that have come. Any thread.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Bytes of the file; -1 if they are not known. Any thread.</summary>
    public long Length => Volatile.Read(ref _length);

    public void Start() => new Thread(() => Run(Connect)) { Name = "master-link", IsBackground = true }.Start();

    /// <summary>Ends the connection or the attempt. The thread ends soon, and does nothing more about the data. Any thread.</summary>
    public void Stop()
    {
        _stop.Cancel();
        Abort();
        _kept?.Dispose();
    }

    /// <summary>Sends a command, or the sign of life, if the connection stands. Any thread.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _link?.Send(bytes);
        }
        catch (LinkException)
        {
            // The thread that receives hears of it.
            _link?.Abort();
        }
    }

    /// <summary>Ends the connection: the thread finds it lost. Any thread.</summary>
    public void Abort()
    {
        _link?.Abort();
        _fileLink?.Abort();
    }

    /// <summary>The file has been loaded, or not. Under the executor's lock.</summary>
    public void NoteLoaded()
    {
        // Nothing was listened to meanwhile.
        Hear();
        _loaded.Set();
    }

    void Hear() => Volatile.Write(ref _heard, time.GetUtcNow().ToUnixTimeMilliseconds());

    void Connect()
    {
        using var link = connector.Connect(target, _stop.Token);
        _link = link;
        _stop.Token.ThrowIfCancellationRequested();
        link.Timeout = TimeSpan.Zero;
        Hear();
        follower.EnterConnected(this);
        Follow(link);
    }

    /// <summary>What a thread of the link does, and how it ends.</summary>
    void Run(Action steps)
    {
        try
        {
            steps();
        }
        catch (LinkException failure)
        {
            follower.EnterLost(this, failure.Message);
        }
        catch (IOException failure)
        {
            follower.EnterCannotKeep(this, failure);
        }
        catch (OutOfMemoryException)
        {
            // The buffers of the link. What a command lacks ends the process before it comes here.
            follower.EnterLost(this, "memory was refused");
        }
        catch (OperationCanceledException)
        {
            // Nobody wants it any more.
        }
    }

    void Follow(Link link)
    {
        var step = ShakeHands(new ReplicaHandshake(settings), link, ReceiveReply);
        if (step.Outcome == HandshakeOutcome.DualChannel)
        {
            FollowByTwo(link);
            return;
        }
        var client = step.Outcome switch
        {
            HandshakeOutcome.Continues => follower.EnterContinued(this, link, step.Position!),
            HandshakeOutcome.FullSync => Synchronize(link, step.Position),
            HandshakeOutcome.OldSync => Synchronize(link, null),
            HandshakeOutcome.RefusesFailover => throw follower.EnterRefused(this),
            _ => throw new LinkException(NotAgreed),
        };
        using var applier = new StreamApplier(follower, this, client);
        Apply(link, applier);
    }

    /// <summary>Applies the stream, until the link ends.</summary>
    void Apply(Link link, StreamApplier applier)
    {
        while (true)
        {
            var count = link.Receive(applier.Room);
            Hear();
            applier.Run(count);
        }
    }

    static string ReceiveReply(Link link)
    {
        var reply = link.Receive();
        return reply.Kind switch
        {
            LinkReplyKind.KeepAlive => "",
            LinkReplyKind.Error => "-" + reply.Text,
            LinkReplyKind.Status => "+" + reply.Text,
            _ => reply.ToString(),
        };
    }

    HandshakeStep ShakeHands(Handshake handshake, Link link, Func<Link, string> receive)
    {
        SendAll(link, handshake.Begin());
        while (true)
        {
            var line = receive(link);
            Hear();
            var step = handshake.Next(line);
            follower.EnterNotes(this, step.Notes);
            // At this point the tests of Valkey stop a replica.
            if (handshake is MainChannelHandshake && step.Commands.Count > 0) follower.SendStopped(() => SendAll(link, step.Commands));
            else SendAll(link, step.Commands);
            if (step.Outcome != HandshakeOutcome.GoesOn) return step;
        }
    }

    static void SendAll(Link link, IReadOnlyList<string[]> commands)
    {
        foreach (var command in commands) link.Send(LinkCommand.Encode(command));
    }

    /// <summary>Receives the file, has it loaded, and begins the stream.</summary>
    Clients.Client Synchronize(Link link, ReplicationPosition? position)
    {
        Load(link, position);
        return follower.EnterSynchronized(this, link, position);
    }

    /// <summary>Receives the file and has it loaded.</summary>
    void Load(Link link, ReplicationPosition? position)
    {
        var payload = new MasterPayload(link);
        payload.Begin(Hear);
        Volatile.Write(ref _length, payload.Length);
        if (follower.EnterTransfer(this) is { } file)
        {
            Receive(payload, file);
            follower.EnterLoading(this, file.Path);
        }
        else PassOn(link, payload, position);
        // The master hears that the replica lives: what takes long is the loading.
        while (!_loaded.Wait(s_sign, _stop.Token)) Send("\n"u8);
    }

    /// <summary>Has the file loaded while it comes.</summary>
    void PassOn(Link link, MasterPayload payload, ReplicationPosition? position)
    {
        using var pipe = new PayloadPipe();
        try
        {
            // The loader may wait for bytes, and the cron with it, which looks for silence otherwise.
            link.Timeout = follower.EnterLoading(this, pipe, position);
            while (payload.Read() is { IsEmpty: false } bytes)
            {
                Hear();
                pipe.Write(bytes);
                Volatile.Write(ref _received, payload.Received);
            }
            link.Timeout = TimeSpan.Zero;
            pipe.Complete();
            while (!_loaded.Wait(s_sign, _stop.Token)) Send("\n"u8);
        }
        catch (LinkException failure)
        {
            pipe.Complete(failure.Message);
            throw;
        }
        finally
        {
            pipe.Complete("the link was given up");
        }
    }

    void Receive(MasterPayload payload, PayloadFile file)
    {
        try
        {
            using (var writer = file.Files.Create(file.Temporary))
            {
                while (payload.Read() is { IsEmpty: false } bytes)
                {
                    Hear();
                    writer.Write(bytes);
                    Volatile.Write(ref _received, payload.Received);
                }
                if (payload.Surplus > 0) writer.Truncate(writer.Length - payload.Surplus);
                writer.Sync();
            }
            follower.EnterReplace(this, file);
        }
        catch
        {
            file.Files.Delete(file.Temporary);
            throw;
        }
    }
}
