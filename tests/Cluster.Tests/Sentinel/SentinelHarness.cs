using MiniRedis.Cluster.Sentinel;

namespace MiniRedis.Cluster.Tests.Sentinel;

/// <summary>
/// A machine whose other ends are played by the test: it sees what is sent where, answers, and lets time pass. PINGs are answered
/// by themselves at every address that is up.
/// </summary>
sealed class SentinelHarness : ISentinelHost
{
    public const string MyId = "00000000000000000000000000000000000000aa";
    public const string Second = "00000000000000000000000000000000000000bb";
    public const string Third = "00000000000000000000000000000000000000cc";

    readonly Dictionary<long, (int Port, bool IsPubSub)> _connections = [];
    readonly List<SentinelOutput> _log = [];

    public SentinelHarness(params string[] lines)
    {
        Machine = new SentinelMachine(new Random(1), this, Now);
        Machine.Settings.OwnPort = 26379;
        var directives = lines.Select(l => l.Split(' ')).Prepend(["myid", MyId]).ToList();
        Assert.Null(Machine.Load(directives, Now));
        Machine.Start("unused", Now);
        Perform();
    }

    public SentinelMachine Machine { get; }

    public long Now { get; private set; } = 1_000_000;

    public SentinelInstance Master => Machine.Masters[0];

    /// <summary>Ports at which nobody answers any more.</summary>
    public HashSet<int> Dead { get; } = [];

    /// <summary>What INFO of a port is answered.</summary>
    public Dictionary<int, string> Infos { get; } = [];

    public Dictionary<string, string> Names { get; } = [];

    /// <summary>Commands that were sent to a port, newest last.</summary>
    public List<(int Port, string Command)> Sent { get; } = [];

    /// <summary>Answers to what PING and INFO do not cover.</summary>
    public Func<int, IReadOnlyList<string>, LinkReply?> OnCommand { get; set; } = (_, _) => null;

    /// <summary>The events so far, as "type text".</summary>
    public IReadOnlyList<string> Events =>
        [.. _log.OfType<SentinelOutput.Event>().Where(e => e.Level != EventLevel.Debug).Select(e => $"{e.Type} {e.Text}")];

    public IReadOnlyList<SentinelOutput> Outputs => _log;

    public void Forget()
    {
        _log.Clear();
        Sent.Clear();
    }

    /// <summary>Lets time pass in ticks of a tenth of a second.</summary>
    public void Pass(long milliseconds)
    {
        for (var end = Now + milliseconds; Now < end;)
        {
            Now += Math.Min(100, end - Now);
            Machine.Tick(Now);
            Perform();
        }
    }

    /// <summary>Lets time pass until something has happened.</summary>
    public void PassUntil(string @event, long milliseconds = 60_000)
    {
        for (var end = Now + milliseconds; Now < end && !Events.Any(e => e.StartsWith(@event, StringComparison.Ordinal));) Pass(100);
        Assert.Contains(Events, e => e.StartsWith(@event, StringComparison.Ordinal));
    }

    public void Jump(long milliseconds)
    {
        Now += milliseconds;
        Machine.Tick(Now);
        Perform();
    }

    public void Hello(string message)
    {
        Machine.Hello(message, Now);
        Perform();
    }

    /// <summary>The hello of another Sentinel at 127.0.0.2 and a port.</summary>
    public void Hello(string id, int port, int epoch, int masterPort, int configEpoch) =>
        Hello($"127.0.0.2,{port},{id},{epoch},mymaster,127.0.0.1,{masterPort},{configEpoch}");

    public SentinelMachine.MasterDownAnswer Ask(int port, ulong epoch, string candidate)
    {
        var answer = Machine.IsMasterDownByAddress("127.0.0.1", port, epoch, candidate, Now);
        Perform();
        return answer;
    }

    public void Do(Action<SentinelMachine> command)
    {
        command(Machine);
        Perform();
    }

    public void Perform()
    {
        while (Machine.HasOutputs)
        {
            foreach (var output in Machine.TakeOutputs())
            {
                _log.Add(output);
                Perform(output);
            }
        }
    }

    void Perform(SentinelOutput output)
    {
        switch (output)
        {
            case SentinelOutput.Connect connect:
                _connections[connect.Connection] = (connect.Address.Port, connect.IsPubSub);
                if (Dead.Contains(connect.Address.Port)) Machine.Lost(connect.Connection, Now);
                else Machine.Connected(connect.Connection, "127.0.0.9", Now);
                break;
            case SentinelOutput.Close close:
                _connections.Remove(close.Connection);
                break;
            case SentinelOutput.Send send when _connections.TryGetValue(send.Connection, out var to) && !Dead.Contains(to.Port):
                Sent.Add((to.Port, string.Join(' ', send.Arguments)));
                var reply = OnCommand(to.Port, send.Arguments) ?? Default(to.Port, send.Arguments);
                Machine.Received(send.Connection, reply, Now);
                break;
        }
    }

    LinkReply Default(int port, IReadOnlyList<string> command) => command[0] switch
    {
        "PING" => LinkReply.Status("PONG"),
        "INFO" => LinkReply.Bulk(Infos.GetValueOrDefault(port, "")),
        "SUBSCRIBE" => LinkReply.Array(LinkReply.Bulk("subscribe"), LinkReply.Bulk(command[1]), LinkReply.Number(1)),
        "PUBLISH" => LinkReply.Number(1),
        "SENTINEL" => LinkReply.Array(LinkReply.Number(0), LinkReply.Bulk("*"), LinkReply.Number(0)),
        _ => LinkReply.Ok,
    };

    /// <summary>A vote for whoever asks, of a Sentinel that holds the master for down.</summary>
    public static LinkReply Vote(IReadOnlyList<string> command) => LinkReply.Array(
        LinkReply.Number(1), LinkReply.Bulk(command[5]), LinkReply.Number(command[5] == "*" ? 0 : long.Parse(command[4])));

    public static string MasterInfo(params int[] replicas) =>
        $"run_id:{new string('1', 40)}\r\nrole:master\r\n"
        + string.Concat(replicas.Select((p, i) => $"slave{i}:ip=127.0.0.1,port={p},state=online,offset=1,lag=0\r\n"));

    public static string ReplicaInfo(int master, long offset = 100, int priority = 100, char runId = '2', int downSeconds = 0, bool isUp = true) =>
        $"run_id:{new string(runId, 40)}\r\nrole:slave\r\nmaster_host:127.0.0.1\r\nmaster_port:{master}\r\n"
        + $"master_link_status:{(isUp ? "up" : "down")}\r\n"
        + (downSeconds > 0 ? $"master_link_down_since_seconds:{downSeconds}\r\n" : "")
        + $"slave_repl_offset:{offset}\r\nslave_priority:{priority}\r\n";

    string? ISentinelHost.Resolve(string hostname) => Names.GetValueOrDefault(hostname);

    bool ISentinelHost.IsExecutable(string path) => path.StartsWith("/ok", StringComparison.Ordinal);
}
