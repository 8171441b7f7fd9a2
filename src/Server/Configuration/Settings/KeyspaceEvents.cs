using System.Text;
using MiniRedis.Server.Configuration.Files;

namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Classes of keyspace notifications. Bit values are Redis's NOTIFY_* numbers, which modules and docs quote.</summary>
[Flags]
internal enum KeyspaceEvents
{
    None = 0,
    Keyspace = 1 << 0,
    Keyevent = 1 << 1,
    Generic = 1 << 2,
    String = 1 << 3,
    List = 1 << 4,
    Set = 1 << 5,
    Hash = 1 << 6,
    ZSet = 1 << 7,
    Expired = 1 << 8,
    Evicted = 1 << 9,
    Stream = 1 << 10,
    KeyMiss = 1 << 11,
    Module = 1 << 13,
    New = 1 << 14,
    /// <summary>
    /// The classes that 'A' selects. Key misses and new keys are left out: they would flood a subscriber that asked for changes.
    /// </summary>
    All = Generic | String | List | Set | Hash | ZSet | Expired | Evicted | Stream | Module,
}

/// <summary>The letters of <c>notify-keyspace-events</c>.</summary>
internal static class KeyspaceEventLetters
{
    // The order in which CONFIG GET writes them.
    static readonly (char Letter, KeyspaceEvents Event)[] Classes =
    [
        ('g', KeyspaceEvents.Generic), ('$', KeyspaceEvents.String), ('l', KeyspaceEvents.List), ('s', KeyspaceEvents.Set),
        ('h', KeyspaceEvents.Hash), ('z', KeyspaceEvents.ZSet), ('x', KeyspaceEvents.Expired), ('e', KeyspaceEvents.Evicted),
        ('t', KeyspaceEvents.Stream), ('d', KeyspaceEvents.Module), ('n', KeyspaceEvents.New),
    ];

    static readonly (char Letter, KeyspaceEvents Event)[] Channels =
        [('K', KeyspaceEvents.Keyspace), ('E', KeyspaceEvents.Keyevent), ('m', KeyspaceEvents.KeyMiss)];

    public static string? Parse(ServerConfig config, ReadOnlySpan<string> args, bool readingFile)
    {
        if (args.Length != 1) return ConfigErrors.WrongNumberOfArguments;
        var events = KeyspaceEvents.None;
        foreach (var letter in args[0])
        {
            var one = letter == 'A' ? KeyspaceEvents.All : Classes.Concat(Channels).FirstOrDefault(c => c.Letter == letter).Event;
            if (one == KeyspaceEvents.None) return ConfigErrors.EventClass;
            events |= one;
        }
        config.Observation.NotifyKeyspaceEvents = events;
        return null;
    }

    public static string Format(ServerConfig config)
    {
        var events = config.Observation.NotifyKeyspaceEvents;
        var text = new StringBuilder();
        var all = (events & KeyspaceEvents.All) == KeyspaceEvents.All;
        if (all) text.Append('A');
        foreach (var (letter, one) in Classes)
        {
            // 'A' hides the letters it contains; 'n' is not one of them.
            if ((events & one) != 0 && !(all && (KeyspaceEvents.All & one) != 0)) text.Append(letter);
        }
        foreach (var (letter, one) in Channels)
            if ((events & one) != 0) text.Append(letter);
        return text.ToString();
    }

    public static IEnumerable<(string Line, bool Force)> Rewrite(ServerConfig config) =>
        [("notify-keyspace-events " + ConfigLine.Quote(Format(config)), config.Observation.NotifyKeyspaceEvents != 0)];
}
