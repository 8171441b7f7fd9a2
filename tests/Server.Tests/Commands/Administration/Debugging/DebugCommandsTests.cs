namespace MiniRedis.Server.Tests.Commands.Administration.Debugging;

public sealed class DebugCommandsTests : IDisposable
{
    readonly TestServer _server = new("enable-debug-command yes");
    readonly RawClient _client;

    public DebugCommandsTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Theory]
    [InlineData("no", true)]
    [InlineData("local", false)]
    [InlineData("yes", false)]
    public void Debug_is_allowed_to_whom_the_configuration_says(string setting, bool refused)
    {
        using var server = new TestServer($"enable-debug-command {setting}");
        using var client = server.Connect();
        var reply = client.Call("DEBUG HELP");
        Assert.Equal(refused, reply.StartsWith("-ERR DEBUG command not allowed.", StringComparison.Ordinal));
        Assert.NotEqual(refused, reply.StartsWith("*73 +DEBUG <subcommand>", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("DEBUG FROB", "-ERR unknown subcommand or wrong number of arguments for 'FROB'. Try DEBUG HELP.")]
    [InlineData("DEBUG sleep", "-ERR unknown subcommand or wrong number of arguments for 'sleep'. Try DEBUG HELP.")]
    [InlineData("DEBUG SLEEP 0.01", "+OK")]
    [InlineData("DEBUG SLEEP never", "+OK")]
    [InlineData("DEBUG ERROR \"CODE text\"", "-CODE text")]
    [InlineData("DEBUG LOG text", "+OK")]
    [InlineData("DEBUG OBJECT missing", "-ERR no such key")]
    [InlineData("DEBUG LISTPACK missing", "-ERR no such key")]
    [InlineData("DEBUG HTSTATS 16", "-ERR Out of range database")]
    [InlineData("DEBUG HTSTATS x", "-ERR value is not an integer or out of range")]
    [InlineData("DEBUG POPULATE -1", "-ERR value is out of range, must be positive")]
    [InlineData("DEBUG QUICKLIST-PACKED-THRESHOLD 4gb", "-ERR argument must be a memory value bigger than 1 and smaller than 4gb")]
    [InlineData("DEBUG QUICKLIST-PACKED-THRESHOLD 100b", "+OK")]
    [InlineData("DEBUG REPLYBUFFER RESIZING 0", "+OK")]
    [InlineData("DEBUG REPLYBUFFER PEAK-RESET-TIME soon", "-ERR value is not an integer or out of range")]
    [InlineData("DEBUG REPLYBUFFER frob 1", "-ERR unknown subcommand or wrong number of arguments for 'REPLYBUFFER'. Try DEBUG HELP.")]
    [InlineData("DEBUG PROTOCOL rope", "-ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false")]
    public void Subcommands_answer(string command, string reply) => Assert.Equal(reply, _client.Call(command));

    [Theory]
    [InlineData("string", "$11 Hello World", "$11 Hello World")]
    [InlineData("integer", ":12345", ":12345")]
    [InlineData("double", "$5 3.141", ",3.141")]
    [InlineData("bignum", "$37 1234567999999999999999999999999999999", "(1234567999999999999999999999999999999")]
    [InlineData("null", "$-1", "_")]
    [InlineData("array", "*3 :0 :1 :2", "*3 :0 :1 :2")]
    [InlineData("set", "*3 :0 :1 :2", "~3 :0 :1 :2")]
    [InlineData("map", "*6 :0 :0 :1 :1 :2 :0", "%3 :0 #f :1 #t :2 #f")]
    [InlineData("attrib", "$39 Some real reply following the attribute", "|1 $14 key-popularity *2 $7 key:123 :90 $39 Some real reply following the attribute")]
    [InlineData("push", "-ERR RESP2 is not supported by this command", ">2 $16 server-cpu-usage :42")]
    [InlineData("verbatim", "$25 This is a verbatim\nstring", "=29 txt:This is a verbatim\nstring")]
    [InlineData("true", ":1", "#t")]
    [InlineData("FALSE", ":0", "#f")]
    public void Protocol_shows_each_type_in_both_versions(string type, string resp2, string resp3)
    {
        Assert.Equal(resp2, _client.Call("DEBUG PROTOCOL " + type));
        using var client = _server.Connect(protocol: 3);
        Assert.Equal(resp3, client.Call("DEBUG PROTOCOL " + type));
    }

    [Fact]
    public void Listpack_takes_packed_values_alone()
    {
        _client.Run("""
            HSET h a 1
            -> :1
            SET s 1
            -> +OK
            DEBUG LISTPACK h
            -> +Listpack structure printed on stdout
            HEXPIRE h 100 FIELDS 1 a
            -> *1 :1
            DEBUG LISTPACK h
            -> +Listpack structure printed on stdout
            DEBUG LISTPACK s
            -> -ERR Not a listpack encoded object.
            """);
    }

    [Fact]
    public void Object_describes_the_value()
    {
        _client.Call("SET k 12");
        Assert.Matches("^\\+Value at:0x[0-9a-f]+ refcount:1 encoding:int serializedlength:2 lru:[0-9]+ lru_seconds_idle:0$",
            _client.Call("DEBUG OBJECT k"));
        _server.Advance(TimeSpan.FromSeconds(7));
        Assert.EndsWith("lru_seconds_idle:7", _client.Call("DEBUG OBJECT k"), StringComparison.Ordinal);
        Assert.DoesNotContain("serializedlength", _client.Call("DEBUG OBJECT k FAST"), StringComparison.Ordinal);
        Assert.Equal(":7", _client.Call("OBJECT IDLETIME k"));
    }

    [Fact]
    public void Populate_makes_what_is_missing_and_propagates_nothing()
    {
        _client.Run("""
            SET key:1 mine
            -> +OK
            DEBUG POPULATE 3
            -> +OK
            MGET key:0 key:1 key:2 key:3
            -> *4 $7 value:0 $4 mine $7 value:2 $-1
            DEBUG POPULATE 2 big 10
            -> +OK
            """);
        Assert.Equal("$10 value:1\0\0\0", _client.Call("GET big:1"));
        Assert.Equal("+OK", _client.Call("DEBUG POPULATE 1 tiny 3"));
        Assert.Equal("$3 val", _client.Call("GET tiny:0"));
        Assert.Equal(["SET key:1 mine"], _server.Effects.Commands);
    }

    [Theory]
    [InlineData("SET-ACTIVE-EXPIRE 0", "SET-ACTIVE-EXPIRE 1")]
    [InlineData("PAUSE-CRON 1", "PAUSE-CRON 0")]
    public void Active_expiry_stops_and_restarts(string stop, string restart)
    {
        _client.Call($"DEBUG {stop}");
        _client.Call("SET k v PX 10");
        _server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(":1", _client.Call("DBSIZE"));
        _client.Call($"DEBUG {restart}");
        _server.Tick();
        Assert.Equal(":0", _client.Call("DBSIZE"));
    }

    [Fact]
    public void Htstats_describes_the_index()
    {
        Assert.Contains("No stats available for empty dictionaries", _client.Call("DEBUG HTSTATS 0"), StringComparison.Ordinal);
        _client.Call("SET k v");
        Assert.Contains("table size: 28\n number of elements: 1\n", _client.Call("DEBUG HTSTATS 0 FULL"), StringComparison.Ordinal);
        Assert.Equal("-ERR The value stored at the specified key is not represented using an hash table", _client.Call("DEBUG HTSTATS-KEY k"));
    }

    [Fact]
    public void Digests_start_from_nothing()
    {
        const string Zero = "+0000000000000000000000000000000000000000";
        Assert.Equal(Zero, _client.Call("DEBUG DIGEST"));
        Assert.Equal($"*1 {Zero}", _client.Call("DEBUG DIGEST-VALUE missing"));
        Assert.Equal("*0", _client.Call("DEBUG DIGEST-VALUE"));
    }

    [RedisServerFact]
    public void Digests_are_those_of_redis()
    {
        using var oracle = new RedisServerProcess(null, "--enable-debug-command", "yes", "--save", "");
        string[][] commands =
        [
            ["SET", "a", "1"], ["SET", "b", "some text"], ["SET", "ttl", "x", "EX", "1000"], ["SET", "", ""],
            ["SELECT", "3"], ["SET", "a", "1"], ["SET", "number", "-123456789012", "PX", "1000000"],
            ["SELECT", "15"], ["APPEND", "raw", new string('y', 300)], ["SELECT", "0"],
        ];
        foreach (var command in commands)
        {
            oracle.Send(command);
            _client.CallWords(command);
        }
        using var redis = oracle.Connect();
        foreach (var question in new[] { "DEBUG DIGEST", "DEBUG DIGEST-VALUE a b ttl \"\" missing" })
            Assert.Equal(redis.Call(question), _client.Call(question));
    }
}
