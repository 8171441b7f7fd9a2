using MiniRedis.Cluster.Replication;
using MiniRedis.Server.Links;

namespace MiniRedis.Server.Following;

/// <summary>
/// A full synchronization by two connections. The thread of the link stays with the one that it has, the main one, and has the stream kept. A
/// second thread fetches the file by a connection of its own, has it loaded, applies what is kept, and ends.
/// </summary>
sealed partial class MasterLink
{
    volatile Link? _fileLink;
    volatile KeptStream? _kept;

    // Set by the second thread before the main one goes on by itself, and where the stream begins: set by the main one before it comes.
    StreamApplier? _applier;
    ReplicationPosition? _begin;

    /// <summary>Bytes of memory of the stream that is kept, and the most so far; null if none was. Any thread.</summary>
    public (long Now, long Peak)? Kept => _kept is { } kept ? (kept.MemoryBytes, kept.PeakBytes) : null;

    /// <summary>Whether the file comes by a connection of its own. Any thread.</summary>
    public bool IsByTwo => _kept is not null;

    void FollowByTwo(Link main)
    {
        using var kept = new KeptStream(() => follower.MostKeptBytes, follower.NoteMostKept);
        _kept = kept;
        var fileLink = connector.Connect(target, _stop.Token);
        HandshakeStep file;
        try
        {
            _fileLink = fileLink;
            _stop.Token.ThrowIfCancellationRequested();
            fileLink.Timeout = TimeSpan.Zero;
            Hear();
            file = ShakeHands(new RdbChannelHandshake(settings), fileLink, link => link.ReceiveLine());
            if (file.Outcome != HandshakeOutcome.FullSync) throw new LinkException(NotAgreed);
            new Thread(() => Run(() => FetchFile(fileLink, main, file.Position!, kept))) { Name = "master-file", IsBackground = true }.Start();
        }
        catch
        {
            fileLink.Dispose();
            throw;
        }
        var stream = ShakeHands(new MainChannelHandshake(file.Position!, file.RdbClientId), main, ReceiveReply);
        if (stream.Outcome != HandshakeOutcome.Continues) throw new LinkException(NotAgreed);
        _begin = stream.Position;
        kept.Begin();
        int count;
        do
        {
            count = kept.Add(main.ReceiveBytes());
            main.Take(count);
        }
        while (count > 0);
        using var applier = _applier!;
        Apply(main, applier);
    }

    /// <summary>The second thread: fetches the file, and catches up with what is kept.</summary>
    void FetchFile(Link fileLink, Link main, ReplicationPosition file, KeptStream kept)
    {
        using (fileLink) Load(fileLink, file);
        if (!kept.WaitForBegin(TimeSpan.Zero))
        {
            while (!kept.WaitForBegin(s_sign)) Send("\n"u8);
            follower.EnterBegunLate(this);
        }
        var applier = new StreamApplier(follower, this, follower.EnterLoaded(this, main, _begin!));
        _applier = applier;
        var isHandedOver = false;
        try
        {
            while (kept.Take(applier.Room) is > 0 and var count)
            {
                applier.Run(count);
                Hear();
            }
            isHandedOver = true;
        }
        finally
        {
            if (!isHandedOver) applier.Dispose();
        }
        follower.EnterCaughtUp(this);
    }
}
