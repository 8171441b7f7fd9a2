using MiniRedis.Scripting.Machine;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Scripts.Engine;

/// <summary>What scripts reach of the server, for every <see cref="ScriptEngine"/>.</summary>
sealed class ScriptServices(
    RunningScript running, EffectStream effects, ServerStatistics statistics, ProcessSettings settings, LoggingSettings logging, ServerLog log)
{
    /// <summary>redis.REDIS_VERSION.</summary>
    public static ReadOnlySpan<byte> Version => s_version;

    /// <summary>redis.REDIS_VERSION_NUM: a byte each for major, minor and patch.</summary>
    public static int VersionNumber { get; } = NumberOf(System.Version.Parse(ServerVersion.Redis));

    static readonly byte[] s_version = System.Text.Encoding.ASCII.GetBytes(ServerVersion.Redis);

    static int NumberOf(Version version) => version.Major << 16 | version.Minor << 8 | version.Build;

    public RunningScript Running => running;
    public EffectStream Effects => effects;
    public ServerStatistics Statistics => statistics;
    public ServerLog Log => log;

    /// <summary>The numbers of math.random, which go on from script to script.</summary>
    public MachineRandom Random { get; } = new();

    /// <summary>Runs the commands of scripts. Set when the server is put together.</summary>
    public IScriptCalls Calls { get; set; } = null!;

    /// <summary>Whether scripts have the functions that lua-enable-deprecated-api gives back.</summary>
    public bool HasDeprecated => settings.LuaEnableDeprecatedApi;

    /// <summary>Most bytes that one run may hold.</summary>
    public long MemoryLimit => settings.ScriptMemoryLimit > 0 ? settings.ScriptMemoryLimit : long.MaxValue;

    /// <summary>The least level that is logged.</summary>
    public ServerLogLevel LogLevel => logging.LogLevel;
}
