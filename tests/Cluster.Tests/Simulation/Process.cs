namespace MiniRedis.Cluster.Tests.Simulation;

/// <summary>
/// A process at an address of its own. It may crash and start again, be slow, and have a clock that is wrong. What it had
/// scheduled dies with it.
/// </summary>
abstract class Process(World world, string name, string ip, int port)
{
    readonly List<Channel> _accepted = [];
    int _life;

    public World World { get; } = world;
    public string Name { get; } = name;
    public string Ip { get; } = ip;
    public int Port { get; } = port;
    public bool IsRunning { get; private set; }

    /// <summary>By so much its clock is ahead of true time.</summary>
    public long ClockOffset { get; set; }

    /// <summary>It does nothing before this time: it is stopped, swaps, or waits for a disk.</summary>
    public long StalledUntil { get; set; }

    /// <summary>What its clock shows. It begins at some date, not at zero.</summary>
    public long Clock => World.Now + ClockOffset + 1_000_000_000;

    /// <summary>Connections that others have to it.</summary>
    protected IReadOnlyList<Channel> Accepted => _accepted;

    public void Start()
    {
        IsRunning = true;
        World.Tell($"{Name} starts");
        OnStart();
    }

    /// <param name="withMachine">No system is left that would tell its clients.</param>
    public void Crash(bool withMachine = false)
    {
        if (!IsRunning) return;
        IsRunning = false;
        _life++;
        World.Tell($"{Name} crashes");
        OnCrash();
        World.Network.DropAll(this, withMachine);
        _accepted.Clear();
    }

    /// <summary>Does it later, unless the process has crashed by then; later still if it stands still.</summary>
    public void Later(long delay, Action action)
    {
        var life = _life;
        World.After(delay, Run);

        void Run()
        {
            if (life != _life || !IsRunning) return;
            if (StalledUntil > World.Now) World.At(StalledUntil, Run);
            else action();
        }
    }

    protected abstract void OnStart();

    protected virtual void OnCrash()
    {
    }

    /// <summary>Another process has opened a connection.</summary>
    public virtual void OnAccepted(Channel channel) => _accepted.Add(channel);

    /// <summary>A message has come on a connection that another process opened.</summary>
    public abstract void OnRequest(Channel channel, object message);

    /// <summary>The other end has closed, or the connection broke.</summary>
    public virtual void OnAcceptedClosed(Channel channel) => _accepted.Remove(channel);
}
