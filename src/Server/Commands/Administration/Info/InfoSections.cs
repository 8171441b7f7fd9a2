using MiniRedis.Server.Execution;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Commands.Administration.Info;

/// <summary>
/// The sections of INFO in their order. Names of sections and fields are those of Redis 7.4, and of 8 where that has more; fields of our
/// own follow the ones they belong to. A field whose subsystem is at rest has the value Redis shows for that.
/// </summary>
static partial class InfoSections
{
    /// <param name="Name">By which it is asked for.</param>
    /// <param name="Kind">When it is shown without being asked for by name.</param>
    /// <param name="Write">Title and fields.</param>
    readonly record struct Section(string Name, Kind Kind, Action<InfoText, ServerParts> Write);

    enum Kind
    {
        /// <summary>Shown by INFO without arguments.</summary>
        Default,

        /// <summary>Shown by INFO ALL and EVERYTHING.</summary>
        All,

        /// <summary>Shown only if they are asked for by name.</summary>
        Hidden,
    }

    static readonly Section[] s_sections =
    [
        new("server", Kind.Default, Server),
        new("clients", Kind.Default, Clients),
        new("memory", Kind.Default, Memory),
        new("persistence", Kind.Default, Persistence),
        new("stats", Kind.Default, Stats),
        new("replication", Kind.Default, Replication),
        new("threads", Kind.Default, Threads),
        new("cpu", Kind.Default, Cpu),
        new("modules", Kind.Default, static (text, _) => text.Section("Modules")),
        new("commandstats", Kind.All, CommandStats),
        new("errorstats", Kind.Default, ErrorStats),
        new("latencystats", Kind.All, LatencyStats),
        new("cluster", Kind.Default, Cluster),
        new("tls", Kind.All, Tls),
        new("keyspace", Kind.Default, Keyspace),
        new("keysizes", Kind.All, KeySizes),
        new("sentinel", Kind.Hidden, Sentinel),
        new("hotkeys", Kind.Hidden, HotKeys),
        new("debug", Kind.Hidden, Debug),
    ];

    /// <summary>Sets of sections: one bit each, in their order.</summary>
    public static int Defaults { get; } = Bits(s => s.Kind == Kind.Default);

    /// <inheritdoc cref="Defaults"/>
    public static int Everything { get; } = Bits(s => s.Kind != Kind.Hidden);

    /// <summary>The section of a name in any case. An unknown name is no error: the result is the empty set.</summary>
    public static int Named(ReadOnlySpan<byte> name)
    {
        if (Ascii.EqualsIgnoreCase(name, "module_list")) name = "modules"u8;
        for (var i = 0; i < s_sections.Length; i++)
            if (Ascii.EqualsIgnoreCase(name, s_sections[i].Name)) return 1 << i;
        return 0;
    }

    public static string Text(ServerParts server, int wanted)
    {
        var text = new InfoText();
        for (var i = 0; i < s_sections.Length; i++)
            if ((wanted >> i & 1) != 0) s_sections[i].Write(text, server);
        return text.ToString();
    }

    /// <summary>Everything, for a crash report: no key is looked at.</summary>
    public static string ForReport(ServerParts server)
    {
        var text = new InfoText();
        foreach (var section in s_sections)
        {
            if (section.Kind == Kind.Hidden || section.Name == "keysizes") continue;
            if (section.Name == "keyspace") Keyspace(text, server, looksAtKeys: false);
            else section.Write(text, server);
        }
        return text.ToString();
    }

    static int Bits(Func<Section, bool> included)
    {
        var bits = 0;
        for (var i = 0; i < s_sections.Length; i++) bits |= included(s_sections[i]) ? 1 << i : 0;
        return bits;
    }
}
