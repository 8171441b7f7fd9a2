namespace MiniRedis.Cluster.Tests.Simulation;

/// <summary>
/// Connections between processes, as TCP has them: bytes arrive in order, late, or not at all when the connection breaks. A path
/// can be cut in one direction: what is sent on it waits, and so does who waits for an answer. What was sent before a connection
/// was closed still arrives, so an old connection may act after a new one.
/// </summary>
sealed class Network(World world)
{
    /// <summary>How long a connection attempt goes on without an answer.</summary>
    const long ConnectTimeout = 3000;

    readonly Dictionary<(string Ip, int Port), Process> _processes = [];
    readonly HashSet<(Process From, Process To)> _cut = [];
    readonly List<Channel> _open = [];

    /// <summary>Milliseconds that a message takes, at least and at most.</summary>
    public (int Least, int Most) Delay { get; set; } = (1, 5);

    /// <summary>How probable it is that a message takes a second or two: its packet was lost, and sent again.</summary>
    public double Loss { get; set; }

    /// <summary>How probable it is that a message breaks its connection.</summary>
    public double Resets { get; set; }

    public void Add(Process process) => Add(process, process.Port);

    /// <summary>A process may listen at several ports.</summary>
    public void Add(Process process, int port) => _processes[(process.Ip, port)] = process;

    public Process? At(string ip, int port) => _processes.GetValueOrDefault((ip, port));

    public void Cut(Process from, Process to) => _cut.Add((from, to));

    public void Heal(Process from, Process to)
    {
        if (!_cut.Remove((from, to))) return;
        foreach (var channel in _open.ToArray()) channel.Resume();
    }

    public void HealAll()
    {
        _cut.Clear();
        foreach (var channel in _open.ToArray()) channel.Resume();
    }

    public bool IsCut(Process from, Process to) => _cut.Count > 0 && _cut.Contains((from, to));

    public long NextDelay() => world.Between(Delay.Least, Delay.Most) + (Loss > 0 && world.Chance(Loss) ? world.Between(200, 2000) : 0);

    /// <summary>Opens a connection. The owner hears of it later: that it is open, or that it is closed.</summary>
    public Channel Open(Process client, string ip, int port, IChannelOwner owner)
    {
        var channel = new Channel(world, this, client, port, owner);
        _open.Add(channel);
        if (At(ip, port) is not { } server) world.After(NextDelay(), channel.Break);
        else Try(channel, server, world.Now + ConnectTimeout);
        return channel;
    }

    void Try(Channel channel, Process server, long giveUpAt)
    {
        world.After(NextDelay(), () =>
        {
            if (channel.IsClosed) return;
            if (IsCut(channel.Client, server) || IsCut(server, channel.Client))
            {
                if (world.Now >= giveUpAt) channel.Break();
                else world.After(500, () => Try(channel, server, giveUpAt));
            }
            else if (!server.IsRunning)
            {
                channel.Break();
            }
            else
            {
                channel.Established(server);
            }
        });
    }

    public void Closed(Channel channel) => _open.Remove(channel);

    /// <summary>A process is gone. Its clients hear of it where the path is open, and unless its whole machine is gone.</summary>
    public void DropAll(Process process, bool withMachine)
    {
        foreach (var channel in _open.Where(c => c.Client == process || c.Server == process).ToArray())
        {
            if (channel.Server == process && (withMachine || IsCut(process, channel.Client))) channel.LoseServer();
            else channel.Break();
        }
    }
}

/// <summary>Who opened a connection, and hears what becomes of it.</summary>
interface IChannelOwner
{
    void OnOpened(Channel channel);

    void OnMessage(Channel channel, object message);

    void OnClosed(Channel channel);
}
