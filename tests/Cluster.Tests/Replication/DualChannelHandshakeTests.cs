using MiniRedis.Cluster.Replication;

namespace MiniRedis.Cluster.Tests.Replication;

/// <summary>The handshakes of a full synchronization by two connections, in the bytes that Valkey 8.0.1 speaks.</summary>
public sealed class DualChannelHandshakeTests
{
    const string Id = "0123456789012345678901234567890123456789";
    const string OtherId = "9876543210987654321098765432109876543210";
    const string EndOffset = "$ENDOFF:1234 " + Id + " 0 17";

    static readonly HandshakeSettings s_settings = new() { ListeningPort = 6380, Version = "7.4.0", UsesDualChannel = true };

    /// <summary>What is sent and how it ends, a line for each reply of the master.</summary>
    static string[] Play(Handshake handshake, params string[] replies)
    {
        static string Text(IEnumerable<string[]> commands) => string.Join(" | ", commands.Select(c => string.Join(' ', c)));
        return
        [
            Text(handshake.Begin()),
            .. replies.Select(handshake.Next).Select(step =>
                step.Outcome == HandshakeOutcome.GoesOn ? Text(step.Commands) : $"{step.Outcome} {step.Position?.Id} {step.Position?.Offset} {step.RdbClientId}"),
        ];
    }

    static string LastNote(Handshake handshake, params string[] replies)
    {
        handshake.Begin();
        HandshakeStep? last = null;
        foreach (var reply in replies) last = handshake.Next(reply);
        return string.Join(" / ", last!.Notes.Select(n => n.IsWarning ? "! " + n.Text : n.Text));
    }

    static MainChannelHandshake MainChannel() => new(new(Id, 1234), 17);

    [Fact]
    public void The_main_connection_says_that_it_can_and_is_told_to_open_another_one()
    {
        var said = Play(new ReplicaHandshake(s_settings), "+PONG", "+OK", "+OK", "+OK", "", "+DUALCHANNELSYNC");
        Assert.Equal(
            "REPLCONF listening-port 6380 | REPLCONF capa eof capa psync2 capa dual-channel capa slot-migrations | REPLCONF version 7.4.0", said[1]);
        Assert.Equal("PSYNC ? -1", said[4]);
        Assert.Equal("DualChannel   0", said[^1]);
    }

    [Fact]
    public void A_master_that_goes_on_or_does_not_know_it_is_followed_the_plain_way()
    {
        Assert.Equal($"Continues {Id} 7 0", Play(new ReplicaHandshake(s_settings with { Known = new(Id, 7) }), "+PONG", "+OK", "+OK", "+OK", "+CONTINUE")[^1]);
        Assert.Equal($"FullSync {OtherId} 7 0", Play(new ReplicaHandshake(s_settings), "+PONG", "+OK", "+OK", "+OK", $"+FULLRESYNC {OtherId} 7")[^1]);
    }

