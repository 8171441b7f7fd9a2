using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;

namespace MiniRedis.Server.Tests.Effects;

public class EffectStreamTests
{
    readonly EffectStream _effects = new();
    readonly Sink _sink = new();

    public EffectStreamTests() => _effects.AddSink(_sink);

    void Emit(int database, params string[] words)
    {
        _effects.Begin(database, words.Length);
        foreach (var word in words) _effects.Add(System.Text.Encoding.Latin1.GetBytes(word));
    }

    [Fact]
    public void The_commands_of_a_request_are_one_unit_or_one_each()
    {
        Emit(0, "SET", "k", "v");
        Emit(1, "DEL", "k");
        Assert.Empty(_sink.Units);
        _effects.EndUnit();
        Emit(0, "SET", "k", "v");
        Emit(1, "DEL", "k");
        _effects.EndUnit(isOne: false);
        const string Set = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", Del = "*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n";
        Assert.Equal(["0@0 1@27 " + Set + Del, "0@0 " + Set, "1@0 " + Del], _sink.Units);
        _effects.EndUnit();
        Assert.Equal(3, _sink.Units.Count);
    }

    [Fact]
    public void A_command_that_was_cut_short_is_left_out_of_its_unit()
    {
        Emit(0, "PING");
        _effects.Begin(0, 3);
        _effects.Add("SET"u8);
        _effects.EndUnit();
        Emit(0, "PING");
        _effects.EndUnit();
        Assert.Equal(["0@0 *1\r\n$4\r\nPING\r\n", "0@0 *1\r\n$4\r\nPING\r\n"], _sink.Units);
    }

    [Fact]
    public void A_command_cut_short_that_is_dropped_leaves_no_part_of_itself_in_the_unit()
    {
        Emit(0, "PING");
        _effects.Begin(0, 3);
        _effects.Add("SET"u8);
        _effects.DropUnfinished();
        Emit(0, "PING");
        _effects.EndUnit();
        Assert.Equal(["0@0 0@14 *1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n"], _sink.Units);
    }

    [Fact]
    public void A_unit_that_is_too_large_is_lost_whole_and_told_so_once()
    {
        _effects.MostUnitBytes = 200;
        Emit(0, "SET", "k", "v");
        Emit(0, "SET", "k", new string('v', 200));
        Emit(0, "SET", "k", "v");
        _effects.EndUnit();
        Assert.Equal(1, _sink.Lost);
        Assert.Empty(_sink.Units);
        Emit(0, "PING");
        _effects.EndUnit();
        Assert.Equal((1, 1), (_sink.Lost, _sink.Units.Count));
    }

    [Fact]
    public void What_is_wanted_is_what_any_sink_wants()
    {
        Assert.True(_effects.IsPropagating);
        Assert.Equal(KeyspaceEvents.List, _effects.Wanted);
        var other = new Sink { WantsCommands = false, WantedEvents = KeyspaceEvents.Set };
        _effects.AddSink(other);
        Assert.Equal(KeyspaceEvents.List | KeyspaceEvents.Set, _effects.Wanted);
        Emit(0, "PING");
        _effects.EndUnit();
        Assert.Empty(other.Units);
        _effects.RemoveSink(_sink);
        Assert.False(_effects.IsPropagating);
        _sink.WantsCommands = false;
        _effects.AddSink(_sink);
        _sink.WantsCommands = true;
        Assert.False(_effects.IsPropagating);
        _effects.Refresh();
        Assert.True(_effects.IsPropagating);
    }

    [Fact]
    public void A_change_counts_and_a_notice_does_not()
    {
        _effects.KeyChanged(0, "k"u8, KeyspaceEvents.String, "set");
        _effects.Notify(0, "k"u8, KeyspaceEvents.Generic, "expire");
        Assert.Equal(1, _effects.Dirty);
        Assert.Equal(["set", "expire"], _sink.Events);
    }

    [Theory]
    [InlineData("String", "set", true)]
    [InlineData("KeyMiss", "keymiss", false)]
    [InlineData("New", "new", false)]
    [InlineData("Stream", "xadd", true)]
    [InlineData("Stream", "xsetid", false)]
    [InlineData("Stream", "xgroup-create", false)]
    public void Whether_an_event_is_a_change_of_the_key(string kind, string name, bool isModification) =>
        Assert.Equal(isModification, EffectStream.IsModification(Enum.Parse<KeyspaceEvents>(kind), name));

    [Fact]
    public void A_flush_of_all_is_told_to_each_sink_as_one_of_every_database()
    {
        _effects.FlushingAll(3);
        Assert.Equal(["flush 0", "flush 1", "flush 2"], _sink.Events);
    }

    sealed class Sink : IEffectSink
    {
        public List<string> Units { get; } = [];
        public List<string> Events { get; } = [];
        public int Lost { get; private set; }
        public bool WantsCommands { get; set; } = true;
        public KeyspaceEvents WantedEvents { get; init; } = KeyspaceEvents.List;

        public void OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name) => Events.Add(name);

        public void OnFlushing(int database) => Events.Add($"flush {database}");

        public void OnUnit(ReadOnlySpan<EffectCommand> commands, ReadOnlySpan<byte> encoded) =>
            Units.Add(string.Concat(commands.ToArray().Select(c => $"{c.Database}@{c.Offset} ")) + System.Text.Encoding.Latin1.GetString(encoded));

        public void OnUnitLost() => Lost++;
    }
}
