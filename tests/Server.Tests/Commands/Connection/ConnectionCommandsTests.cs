namespace MiniRedis.Server.Tests.Commands.Connection;

public sealed class ConnectionCommandsTests : ServerTests
{
    const string Greeting = "$6 server $5 redis $7 version $5 7.4.0 $5 proto :{0} $2 id :1 $4 mode $10 standalone $4 role $6 master $7 modules *0";

    static string GreetingIn(int protocol) =>
        (protocol == 3 ? "%7 " : "*14 ") + Greeting.Replace("{0}", protocol.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);

    [Fact]
    public void Hello_speaks_the_protocol_from_its_own_reply_on()
    {
        Assert.Equal(GreetingIn(2), _client.Call("HELLO"));
        Assert.Equal(GreetingIn(3), _client.Call("HELLO 3"));
        Assert.Equal("_", _client.Call("GET missing"));
        Assert.Equal(GreetingIn(3), _client.Call("HELLO"));
        Assert.Equal(GreetingIn(2), _client.Call("HELLO 2 SETNAME me"));
        Assert.Equal("$2 me", _client.Call("CLIENT GETNAME"));
        Assert.Equal("$-1", _client.Call("GET missing"));
    }

    [Theory]
    [InlineData("HELLO 4", "-NOPROTO unsupported protocol version")]
    [InlineData("HELLO 1", "-NOPROTO unsupported protocol version")]
    [InlineData("HELLO three", "-ERR Protocol version is not an integer or out of range")]
    [InlineData("HELLO 3 FOO", "-ERR Syntax error in HELLO option 'FOO'")]
    [InlineData("HELLO 3 AUTH default", "-ERR Syntax error in HELLO option 'AUTH'")]
    [InlineData("HELLO 3 SETNAME 'a b'", "-ERR Client names cannot contain spaces, newlines or special characters.")]
    [InlineData("HELLO 3 AUTH nobody x", "-WRONGPASS invalid username-password pair or user is disabled.")]
    [InlineData("AUTH x", "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")]
    [InlineData("AUTH nobody x", "-WRONGPASS invalid username-password pair or user is disabled.")]
    [InlineData("AUTH a b c", "-ERR syntax error")]
    [InlineData("CLIENT SETNAME 'a b'", "-ERR Client names cannot contain spaces, newlines or special characters.")]
    [InlineData("CLIENT SETINFO lib-foo x", "-ERR Unrecognized option 'lib-foo'")]
    [InlineData("CLIENT SETINFO lib-Name 'a b'", "-ERR lib-Name cannot contain spaces, newlines or special characters.")]
    [InlineData("CLIENT LIST TYPE foo", "-ERR Unknown client type 'foo'")]
    [InlineData("CLIENT LIST ID x", "-ERR Invalid client ID")]
    [InlineData("CLIENT LIST ID 1 x", "-ERR Invalid client ID")]
    [InlineData("CLIENT LIST ID", "-ERR syntax error")]
    [InlineData("CLIENT LIST foo", "-ERR syntax error")]
    [InlineData("CLIENT KILL 1.2.3.4:5", "-ERR No such client")]
    [InlineData("CLIENT KILL", "-ERR wrong number of arguments for 'client|kill' command")]
    [InlineData("CLIENT KILL ID x", "-ERR client-id should be greater than 0")]
    [InlineData("CLIENT KILL ID 0", "-ERR client-id should be greater than 0")]
    [InlineData("CLIENT KILL ID 10 foo", "-ERR syntax error")]
    [InlineData("CLIENT KILL USER nobody ID 1", "-ERR No such user 'nobody'")]
    [InlineData("CLIENT KILL SKIPME maybe", "-ERR syntax error")]
    [InlineData("CLIENT KILL MAXAGE x", "-ERR maxage is not an integer or out of range")]
    [InlineData("CLIENT KILL MAXAGE 0", "-ERR maxage should be greater than 0")]
    [InlineData("CLIENT UNBLOCK x", "-ERR value is not an integer or out of range")]
    [InlineData("CLIENT UNBLOCK 1 foo", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")]
    [InlineData("CLIENT UNBLOCK 1", ":0")]
    [InlineData("CLIENT REPLY foo", "-ERR syntax error")]
    [InlineData("CLIENT NO-EVICT foo", "-ERR syntax error")]
    [InlineData("CLIENT NO-TOUCH foo", "-ERR syntax error")]
    [InlineData("CLIENT PAUSE x", "-ERR timeout is not an integer or out of range")]
    [InlineData("CLIENT PAUSE -1", "-ERR timeout is negative")]
    [InlineData("CLIENT PAUSE 9223372036854775807", "-ERR timeout is out of range")]
    [InlineData("CLIENT PAUSE 1 foo", "-ERR CLIENT PAUSE mode must be WRITE or ALL")]
    [InlineData("CLIENT INFO x", "-ERR wrong number of arguments for 'client|info' command")]
    [InlineData("CLIENT foo", "-ERR unknown subcommand 'foo'. Try CLIENT HELP.")]
    [InlineData("CLIENT", "-ERR wrong number of arguments for 'client' command")]
    public void Bad_arguments_are_refused(string command, string reply)
    {
        Assert.Equal(reply, _client.Call(command));
        Assert.Equal("+PONG", _client.Call("PING"));
    }

    [Fact]
    public void Without_the_password_only_the_handshake_is_possible()
    {
        using var server = new TestServer("requirepass s3cret");
        using var client = server.Connect();
        client.Run("""
            GET k
            -> -NOAUTH Authentication required.
            HELLO 3
            -> -NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time
            AUTH s3cre
            -> -WRONGPASS invalid username-password pair or user is disabled.
            AUTH default ''
            -> -WRONGPASS invalid username-password pair or user is disabled.
            AUTH s3cret
            -> +OK
            GET k
            -> $-1
            AUTH default wrong
            -> -WRONGPASS invalid username-password pair or user is disabled.
            GET k
            -> $-1
            RESET
            -> +RESET
            GET k
            -> -NOAUTH Authentication required.
            AUTH default s3cret
            -> +OK
            """);
        using var second = server.Connect();
        Assert.StartsWith("%7 ", second.Call("HELLO 3 AUTH default s3cret"), StringComparison.Ordinal);
        Assert.Equal("_", second.Call("GET k"));
    }

    [Fact]
    public void Reset_forgets_what_the_connection_chose()
    {
        _client.Run("""
            SELECT 3
            -> +OK
            CLIENT SETNAME me
            -> +OK
            CLIENT NO-TOUCH ON
            -> +OK
            """);
        _client.Call("HELLO 3");
        _client.Send("CLIENT REPLY OFF");
        Assert.Equal("+RESET", _client.Call("RESET"));
        Assert.Equal("$-1", _client.Call("CLIENT GETNAME"));
        var info = _client.Call("CLIENT INFO");
        Assert.Contains(" name= ", info, StringComparison.Ordinal);
        Assert.Contains(" flags=N db=0 ", info, StringComparison.Ordinal);
        Assert.Contains(" resp=2 ", info, StringComparison.Ordinal);
    }

    [Fact]
    public void Replies_can_be_turned_off_and_skipped()
    {
        _client.Send("CLIENT REPLY OFF");
        _client.Send("SET k v");
        _client.Send("CLIENT REPLY SKIP");
        _client.Send("NOSUCHCOMMAND");
        Assert.Equal("+OK", _client.Call("CLIENT REPLY ON"));
        Assert.Equal("$1 v", _client.Call("GET k"));
        _client.Send("CLIENT REPLY SKIP");
        _client.Send("GET k");
        Assert.Equal("+PONG", _client.Call("PING"));
        _client.Send("CLIENT REPLY SKIP");
        Assert.Equal("+OK", _client.Call("CLIENT REPLY ON"));
        Assert.Equal("+PONG", _client.Call("PING"));
    }

    [Fact]
    public void Replies_stay_off_across_batches_and_in_one_batch()
    {
        _client.SendRaw(RawClient.Encode("CLIENT", "REPLY", "OFF") + RawClient.Encode("PING"));
        Await.Until(() => CommandsRun() >= 2);
        _client.SendRaw(RawClient.Encode("PING") + RawClient.Encode("CLIENT", "REPLY", "ON") + RawClient.Encode("ECHO", "x"));
        Assert.Equal("+OK", _client.Read());
        Assert.Equal("$1 x", _client.Read());

        long CommandsRun()
        {
            lock (_server.Server.Executor.ExecutorLock) return _server.Server.Statistics.CommandsProcessed;
        }
    }

    [Fact]
    public void Help_lists_the_subcommands()
    {
        var help = _client.Call("CLIENT HELP");
        Assert.Contains("+CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", help, StringComparison.Ordinal);
        Assert.Contains("+SETNAME <name>", help, StringComparison.Ordinal);
    }
}