    [Fact]
    public void What_was_not_asked_for_is_no_answer()
    {
        var plain = s_settings with { UsesDualChannel = false };
        Assert.DoesNotContain("dual-channel", Play(new ReplicaHandshake(plain), "+PONG")[1], StringComparison.Ordinal);
        Assert.StartsWith("OldSync", Play(new ReplicaHandshake(plain), "+PONG", "+OK", "+OK", "+OK", "+DUALCHANNELSYNC")[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Who_hands_the_masters_part_over_does_not_ask_for_it() => Assert.DoesNotContain(
        "dual-channel", Play(new ReplicaHandshake(s_settings with { Known = new(Id, 7), IsFailover = true }), "+PONG")[1], StringComparison.Ordinal);

    [Fact]
    public void The_files_connection_asks_and_hears_where_the_stream_goes_on() => Assert.Equal(
        ["REPLCONF capa eof rdb-only 1 rdb-channel 1 listening-port 6380", "SYNC", "", "", $"FullSync {Id} 1234 17"],
        Play(new RdbChannelHandshake(s_settings), "+OK", "", "", EndOffset));

    [Theory]
    [InlineData("", "AUTH secret")]
    [InlineData("me", "AUTH me secret")]
    public void The_files_connection_logs_in(string user, string login) => Assert.Equal(
        [$"{login} | REPLCONF capa eof rdb-only 1 rdb-channel 1 listening-port 6380", "", "SYNC", $"FullSync {Id} 1234 17"],
        Play(new RdbChannelHandshake(s_settings with { User = user, Password = "secret" }), "+OK", "+OK", EndOffset));

    [Theory]
    [InlineData("! Unable to AUTH to MASTER: -WRONGPASS no", "-WRONGPASS no")]
    [InlineData("! Server does not support sync with offset, dual channel sync approach cannot be used: -ERR what?", "+OK", "-ERR what?")]
    [InlineData("! Received unexpected $ENDOFF response: -NOMASTERLINK no", "+OK", "+OK", "-NOMASTERLINK no")]
    [InlineData("! Received unexpected $ENDOFF response: $EOF:abc", "+OK", "+OK", "$EOF:abc")]
    public void What_the_files_connection_does_not_understand_ends_it(string note, params string[] replies)
    {
        var settings = s_settings with { Password = "secret" };
        Assert.Equal(note, LastNote(new RdbChannelHandshake(settings), replies));
        Assert.StartsWith("Failed", Play(new RdbChannelHandshake(settings), replies)[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("$ENDOFF:1234 " + Id + " 0")]
    [InlineData("$ENDOFF:1234 " + Id + " 0 17 18")]
    [InlineData("$ENDOFF:1234 short 0 17")]
    [InlineData("$ENDOFF:-1 " + Id + " 0 17")]
    [InlineData("$ENDOFF:x " + Id + " 0 17")]
    [InlineData("$ENDOFF:1234 " + Id + " x 17")]
    [InlineData("$ENDOFF:1234 " + Id + " 0 x")]
    [InlineData("ENDOFF:1234 " + Id + " 0 17")]
    public void An_instant_that_cannot_be_read_ends_it(string line) =>
        Assert.StartsWith("Failed", Play(new RdbChannelHandshake(s_settings), "+OK", line)[^1], StringComparison.Ordinal);

    [Fact]
    public void The_main_connection_asks_for_what_follows_the_file_once_it_is_known_to_belong_to_it() => Assert.Equal(
        ["REPLCONF set-rdb-client-id 17", "", $"PSYNC {Id} 1235", "", $"Continues {Id} 1234 0"],
        Play(MainChannel(), "", "+OK", "", "+CONTINUE " + Id));

    [Theory]
    [InlineData("+CONTINUE", Id)]
    [InlineData("+CONTINUE " + OtherId, OtherId)]
    public void A_master_may_have_another_name_by_then(string line, string id) =>
        Assert.Equal($"Continues {id} 1234 0", Play(MainChannel(), "+OK", line)[^1]);

    [Theory]
    [InlineData("! Master does not understand REPLCONF set-rdb-client-id: -ERR Unrecognized RDB client id 17", "-ERR Unrecognized RDB client id 17")]
    [InlineData("! Aborting dual channel sync. Main channel psync result: +DUALCHANNELSYNC", "+OK", "+DUALCHANNELSYNC")]
    [InlineData("! Aborting dual channel sync. Main channel psync result: +FULLRESYNC " + Id + " 7", "+OK", "+FULLRESYNC " + Id + " 7")]
    [InlineData("! Aborting dual channel sync. Main channel psync result: -LOADING no", "+OK", "-LOADING no")]
    public void Any_other_answer_ends_both(string note, params string[] replies)
    {
        Assert.Equal(note, LastNote(MainChannel(), replies));
        Assert.StartsWith("Failed", Play(MainChannel(), replies)[^1], StringComparison.Ordinal);
    }
}
