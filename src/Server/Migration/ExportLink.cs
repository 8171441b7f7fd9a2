using MiniRedis.Cluster.Migrations;
using MiniRedis.Server.Links;

namespace MiniRedis.Server.Migration;

/// <summary>
/// The connection of an export to its target, with two threads that wait for the network without the executor's lock: one connects, says
/// who this is and then receives, the other sends. Each step that touches the server is a method Enter... of <see cref="MigrationHost"/>.
/// </summary>
/// <remarks>Under the executor's lock it is closed: then the threads end at their next step.</remarks>
#pragma warning disable CA1001 // What it owns holds nothing of the system's, and who closes it may be later than its threads.
sealed class ExportLink(MigrationHost host, SlotMigration job, LinkConnector connector, LinkTarget target, byte[]? auth, byte[] establish)
#pragma warning restore CA1001
{
    readonly CancellationTokenSource _stop = new();
    volatile Link? _link;

    public SlotMigration Job => job;

    public ExportQueue Queue { get; } = new();

    public void Start() => new Thread(Run) { Name = "slots-from-target", IsBackground = true }.Start();

    /// <summary>Nothing more is added or sent. Under the executor's lock.</summary>
    public void Close()
    {
        Queue.EndAdding();
        _stop.Cancel();
        _link?.Abort();
    }

    void Run()
    {
        Thread? sender = null;
        try
        {
            using var link = connector.Connect(target, _stop.Token);
            _link = link;
            _stop.Token.ThrowIfCancellationRequested();
            // Silence ends the migration, not the link: a target that applies a snapshot has nothing to say.
            link.Timeout = TimeSpan.Zero;
            host.EnterConnected(this, auth is not null);
            if (!TryIntroduce(link)) return;
            sender = new Thread(() => Send(link)) { Name = "slots-to-target", IsBackground = true };
            sender.Start();
            host.EnterEstablished(this);
            while (true) Receive(link.Receive());
        }
        catch (LinkException failure)
        {
            host.EnterLost(this, failure.Message);
        }
        catch (OutOfMemoryException)
        {
            host.EnterLost(this, "memory was refused");
        }
        catch (OperationCanceledException)
        {
            // Nobody wants it any more.
        }
        finally
        {
            // The link must not be disposed of while the other thread sends.
            Queue.Close();
            _link?.Abort();
            sender?.Join();
            Queue.EndSending();
        }
    }

    bool TryIntroduce(Link link)
    {
        if (auth is not null)
        {
            if (!IsAccepted(link, auth)) return false;
            host.EnterAuthenticated(this);
        }
        return IsAccepted(link, establish);
    }

    bool IsAccepted(Link link, byte[] command)
    {
        link.Send(command);
        var reply = link.Receive();
        if (!reply.IsError) return true;
        host.EnterRefused(this, reply.Text);
        return false;
    }

    void Receive(LinkReply reply)
    {
        if (reply is { Kind: LinkReplyKind.Array, Items: [_, _, { } word] }) host.EnterReceived(this, word.Text);
        else if (reply.IsError) throw new LinkException($"the target says: {reply.Text}");
    }

    void Send(Link link)
    {
        try
        {
            Queue.SendAll(link.Send, () => host.EnterDrained(this));
        }
        catch (Exception failure) when (failure is LinkException or IOException or OutOfMemoryException or OperationCanceledException)
        {
            // The other thread hears of it.
            link.Abort();
        }
    }
}
