using MiniRedis.Cluster.Sentinel;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Sentinel;

/// <summary>SENTINEL SET, CONFIG and DEBUG.</summary>
static partial class SentinelCommands
{
    static void Set(ref CommandContext c)
    {
        if (!TryMaster(ref c, out var master)) return;
        var words = new string[c.Count - 3];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = Word(ref c, i + 3);
            if (i > 0 && Is(words[i - 1], "auth-pass")) c.Redact(i + 3);
        }
        var result = Of(ref c).Set(master, words, Now(ref c));
        switch (result.Refusal)
        {
            case SentinelMachine.SetRefusal.None: PerformAndReply(ref c); break;
            case SentinelMachine.SetRefusal.UnknownOption: c.Fail(Errors.SentinelSetOption(result.Option)); break;
            case SentinelMachine.SetRefusal.InvalidValue: c.Fail(Errors.SentinelSetValue(result.Value, result.Option)); break;
            case SentinelMachine.SetRefusal.ScriptsDenied: c.Fail(Errors.ScriptsReconfigDenied); break;
            case SentinelMachine.SetRefusal.NotificationScript: c.Fail(Errors.NotificationScript); break;
            default: c.Fail(Errors.ClientReconfigScript); break;
        }
    }

    /// <summary>
    /// A setting of SENTINEL CONFIG: how it is read, and how it is set: false for a wrong value, which changes nothing.
    /// </summary>
    sealed record Setting(
        string Name, Func<SentinelSettings, ConfigService, string> Get, Func<string, bool> IsValid,
        Action<SentinelSettings, ConfigService, string> Set, bool IsCredential = false);

    static readonly Setting[] s_settings =
    [
        new("resolve-hostnames", (s, _) => YesNo(s.ResolveHostnames), IsYesNo, (s, _, v) => s.ResolveHostnames = Is(v, "yes")),
        new("announce-hostnames", (s, _) => YesNo(s.AnnounceHostnames), IsYesNo, (s, _, v) => s.AnnounceHostnames = Is(v, "yes")),
        new("announce-ip", (s, _) => s.AnnounceIp ?? "", _ => true, (s, _, v) => s.AnnounceIp = NullIfEmpty(v)),
        new("announce-port", (s, _) => $"{s.AnnouncePort}", v => ushort.TryParse(v, out var _),
            (s, _, v) => s.AnnouncePort = ushort.Parse(v)),
        new("sentinel-user", (s, _) => s.SentinelUser ?? "", _ => true, (s, _, v) => s.SentinelUser = NullIfEmpty(v), IsCredential: true),
        new("sentinel-pass", (s, _) => s.SentinelPass ?? "", _ => true, (s, _, v) => s.SentinelPass = NullIfEmpty(v), IsCredential: true),
        new("loglevel", (_, c) => c.Get("loglevel") ?? "", IsLogLevel, (_, c, v) => c.TrySet([("loglevel", v)], default, out var _)),
    ];

    static string? NullIfEmpty(string value) => value.Length == 0 ? null : value;

    static string YesNo(bool value) => value ? "yes" : "no";

    static bool IsYesNo(string value) => Is(value, "yes") || Is(value, "no");

    static bool IsLogLevel(string value) =>
        Array.Exists(["debug", "verbose", "notice", "warning", "nothing"], level => Is(value, level));

    static void Config(ref CommandContext c)
    {
        if (c.IsToken(2, "GET"u8)) ConfigGet(ref c);
        else if (c.IsToken(2, "SET"u8) && c.Count >= 5) ConfigSet(ref c);
        else c.Fail(Errors.SentinelConfigForm);
    }

    static void ConfigGet(ref CommandContext c)
    {
        var map = c.Reply.BeginDeferred();
        var found = new HashSet<Setting>();
        for (var i = 3; i < c.Count; i++)
        {
            var pattern = Word(ref c, i);
            foreach (var setting in s_settings)
            {
                if (!Matches(pattern, setting.Name, ignoreCase: true) || !found.Add(setting)) continue;
                Text(c.Reply, setting.Name);
                Text(c.Reply, setting.Get(Of(ref c).Settings, c.Server.ConfigService));
            }
        }
        c.Reply.EndMap(map, found.Count);
    }

    static void ConfigSet(ref CommandContext c)
    {
        var changes = new List<(Setting Setting, string Value)>();
        for (var i = 3; i < c.Count; i += 2)
        {
            var option = Word(ref c, i);
            if (Array.Find(s_settings, s => Is(s.Name, option)) is not { } setting)
            {
                c.Fail(Errors.SentinelConfigOption(option));
                return;
            }
            if (changes.Exists(change => change.Setting == setting))
            {
                c.Fail(Errors.SentinelConfigTwice(option));
                return;
            }
            if (i + 1 == c.Count)
            {
                c.Fail(Errors.SentinelConfigNoValue(option));
                return;
            }
            if (setting.IsCredential) c.Redact(i + 1);
            var value = Word(ref c, i + 1);
            if (!setting.IsValid(value))
            {
                c.Fail(Errors.SentinelConfigValue(value, option));
                return;
            }
            changes.Add((setting, value));
        }
        foreach (var (setting, value) in changes) setting.Set(Of(ref c).Settings, c.Server.ConfigService, value);
        Of(ref c).SettingsChanged(changes.Exists(change => change.Setting.IsCredential), Now(ref c));
        PerformAndReply(ref c);
    }

    static void Debug(ref CommandContext c)
    {
        var periods = Of(ref c).Periods;
        if (c.Count == 2)
        {
            c.Reply.Map(SentinelPeriods.All.Count);
            foreach (var period in SentinelPeriods.All)
            {
                Text(c.Reply, period.Name);
                c.Reply.BulkInteger(period.Get(periods));
            }
            return;
        }
        for (var i = 2; i < c.Count; i += 2)
        {
            var option = Word(ref c, i);
            if (i + 1 == c.Count || SentinelPeriods.All.FirstOrDefault(p => Is(p.Name, option)) is not { } period)
            {
                c.Fail(Errors.SentinelDebugOption(option));
                return;
            }
            if (!Numbers.TryParseInt64(c.Arg(i + 1), out var value) || value <= 0)
            {
                c.Fail(Errors.SentinelDebugValue(Word(ref c, i + 1), option));
                return;
            }
            period.Set(periods, value);
        }
        c.Reply.Ok();
    }
}
