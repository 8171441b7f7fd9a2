namespace MiniRedis.Server.Tests.Commands.PubSub;

/// <summary>SUBSCRIBE and its kin, PUBLISH, PUBSUB. Replies are redis-server 7.0.15's where not said otherwise.</summary>
public sealed class PubSubCommandsTests
{
    [Theory]
    [InlineData(2, '*')]
    [InlineData(3, '>')]
    public void A_subscription_is_confirmed_and_brings_messages(int protocol, char kind)
    {
        using var server = new TestServer();
        using var subscriber = server.Connect(protocol);
        using var publisher = server.Connect();
        Assert.Equal($"{kind}3 $9 subscribe $4 news :1", subscriber.Call("SUBSCRIBE news sport"));
        Assert.Equal($"{kind}3 $9 subscribe $5 sport :2", subscriber.Read());
        Assert.Equal($"{kind}3 $10 psubscribe $2 n* :3", subscriber.Call("PSUBSCRIBE n*"));
        Assert.Equal($"{kind}3 $10 ssubscribe $4 news :1", subscriber.Call("SSUBSCRIBE news"));

        Assert.Equal(":2", publisher.Call("PUBLISH news hello"));
        Assert.Equal($"{kind}3 $7 message $4 news $5 hello", subscriber.Read());
        Assert.Equal($"{kind}4 $8 pmessage $2 n* $4 news $5 hello", subscriber.Read());
        Assert.Equal(":1", publisher.Call("SPUBLISH news sharded"));
        Assert.Equal($"{kind}3 $8 smessage $4 news $7 sharded", subscriber.Read());
        Assert.Equal(":1", publisher.Call("PUBLISH nobody x"));
        Assert.Equal($"{kind}4 $8 pmessage $2 n* $6 nobody $1 x", subscriber.Read());
        Assert.Equal(":0", publisher.Call("PUBLISH other x"));
        Assert.Equal(":0", publisher.Call("SPUBLISH sport x"));

        Assert.Equal($"{kind}3 $11 unsubscribe $5 sport :2", subscriber.Call("UNSUBSCRIBE sport"));
        Assert.Equal($"{kind}3 $12 punsubscribe $2 n* :1", subscriber.Call("PUNSUBSCRIBE n*"));
        Assert.Equal($"{kind}3 $12 sunsubscribe $4 news :0", subscriber.Call("SUNSUBSCRIBE"));
        Assert.Equal($"{kind}3 $11 unsubscribe $4 news :0", subscriber.Call("UNSUBSCRIBE"));
        Assert.Equal(":0", publisher.Call("PUBLISH news x"));
        Assert.Equal("+PONG", subscriber.Call("PING"));
    }

    [Fact]
    public void To_subscribe_twice_is_to_subscribe_once()
    {
        using var server = new TestServer();
        using var subscriber = server.Connect();
        using var publisher = server.Connect();
        Assert.Equal("*3 $9 subscribe $1 a :1", subscriber.Call("SUBSCRIBE a a"));
        Assert.Equal("*3 $9 subscribe $1 a :1", subscriber.Read());
        Assert.Equal("*3 $9 subscribe $1 a :1", subscriber.Call("SUBSCRIBE a"));
        Assert.Equal("*3 $10 psubscribe $2 a* :2", subscriber.Call("PSUBSCRIBE a*"));
        Assert.Equal("*3 $10 psubscribe $2 a* :2", subscriber.Call("PSUBSCRIBE a*"));
        Assert.Equal(":2", publisher.Call("PUBLISH a x"));
        Assert.Equal("*3 $7 message $1 a $1 x", subscriber.Read());
        Assert.Equal("*4 $8 pmessage $2 a* $1 a $1 x", subscriber.Read());
        Assert.Equal("*3 $11 unsubscribe $1 a :1", subscriber.Call("UNSUBSCRIBE a a"));
        Assert.Equal("*3 $11 unsubscribe $1 a :1", subscriber.Read());
        Assert.Equal(":1", publisher.Call("PUBLISH a x"));
    }

    [Theory]
    [InlineData(2, "*3", "$-1")]
    [InlineData(3, ">3", "_")]
    public void To_end_what_has_not_begun_is_confirmed_too(int protocol, string head, string nothing)
    {
        using var server = new TestServer();
        using var client = server.Connect(protocol);
        Assert.Equal($"{head} $11 unsubscribe {nothing} :0", client.Call("UNSUBSCRIBE"));
        Assert.Equal($"{head} $12 punsubscribe {nothing} :0", client.Call("PUNSUBSCRIBE"));
        Assert.Equal($"{head} $12 sunsubscribe {nothing} :0", client.Call("SUNSUBSCRIBE"));
        Assert.Equal($"{head} $11 unsubscribe $1 a :0", client.Call("UNSUBSCRIBE a b"));
        Assert.Equal($"{head} $11 unsubscribe $1 b :0", client.Read());
        Assert.Equal("+PONG", client.Call("PING"));
    }

