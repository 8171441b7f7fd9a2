using MiniRedis.Server.Following;

namespace MiniRedis.Server.Tests.Following;

public sealed partial class FollowerTests
{
    // What is cut and made again takes the machine's time, and the clock of the server runs ahead of it.
    const string Settings = "repl-timeout 1000000\n";

    static string Commands(params string[] lines) => string.Concat(lines.Select(line => RawClient.Encode(line.Split(' '))));

    static TestServer Follow(FakeMaster master, string configuration = "") => new(Settings + $"replicaof 127.0.0.1 {master.Port}\n" + configuration);

    /// <summary>Moves the clock until something holds: attempts to connect are a second apart.</summary>
    static void Await(TestServer server, Func<bool> condition)
    {
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            lock (server.Server.Executor.ExecutorLock)
            {
                if (condition()) return;
            }
            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), "it did not come to pass");
            server.Advance(TimeSpan.FromMilliseconds(100));
            Thread.Yield();
        }
    }

    static void AwaitOffset(TestServer server, long offset) => Await(server, () => server.Server.Follower.AppliedOffset == offset);

    static byte[] FileOf(params string[] commands)
    {
        using var server = new TestServer();
        using var client = server.Connect();
        foreach (var command in commands) client.Call(command);
        client.Call("SAVE");
        return File.ReadAllBytes(server.Server.Saving.Path);
    }

    static readonly string s_stream = Commands(
        "SELECT 0", "SET a 1", "PING", "MULTI", "INCR a", "RPUSH l x y z", "EXEC", "SELECT 3", "SET other db", "MULTI", "SET b 2", "EXEC",
        "SELECT 0", "SADD s m", "REPLCONF GETACK *", "DEL s", "SET last one");

    static void AssertHasStream(TestServer server)
    {
        using var client = server.Connect();
        client.Run(
            """
            GET a
            -> $1 2
            LRANGE l 0 -1
            -> *3 $1 x $1 y $1 z
            EXISTS s
            -> :0
            GET last
            -> $3 one
            SELECT 3
            -> +OK
            GET other
            -> $2 db
            GET b
            -> $1 2
            """);
    }

    [Theory]
    [InlineData(false, int.MaxValue)]
    [InlineData(true, int.MaxValue)]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(true, 7)]
    public void The_file_and_then_the_stream_are_taken_however_their_bytes_come(bool sendsMark, int piece)
    {
        using var master = new FakeMaster(s_stream) { SendsMark = sendsMark, Piece = piece, File = FileOf("SET loaded yes", "SET a old") };
        using var server = Follow(master);
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
        AssertHasStream(server);
        using var client = server.Connect();
        Assert.Equal("$3 yes", client.Call("GET loaded"));
        Assert.Equal(1, master.Count("PSYNC ? -1"));
        Assert.Equal($"*5 $5 slave $9 127.0.0.1 :{master.Port} $9 connected :{FakeMaster.Begin + s_stream.Length}", client.Call("ROLE"));
    }

    [Theory]
    [InlineData(false, int.MaxValue, "flush-before-load")]
    [InlineData(true, 1, "on-empty-db")]
    [InlineData(true, 7, "on-empty-db")]
    public void The_file_is_loaded_as_it_comes_where_the_configuration_says_so(bool sendsMark, int piece, string directive)
    {
        using var master = new FakeMaster(s_stream) { SendsMark = sendsMark, Piece = piece, File = FileOf("SET loaded yes", "SET a old") };
        using var server = Follow(master, $"repl-diskless-load {directive}\n");
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
        AssertHasStream(server);
        Assert.False(File.Exists(server.Server.Saving.Path));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_breaks_off_or_is_damaged_as_it_comes_leaves_no_data_and_is_asked_for_again(bool breaksOff)
    {
        var file = FileOf("SET k v");
        if (!breaksOff) file[^12] ^= 1;
        using var master = new FakeMaster { File = file };
        var answer = System.Text.Encoding.Latin1.GetString(file.AsSpan(0, 60));
        if (breaksOff) master.Answers.Enqueue($"+FULLRESYNC {FakeMaster.Id} {FakeMaster.Begin}\r\n${file.Length}\r\n{answer}");
        using var server = Follow(master, "repl-diskless-load flush-before-load\n");
        if (breaksOff)
        {
            Await(server, () => server.Server.Follower.State == MasterLinkState.Sync && server.Server.Dataset.IsLoading);
            master.Cut();
        }
        Await(server, () => master.Count("PSYNC ? -1") >= 2);
        if (breaksOff) AwaitOffset(server, FakeMaster.Begin);
        else Await(server, () => !server.Server.Dataset.IsLoading && server.Server.Keyspace.Count == 0);
    }

    [Fact]
    public void Acknowledgements_tell_how_far_the_commands_have_run()
    {
        using var master = new FakeMaster(s_stream);
        using var server = Follow(master);
        // The answer of GETACK does not count the question itself, as in Redis.
        var before = s_stream.IndexOf("*3\r\n$8\r\nREPLCONF", StringComparison.Ordinal);
        Await(server, () => master.Count($"REPLCONF ACK {FakeMaster.Begin + before}") > 0);
        Await(server, () => master.Count($"REPLCONF ACK {FakeMaster.Begin + s_stream.Length}") > 2);
    }

    [Fact]
    public void A_link_that_is_cut_anywhere_goes_on_where_it_stopped()
    {
        using var master = new FakeMaster(s_stream);
        var random = new Random(7);
        // Each link brings something new, even when it is cut within a command, since the last ones bring all.
        for (var i = 0; i < 60; i++) master.Cuts.Enqueue(random.Next(s_stream.Length / 3));
        using var server = Follow(master);
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
        AssertHasStream(server);
        var asked = master.Requests.Where(r => r.StartsWith("PSYNC", StringComparison.Ordinal)).ToList();
        Assert.Equal("PSYNC ? -1", asked[0]);
        // Nothing is asked for twice that has run, and nothing in the middle of a command or of a transaction.
        var ends = Ends(s_stream);
        var last = 0L;
        foreach (var request in asked.Skip(1).Select(r => r.Split(' ')))
        {
            Assert.Equal(FakeMaster.Id, request[1]);
            var offset = long.Parse(request[2], null) - 1 - FakeMaster.Begin;
            Assert.Contains(offset, ends);
            Assert.True(offset >= last);
            last = offset;
        }
    }

    /// <summary>Where commands end that are in no open transaction.</summary>
    static List<long> Ends(string stream)
    {
        var ends = new List<long> { 0 };
        var isOpen = false;
        for (var at = 0; at < stream.Length;)
        {
            var next = stream.IndexOf("\r\n*", at, StringComparison.Ordinal);
            var end = next < 0 ? stream.Length : next + 2;
            var command = stream[at..end];
            if (command.Contains("MULTI", StringComparison.Ordinal)) isOpen = true;
            if (command.Contains("EXEC", StringComparison.Ordinal)) isOpen = false;
            if (!isOpen) ends.Add(end);
            at = end;
        }
        return ends;
    }

    [Theory]
    [InlineData("-LOADING Redis is loading the dataset in memory\r\n")]
    [InlineData("-NOMASTERLINK Can't SYNC while not connected with my master\r\n")]
    [InlineData("+FULLRESYNC nonsense\r\n")]
    public void A_master_that_cannot_synchronize_is_asked_again(string answer)
    {
        using var master = new FakeMaster(s_stream) { Answers = new([answer, answer]) };
        using var server = Follow(master);
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
        Assert.Equal(3, master.Count("PSYNC"));
    }

    [Fact]
    public void A_master_that_knows_no_offsets_is_asked_by_SYNC()
    {
        using var master = new FakeMaster { Answers = new(["-ERR unknown command\r\n"]), File = FileOf("SET k v") };
        using var server = Follow(master);
        Await(server, () => server.Server.Follower.State == MasterLinkState.Connected);
        using var client = server.Connect();
        Assert.Equal("$1 v", client.Call("GET k"));
        Assert.Equal(0, master.Count("REPLCONF ACK"));
        // It cannot go on where it stopped.
        master.Cut();
        master.Await("PSYNC ? -1", times: 2);
    }

    [Fact]
    public void A_file_that_is_damaged_leaves_no_data_and_is_asked_for_again()
    {
        var file = FileOf("SET k v");
        file[^12] ^= 1;
        using var master = new FakeMaster { File = file };
        using var server = Follow(master);
        Await(server, () => master.Count("PSYNC ? -1") >= 2);
        using var client = server.Connect();
        Await(server, () => !server.Server.Dataset.IsLoading && server.Server.Keyspace.Count == 0);
    }

    [Fact]
    public void What_is_no_command_ends_the_link_and_its_history()
    {
        using var master = new FakeMaster(Commands("SET a 1") + "SET inline 1\r\n");
        using var server = Follow(master);
        Await(server, () => master.Count("PSYNC ? -1") >= 2);
    }

    [Fact]
    public void A_new_name_of_the_history_is_taken_and_the_old_one_answered_for()
    {
        const string newId = "9999999999999999999999999999999999999999";
        var stream = Commands("SELECT 0", "SET a 1");
        using var master = new FakeMaster(stream) { Cuts = new([stream.Length]) };
        using var server = Follow(master);
        master.Answers.Enqueue($"+FULLRESYNC {FakeMaster.Id} {FakeMaster.Begin}\r\n$18\r\n" + System.Text.Encoding.Latin1.GetString(FakeMaster.EmptyFile) + stream);
        master.Answers.Enqueue($"+CONTINUE {newId}\r\n");
        AwaitOffset(server, FakeMaster.Begin + stream.Length);
        master.Cut();
        Await(server, () => server.Server.History.Id == newId);
        Assert.Equal((FakeMaster.Id, FakeMaster.Begin + stream.Length + 1), (server.Server.History.Id2, server.Server.History.SecondOffset));
    }

    [Fact]
    public void A_promoted_replica_goes_on_under_a_name_of_its_own()
    {
        using var master = new FakeMaster(s_stream);
        using var server = Follow(master);
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
        using var client = server.Connect();
        Assert.Equal("-READONLY You can't write against a read only replica.", client.Call("SET k v"));
        Assert.Equal("+OK", client.Call("REPLICAOF NO ONE"));
        Assert.Equal("+OK", client.Call("SET k v"));
        var history = server.Server.History;
        Assert.Equal((FakeMaster.Id, FakeMaster.Begin + s_stream.Length + 1), (history.Id2, history.SecondOffset));
        Assert.NotEqual(FakeMaster.Id, history.Id);
        // What was written since counts too.
        Assert.True(history.Offset > FakeMaster.Begin + s_stream.Length);
        Assert.Equal("+OK", client.Call("SLAVEOF no one"));
    }

    [Fact]
    public void A_restart_goes_on_where_the_saved_file_ends()
    {
        using var master = new FakeMaster(s_stream);
        byte[] file;
        using (var server = Follow(master))
        {
            AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
            using var client = server.Connect();
            Assert.Equal("+OK", client.Call("SAVE"));
            file = File.ReadAllBytes(server.Server.Saving.Path);
        }
        using var again = new TestServer(Settings + $"replicaof 127.0.0.1 {master.Port}\n", data: file);
        AwaitOffset(again, FakeMaster.Begin + s_stream.Length);
        Assert.Equal(1, master.Count("PSYNC ? -1"));
        AssertHasStream(again);
    }

    [Fact]
    public void REPLICAOF_answers_as_in_Redis()
    {
        using var master = new FakeMaster();
        using var server = new TestServer(Settings);
        using var client = server.Connect();
        client.Run(
            $"""
            REPLICAOF localhost port
            -> -ERR Invalid master port
            REPLICAOF localhost 65536
            -> -ERR Invalid master port
            REPLICAOF 127.0.0.1 {master.Port}
            -> +OK
            REPLICAOF 127.0.0.1 {master.Port}
            -> +OK Already connected to specified master
            CONFIG GET replicaof
            -> *2 $9 replicaof ${$"127.0.0.1 {master.Port}".Length} 127.0.0.1 {master.Port}
            """);
        Await(server, () => server.Server.Follower.State == MasterLinkState.Connected);
        client.Run(
            """
            REPLICAOF NO ONE
            -> +OK
            CONFIG GET replicaof
            -> *2 $9 replicaof $0
            ROLE
            -> *3 $6 master :1000 *0
            """);
    }

    [Fact]
    public void The_master_is_a_client_that_can_be_seen_and_closed()
    {
        using var master = new FakeMaster(s_stream);
        using var server = Follow(master);
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
        using var client = server.Connect();
        Assert.Contains(" flags=M db=0 ", client.Call("CLIENT LIST TYPE MASTER"), StringComparison.Ordinal);
        Assert.Equal(":1", client.Call("CLIENT KILL TYPE MASTER"));
        master.Await($"PSYNC {FakeMaster.Id} {FakeMaster.Begin + s_stream.Length + 1}");
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
    }

    [Fact]
    public void A_pause_of_writes_holds_the_stream()
    {
        using var master = new FakeMaster(s_stream);
        using var server = new TestServer(Settings);
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("CLIENT PAUSE 1000000000 WRITE"));
        client.Call($"REPLICAOF 127.0.0.1 {master.Port}");
        var select = Commands("SELECT 0").Length;
        AwaitOffset(server, FakeMaster.Begin + select);
        Assert.Equal(":0", client.Call("DBSIZE"));
        Assert.Equal("+OK", client.Call("CLIENT UNPAUSE"));
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
        AssertHasStream(server);
    }

    [Fact]
    public void A_silent_master_is_given_up()
    {
        using var master = new FakeMaster(s_stream);
        using var server = Follow(master);
        AwaitOffset(server, FakeMaster.Begin + s_stream.Length);
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("CONFIG SET repl-timeout 60"));
        for (var i = 0; i < 610; i++) server.Advance(TimeSpan.FromMilliseconds(100));
        master.Await("PSYNC", times: 2);
    }

    [Fact]
    public void A_command_that_fails_here_is_told_and_counted()
    {
        using var master = new FakeMaster(Commands("SELECT 0", "SET a x", "INCR a", "NOSUCH x", "SET b 1"));
        using var server = Follow(master);
        AwaitOffset(server, FakeMaster.Begin + master.Stream.Length);
        using var client = server.Connect();
        Assert.Contains("unexpected_error_replies:2", client.Call("INFO stats"), StringComparison.Ordinal);
        Assert.Equal("$1 1", client.Call("GET b"));
    }

    [Theory]
    [InlineData("panic")]
    [InlineData("panic-on-replicas")]
    public void A_command_that_fails_here_ends_the_server_where_that_is_asked_for(string behavior)
    {
        using var master = new FakeMaster(Commands("SELECT 0", "SET a x", "INCR a", "SET b 1"));
        var exits = new List<int>();
        using var server = new TestServer(
            Settings + $"replicaof 127.0.0.1 {master.Port}\npropagation-error-behavior {behavior}\n", exits: exits.Add);
        Await(server, () => exits.Count == 1);
        Assert.NotEqual(0, exits[0]);
        lock (server.Server.Executor.ExecutorLock) Assert.False(server.Server.Keyspace[0].Lookup("b"u8).Found);
    }
}
