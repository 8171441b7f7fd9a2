using MiniRedis.Cluster.Replication;

namespace MiniRedis.Cluster.Tests.Replication;

public sealed class ReplicaHandshakeTests
{
    const string Id = "0123456789012345678901234567890123456789";
    const string OtherId = "9876543210987654321098765432109876543210";

    static readonly HandshakeSettings s_settings = new() { ListeningPort = 6380, Version = "7.4.0" };

    /// <summary>What is sent and how it ends, a line for each reply of the master.</summary>
    static string[] Play(HandshakeSettings settings, params string[] replies)
    {
        var handshake = new ReplicaHandshake(settings);
        static string Text(IEnumerable<string[]> commands) => string.Join(" | ", commands.Select(c => string.Join(' ', c)));
        return
        [
            Text(handshake.Begin()),
            .. replies.Select(handshake.Next).Select(step =>
                step.Outcome == HandshakeOutcome.GoesOn
                    ? Text(step.Commands)
                    : string.Join(' ', [step.Outcome, .. step.Commands.Select(c => c[0]), .. step.Position is { } p ? [p.Id, p.Offset] : Array.Empty<object>()])),
        ];
    }

    static string LastNote(HandshakeSettings settings, params string[] replies)
    {
        var handshake = new ReplicaHandshake(settings);
        handshake.Begin();
        HandshakeStep? last = null;
        foreach (var reply in replies) last = handshake.Next(reply);
        return string.Join(" / ", last!.Notes.Select(n => n.IsWarning ? "! " + n.Text : n.Text));
    }

    [Fact]
    public void Without_a_history_everything_is_asked_for() => Assert.Equal(
        [
            "PING", "REPLCONF listening-port 6380 | REPLCONF capa eof capa psync2 capa slot-migrations | REPLCONF version 7.4.0", "", "", "PSYNC ? -1", "", "",
            $"FullSync {Id} 1234",
        ],
        Play(s_settings, "+PONG", "+OK", "+OK", "+OK", "", "", $"+FULLRESYNC {Id} 1234"));

    [Fact]
    public void A_history_is_gone_on_with_from_the_byte_after_it() => Assert.Equal(
        [
            "PING",
            "AUTH me secret | REPLCONF listening-port 6380 | REPLCONF ip-address 10.0.0.1 | REPLCONF capa eof capa psync2 capa slot-migrations | REPLCONF version 7.4.0",
            "", "", "", "", $"PSYNC {Id} 1001", $"Continues {Id} 1000",
        ],
        Play(
            s_settings with { User = "me", Password = "secret", AnnounceIp = "10.0.0.1", Known = new(Id, 1000) },
            "-NOAUTH Authentication required.", "+OK", "+OK", "+OK", "+OK", "+OK", "+CONTINUE"));

    [Theory]
    [InlineData("+CONTINUE " + OtherId, "Continues " + OtherId + " 1000")]
    [InlineData("+CONTINUE " + Id, "Continues " + Id + " 1000")]
    [InlineData("+FULLRESYNC " + OtherId + " 7", "FullSync " + OtherId + " 7")]
    [InlineData("+FULLRESYNC " + OtherId, "Failed")]
    [InlineData("+FULLRESYNC short 7", "Failed")]
    [InlineData("-NOMASTERLINK Can't SYNC while not connected with my master", "TryLater")]
    [InlineData("-LOADING Redis is loading the dataset in memory", "TryLater")]
    [InlineData("-ERR unknown command 'PSYNC'", "OldSync SYNC")]
    [InlineData("-OOPS", "OldSync SYNC")]
    [InlineData("+HELLO", "OldSync SYNC")]
    public void The_answer_to_PSYNC_decides(string reply, string expected) => Assert.Equal(
        expected, Play(s_settings with { Known = new(Id, 1000) }, "+PONG", "+OK", "+OK", "+OK", reply)[^1]);

    [Fact]
    public void A_password_alone_is_sent_in_the_old_form() =>
        Assert.StartsWith("AUTH secret | ", Play(s_settings with { Password = "secret" }, "+PONG")[1], StringComparison.Ordinal);

    [Fact]
    public void Masters_that_know_less_are_forgiven() => Assert.Equal(
        "PSYNC ? -1", Play(s_settings, "+PONG", "-ERR what?", "-ERR what?", "-ERR Unrecognized REPLCONF option: version")[^1]);

    [Theory]
    [InlineData("! Error reply to PING from master: '-MISCONF no'", "-MISCONF no")]
    [InlineData("! Unable to AUTH to MASTER: -WRONGPASS no", "+PONG", "-WRONGPASS no")]
    [InlineData("(Non critical) Master does not understand REPLCONF capa: -ERR no", "+PONG", "+OK", "+OK", "-ERR no")]
    [InlineData("Partial resynchronization not possible (no cached master)", "+PONG", "+OK", "+OK", "+OK", "+OK")]
    [InlineData("! Unexpected reply to PSYNC from master: -X / Retrying with SYNC...", "+PONG", "+OK", "+OK", "+OK", "+OK", "-X")]
    [InlineData(
        "Successful partial resynchronization with master. / ! Master continues a history that was not asked for", "+PONG", "+OK", "+OK", "+OK", "+OK",
        "+CONTINUE")]
    public void The_log_says_it_in_the_words_of_Redis(string expected, params string[] replies) =>
        Assert.Equal(expected, LastNote(s_settings with { Password = "secret" }, replies));
}
