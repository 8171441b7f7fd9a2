using MiniRedis.Cluster.Bus;
using MiniRedis.Cluster.Nodes;
using MiniRedis.Server.Caching;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Bus;

/// <summary>What the machine wants done.</summary>
sealed partial class ClusterHost
{
    /// <summary>
    /// Does what the machine wants done, in its order. After a command this comes before the reply: what is promised is in the file.
    /// </summary>
    /// <returns>False if the file could not be written; the server ends then.</returns>
    public bool Perform()
    {
        // What is done may bring about a step, whose outputs the loop below finds.
        if (_isPerforming) return true;
        _isPerforming = true;
        try
        {
            while (Machine.HasOutputs && !_exit.HasBegun)
            {
                foreach (var output in Machine.TakeOutputs())
                {
                    if (!TryPerform(output)) return false;
                }
                if (SlotKeys.IsDeleting) SlotKeys.Finish(IsWantedHere);
            }
            return true;
        }
        finally
        {
            _isPerforming = false;
        }
    }

    /// <summary>Whether keys of a slot may come here.</summary>
    bool IsWantedHere(int slot) => Machine.Slots.Owner(slot) == Machine.MyMaster || Machine.Slots.ImportingFrom(slot) is not null;

    bool TryPerform(ClusterOutput output)
    {
        switch (output)
        {
            case ClusterOutput.Send send:
                Send(send.Link, send.Packet.Span);
                break;
            case ClusterOutput.Connect connect:
                Connect(connect);
                break;
            case ClusterOutput.Close close:
                CloseLink(close.Link);
                break;
            case ClusterOutput.Persist persist:
                return TryPersist(persist.Sync);
            case ClusterOutput.Log line:
                Write(line.Level, line.Text);
                break;
            case ClusterOutput.Publish message when !IsPurge(message):
                _pubSub.Publish(message.Channel.Span, message.Message.Span, message.IsSharded);
                break;
            case ClusterOutput.LinkUp up:
                Purges.TellAgain(up.ArrivedUpTo, (channel, message) => Machine.PublishTo(up.Node, channel, message, Now));
                break;
            case ClusterOutput.PauseWrites pause:
                HoldWrites(pause.Milliseconds);
                break;
            case ClusterOutput.ResumeWrites:
                ReleaseWrites();
                break;
            case ClusterOutput.StateChanged:
                StateChanged?.Invoke();
                break;
            case ClusterOutput.SlotsChanged changed:
                SlotsChanged?.Invoke(changed.Slots);
                break;
            default:
                if (_script.IsRunning || _afterScript.Count > 0) _afterScript.Enqueue(output);
                else ChangeData(output);
                break;
        }
        return true;
    }

    /// <summary>Whether a message says what another node has purged. This one carries it out and tells its subscribers itself.</summary>
    static bool IsPurge(ClusterOutput.Publish message) => !message.IsSharded && PurgeMessage.IsChannel(message.Channel.Span, out _);

    /// <summary>Does what had to wait for the end of a script.</summary>
    void PerformAfterScript()
    {
        while (!_script.IsRunning && _afterScript.TryDequeue(out var output)) ChangeData(output);
    }

    void ChangeData(ClusterOutput output)
    {
        switch (output)
        {
            case ClusterOutput.Replicate replicate:
                SlotKeys.Forget();
                _follower.Follow(new MasterAddress(replicate.Ip, replicate.Port), replicate.NeedsFullSync);
                break;
            case ClusterOutput.BecomeMaster:
                _follower.StopFollowing();
                break;
            case ClusterOutput.DeleteKeysInSlot keys:
                var slots = new SlotSet();
                slots.Add(keys.Slot);
                SlotKeys.Delete(slots);
                break;
            case ClusterOutput.Publish purge:
                if (_recentPurges.IsNew(purge.Sender, purge.Channel.Span, purge.Message.Span))
                    Purges.Adopt(purge.Channel.Span, purge.Message.Span);
                break;
            case ClusterOutput.DeleteAllKeys:
                _effects.FlushingAll(_keyspace.DatabaseCount);
                _keyspace.FlushAll();
                break;
            default:
                throw new InvalidOperationException($"Nobody does {output.GetType().Name}.");
        }
        // Files and replicas hear of it at the end of a turn of the executor's loop.
        _cronSignal.Request();
    }

    bool TryPersist(bool sync)
    {
        try
        {
            _file.Write(Machine.NodesFile(), sync);
            return true;
        }
        catch (IOException failure)
        {
            _log.ClusterWarning($"Could not save the cluster config file: {DiskException.Describe(failure)}");
            _log.ClusterWarning("Fatal: can't update cluster config file.");
            _exit.Begin(1);
            return false;
        }
    }

    void HoldWrites(long milliseconds)
    {
        if (_pausedUntil == 0) _pause.HoldWrites(PauseReason.Failover);
        _pausedUntil = Now + milliseconds;
    }

    void ReleaseWrites()
    {
        if (_pausedUntil == 0) return;
        _pausedUntil = 0;
        _pause.ReleaseWrites(PauseReason.Failover);
    }

    void Write(ClusterLogLevel level, string text)
    {
        switch (level)
        {
            case ClusterLogLevel.Debug: _log.ClusterDebug(text); break;
            case ClusterLogLevel.Verbose: _log.ClusterVerbose(text); break;
            case ClusterLogLevel.Notice: _log.ClusterNotice(text); break;
            default: _log.ClusterWarning(text); break;
        }
    }
}
