using System.Text;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;

namespace MiniRedis.Server.Tests;

/// <summary>Writes down what commands did: "event@db name key", and each canonical command as a line of words, "(replicas)" behind one that is for these only.</summary>
sealed class RecordedEffects : IEffectSink
{
    public List<string> Events { get; } = [];
    public List<string> Commands { get; } = [];

    /// <summary>How many commands each unit had.</summary>
    public List<int> Units { get; } = [];

    public bool WantsCommands => true;

    public KeyspaceEvents WantedEvents => KeyspaceEvents.All | KeyspaceEvents.KeyMiss | KeyspaceEvents.New;

    public void OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name) =>
        Events.Add($"{name}@{database} {Encoding.Latin1.GetString(key)}");

    public void OnUnit(ReadOnlySpan<EffectCommand> commands, ReadOnlySpan<byte> encoded)
    {
        Units.Add(commands.Length);
        for (var i = 0; i < commands.Length; i++)
        {
            var end = i + 1 < commands.Length ? commands[i + 1].Offset : encoded.Length;
            var words = Words(encoded[commands[i].Offset..end]);
            if (commands[i].Target == EffectTarget.Replicas) words.Add("(replicas)");
            Commands.Add(string.Join(' ', words));
        }
    }

    static List<string> Words(ReadOnlySpan<byte> encoded)
    {
        var words = new List<string>();
        var at = encoded.IndexOf((byte)'\n') + 1;
        while (at < encoded.Length)
        {
            var line = encoded[at..];
            var header = line.IndexOf((byte)'\n') + 1;
            var length = int.Parse(Encoding.ASCII.GetString(line[1..(header - 2)]), System.Globalization.CultureInfo.InvariantCulture);
            words.Add(Encoding.Latin1.GetString(line.Slice(header, length)));
            at += header + length + 2;
        }
        return words;
    }
}