    [Fact]
    public void A_subscribed_client_of_RESP2_may_only_call_what_concerns_subscriptions()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.Run(
            """
            SUBSCRIBE a
            -> *3 $9 subscribe $1 a :1
            PING
            -> *2 $4 pong $0
            PING hi
            -> *2 $4 pong $2 hi
            GET k
            -> -ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
            CLIENT LIST
            -> -ERR Can't execute 'client|list': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
            HELLO 3
            -> -ERR Can't execute 'hello': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
            NOSUCH
            -> -ERR unknown command 'NOSUCH', with args beginning with:
            GET
            -> -ERR wrong number of arguments for 'get' command
            SSUBSCRIBE s
            -> *3 $10 ssubscribe $1 s :1
            UNSUBSCRIBE
            -> *3 $11 unsubscribe $1 a :0
            PING
            -> *2 $4 pong $0
            SUNSUBSCRIBE
            -> *3 $12 sunsubscribe $1 s :0
            PING
            -> +PONG
            GET k
            -> $-1
            PSUBSCRIBE x*
            -> *3 $10 psubscribe $2 x* :1
            RESET
            -> +RESET
            PING
            -> +PONG
            PUBLISH xy z
            -> :0
            SUBSCRIBE a
            -> *3 $9 subscribe $1 a :1
            QUIT
            -> +OK
            """);
        Assert.True(client.IsClosedByServer());
    }

    [Fact]
    public void HELLO_changes_the_form_of_messages_and_what_may_be_called()
    {
        using var server = new TestServer();
        using var client = server.Connect(protocol: 3);
        using var publisher = server.Connect();
        Assert.Equal(">3 $9 subscribe $1 a :1", client.Call("SUBSCRIBE a"));
        Assert.Equal("_", client.Call("GET k"));
        publisher.Call("PUBLISH a 1");
        Assert.Equal(">3 $7 message $1 a $1 1", client.Read());
        Assert.StartsWith("*14 ", client.Call("HELLO 2"), StringComparison.Ordinal);
        publisher.Call("PUBLISH a 2");
        Assert.Equal("*3 $7 message $1 a $1 2", client.Read());
        Assert.StartsWith("-ERR Can't execute 'get'", client.Call("GET k"), StringComparison.Ordinal);
        Assert.Equal("*2 $4 pong $0 ", client.Call("PING"));
    }

    /// <summary>As since Redis 7.2. Before, the message came first and, inside EXEC, tore its reply apart.</summary>
    [Fact]
    public void Who_publishes_to_himself_gets_the_reply_first()
    {
        using var server = new TestServer();
        using var client = server.Connect(protocol: 3);
        client.Call("SUBSCRIBE a");
        Assert.Equal(":1", client.Call("PUBLISH a x"));
        Assert.Equal(">3 $7 message $1 a $1 x", client.Read());

        client.Run("MULTI\n-> +OK\nPUBLISH a y\n-> +QUEUED\nSUBSCRIBE b\n-> +QUEUED\nPUBLISH b z\n-> +QUEUED");
        Assert.Equal("*3 :1 >3 $9 subscribe $1 b :2 :1", client.Call("EXEC"));
        Assert.Equal(">3 $7 message $1 a $1 y", client.Read());
        Assert.Equal(">3 $7 message $1 b $1 z", client.Read());

        // Between the replies of one batch, not behind them all.
        client.SendRaw(RawClient.Encode("PUBLISH", "a", "1") + RawClient.Encode("ECHO", "2") + RawClient.Encode("PUBLISH", "b", "3"));
        Assert.Equal(":1", client.Read());
        Assert.Equal(">3 $7 message $1 a $1 1", client.Read());
        Assert.Equal("$1 2", client.Read());
        Assert.Equal(":1", client.Read());
        Assert.Equal(">3 $7 message $1 b $1 3", client.Read());
    }

    [Fact]
    public void In_a_transaction_of_RESP2_subscribing_answers_a_message_a_channel()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.Run(
            """
            MULTI
            -> +OK
            SUBSCRIBE a b
            -> +QUEUED
            SSUBSCRIBE s
            -> +QUEUED
            PUBLISH a 1
            -> +QUEUED
            PING
            -> +QUEUED
            """);
        // Redis's protocol: EXEC announces a reply a command, and two channels are two.
        Assert.Equal("*4 *3 $9 subscribe $1 a :1 *3 $9 subscribe $1 b :2 "
            + "-ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client :1", client.Call("EXEC"));
        Assert.Equal("*2 $4 pong $0 ", client.Read());
        Assert.Equal("*3 $7 message $1 a $1 1", client.Read());
        Assert.StartsWith("-ERR Can't execute 'publish'", client.Call("PUBLISH a 2"), StringComparison.Ordinal);
    }

    [Fact]
    public void CLIENT_REPLY_OFF_keeps_no_messages_back()
    {
        using var server = new TestServer();
        using var client = server.Connect(protocol: 3);
        client.Send("CLIENT REPLY OFF");
        Assert.Equal(">3 $9 subscribe $1 a :1", client.Call("SUBSCRIBE a"));
        client.Send("PUBLISH a x");
        Assert.Equal(">3 $7 message $1 a $1 x", client.Read());
        client.Send("PING");
        Assert.Equal("+OK", client.Call("CLIENT REPLY ON"));
        client.Send("CLIENT REPLY SKIP");
        client.Send("PUBLISH a y");
        Assert.Equal(">3 $7 message $1 a $1 y", client.Read());
        Assert.Equal("+PONG", client.Call("PING"));
    }

    [Fact]
    public void PUBSUB_tells_who_subscribes_to_what()
    {
        using var server = new TestServer();
        using var one = server.Connect();
        using var two = server.Connect();
        using var client = server.Connect();
        one.Call("SUBSCRIBE a");
        one.Call("PSUBSCRIBE p*");
        two.Call("SUBSCRIBE a");
        two.Call("SUBSCRIBE b");
        two.Call("PSUBSCRIBE p*");
        two.Call("SSUBSCRIBE s");
        client.Run(
            """
            PUBSUB CHANNELS
            -> *2 $1 a $1 b
            PUBSUB CHANNELS [b-z]
            -> *1 $1 b
            PUBSUB NUMSUB a b c p*
            -> *8 $1 a :2 $1 b :1 $1 c :0 $2 p* :0
            PUBSUB NUMSUB
            -> *0
            PUBSUB NUMPAT
            -> :1
            PUBSUB SHARDCHANNELS
            -> *1 $1 s
            PUBSUB SHARDCHANNELS x*
            -> *0
            PUBSUB SHARDNUMSUB s a
            -> *4 $1 s :1 $1 a :0
            PUBSUB CHANNELS a b
            -> -ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.
            PUBSUB NUMPAT x
            -> -ERR wrong number of arguments for 'pubsub|numpat' command
            PUBSUB foo
            -> -ERR unknown subcommand 'foo'. Try PUBSUB HELP.
            SUBSCRIBE
            -> -ERR wrong number of arguments for 'subscribe' command
            PUBLISH a
            -> -ERR wrong number of arguments for 'publish' command
            """);
        var info = client.Call("INFO everything");
        Assert.Contains("pubsub_channels:2\r\n", info, StringComparison.Ordinal);
        Assert.Contains("pubsub_patterns:1\r\n", info, StringComparison.Ordinal);
        Assert.Contains("pubsubshard_channels:1\r\n", info, StringComparison.Ordinal);
        Assert.Contains("pubsub_clients:2\r\n", info, StringComparison.Ordinal);
        var list = client.Call("CLIENT LIST TYPE pubsub");
        Assert.Contains(" flags=P db=0 sub=1 psub=1 ssub=0 ", list, StringComparison.Ordinal);
        Assert.Contains(" flags=P db=0 sub=2 psub=1 ssub=1 ", list, StringComparison.Ordinal);
        Assert.Equal(":2", client.Call("CLIENT KILL TYPE pubsub"));
        Assert.Equal("*0", client.Call("PUBSUB CHANNELS"));
        Assert.Equal(":0", client.Call("PUBSUB NUMPAT"));
    }

    [Fact]
    public void Names_and_messages_may_be_any_bytes()
    {
        using var server = new TestServer();
        using var subscriber = server.Connect();
        using var publisher = server.Connect();
        subscriber.Call("SUBSCRIBE \"\" \"\\x00\\r\\n\\xff\"");
        subscriber.Read();
        Assert.Equal(":1", publisher.Call("PUBLISH \"\" \"\""));
        Assert.Equal("*3 $7 message $0  $0 ", subscriber.Read());
        Assert.Equal(":1", publisher.Call("PUBLISH \"\\x00\\r\\n\\xff\" \"\\r\\n\""));
        Assert.Equal("*3 $7 message $4 \0\r\n\u00ff $2 \r\n", subscriber.Read());
    }

    [Fact]
    public void PUBLISH_is_propagated_to_replicas_as_it_came()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.Run("PUBLISH a x\n-> :0\nSPUBLISH s y\n-> :0\nPUBLISH a\n-> -ERR wrong number of arguments for 'publish' command");
        Assert.Equal(["PUBLISH a x (replicas)", "SPUBLISH s y (replicas)"], server.Effects.Commands);
    }
}
