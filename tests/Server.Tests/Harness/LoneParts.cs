using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Commands;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Tests;

/// <summary>
/// The parts that most other parts name, without a server around them: for tests that construct one part and ask it directly. The
/// clock stands still until <see cref="Advance"/>.
/// </summary>
sealed class LoneParts : IDisposable
{
    static readonly CommandTable<Command> s_commands = CommandRegistry.CreateTable();

    public LoneParts()
    {
        Clock = new Clock(Time);
        Keyspace = new Keyspace(2, time: Time);
        Pause = new ClientPause(Clients, Clock);
        AccessFields = new AccessFields(Clock, Config.Memory, new Random(1));
        Keys = new KeyAccess(AccessFields, new KeyPolicies(Config.Caching, Clock, new Random(1)), Running, Pause, Effects, Statistics, Dataset, History, Clock, Config.Memory, Config.Process);
        Effects.AddSink(Recorded);
    }

    public ManualTime Time { get; } = new();
    public Clock Clock { get; }
    public ServerConfig Config { get; } = new();
    public Keyspace Keyspace { get; }
    public DatasetState Dataset { get; } = new();
    public ReplicationHistory History { get; } = new();
    public ServerStatistics Statistics { get; } = new();
    public ClientRegistry Clients { get; } = new();
    public Users Users { get; } = new(new AclLimits(new CommandNames(s_commands.All), new SecuritySettings(), new ProcessSettings()));
    public ClientMemory ClientMemory { get; } = new();
    public ClientPause Pause { get; }
    public RunningCall Running { get; } = new();
    public EffectStream Effects { get; } = new();
    public RecordedEffects Recorded { get; } = new();
    public AccessFields AccessFields { get; }
    public KeyAccess Keys { get; }

    /// <summary>Moves the clock, as the next command would see it.</summary>
    public void Advance(TimeSpan by)
    {
        Time.Advance(by);
        Clock.Advance();
    }

    /// <summary>A client without a socket that may run commands.</summary>
    public Client Connect()
    {
        var client = new Client(Clients.NextId(), new NoConnection(), Keyspace[0], Users.Default, Clock.Now);
        Clients.Add(client);
        return client;
    }

    /// <summary>Stores a string, without effects.</summary>
    /// <param name="deadline">Unix milliseconds; -1 for none.</param>
    public Record Set(string key, string value = "", long deadline = -1, int database = 0)
    {
        var name = Encoding.Latin1.GetBytes(key);
        return Keyspace[database].SetString(Keyspace[database].Lookup(name), name, Encoding.Latin1.GetBytes(value), deadline);
    }

    public KeyLookup Lookup(string key, int database = 0) => Keyspace[database].Lookup(Encoding.Latin1.GetBytes(key));

    /// <summary>The command of this name.</summary>
    public static Command Command(string name) => s_commands.Find(name)!;

    /// <summary>A request of these words.</summary>
    public static Request Request(params string[] words)
    {
        var ranges = new ArgRange[words.Length];
        var length = 0;
        for (var i = 0; i < words.Length; i++)
        {
            ranges[i] = new ArgRange(length, words[i].Length);
            length += words[i].Length;
        }
        return new Request(Encoding.Latin1.GetBytes(string.Concat(words)), ranges);
    }

    public void Dispose() => Keyspace.Dispose();
}
