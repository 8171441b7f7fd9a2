using MiniRedis.Server.Following;

namespace MiniRedis.Server.Tests.Following;

/// <summary>repl-diskless-load swapdb: a file that is loaded beside the old data.</summary>
public sealed partial class FollowerTests
{
    /// <summary>A replica with data of the master's history, which another full synchronization is about to replace.</summary>
    static TestServer FollowTwice(FakeMaster master, byte[] file, int sent, string id)
    {
        var server = Follow(master, "repl-diskless-load swapdb\n");
        AwaitOffset(server, FakeMaster.Begin);
        master.Answers.Enqueue($"+FULLRESYNC {id} {FakeMaster.Begin}\r\n${file.Length}\r\n{System.Text.Encoding.Latin1.GetString(file.AsSpan(0, sent))}");
        master.Cut();
        Await(server, () => server.Server.Follower.State == MasterLinkState.Sync && server.Server.Dataset.IsLoadingAny);
        return server;
    }

    const string OtherHistory = "abcdeabcdeabcdeabcdeabcdeabcdeabcdeabcde";

    static readonly byte[] s_old = FileOf("SET k old", "SET watched old", "FUNCTION LOAD \"#!lua name=old\\nredis.register_function('f', function() end)\"");
    static readonly byte[] s_new = FileOf("SET k new", "SET fresh new", "FUNCTION LOAD \"#!lua name=new\\nredis.register_function('f', function() end)\"");

    [Fact]
    public void With_swapdb_the_old_data_of_the_same_history_are_served_until_the_new_ones_are_whole()
    {
        using var master = new FakeMaster { File = s_old };
        using var server = FollowTwice(master, s_new, s_new.Length - 5, FakeMaster.Id);
        using var client = server.Connect();
        client.Run(
            """
            GET k
            -> $3 old
            BGSAVE
            -> -LOADING Redis is loading the dataset in memory
            CONFIG SET appendonly no
            -> -LOADING Redis is loading the dataset in memory
            """);
        Assert.Contains(" $3 old ", client.Call("FUNCTION LIST"), StringComparison.Ordinal);
        Assert.Contains("\r\nloading:0\r\nasync_loading:1\r\n", client.Call("INFO persistence"), StringComparison.Ordinal);
        client.Run(
            """
            WATCH fresh
            -> +OK
            MULTI
            -> +OK
            GET k
            -> +QUEUED
            """);
        master.SendRaw(s_new.AsSpan(s_new.Length - 5));
        Await(server, () => server.Server.Follower.State == MasterLinkState.Connected);
        client.Run(
            """
            EXEC
            -> *-1
            GET k
            -> $3 new
            EXISTS watched
            -> :0
            """);
        Assert.Contains(" $3 new ", client.Call("FUNCTION LIST"), StringComparison.Ordinal);
        Assert.DoesNotContain(" $3 old ", client.Call("FUNCTION LIST"), StringComparison.Ordinal);
        Assert.Contains("\r\nloading:0\r\nasync_loading:0\r\n", client.Call("INFO persistence"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FakeMaster.Id)]
    [InlineData(OtherHistory)]
    public void With_swapdb_the_old_data_stay_where_the_new_ones_do_not_come(string id)
    {
        using var master = new FakeMaster { File = s_old };
        using var server = FollowTwice(master, s_new, s_new.Length - 5, id);
        using var client = server.Connect();
        // Data of another history are not shown in place of the master's.
        Assert.Equal(id == FakeMaster.Id ? "$3 old" : "-LOADING Redis is loading the dataset in memory", client.Call("GET k"));
        // The next attempt is not answered, so that what is there now can be seen.
        master.Answers.Enqueue("\n");
        master.Cut();
        Await(server, () => master.Count("PSYNC ? -1") == 2 && !server.Server.Dataset.IsLoadingAny);
        Assert.Equal("$3 old", client.Call("GET k"));
        Assert.Contains(" $3 old ", client.Call("FUNCTION LIST"), StringComparison.Ordinal);
    }
}
