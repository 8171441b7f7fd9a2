namespace MiniRedis.Server.Tests.Commands.Sorting;

public sealed class SortCommandsTests : IDisposable
{
    readonly TestServer _server = new("enable-debug-command yes");
    readonly RawClient _client;

    public SortCommandsTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void Lists_sort_by_number_or_by_letters() => _client.Run(
        """
        RPUSH l 3 10 -1 2.5 " 7"
        -> :5
        SORT l
        -> *5 $2 -1 $3 2.5 $1 3 $2  7 $2 10
        SORT l DESC LIMIT 1 2
        -> *2 $2  7 $1 3
        SORT_RO l ASC LIMIT 0 1
        -> *1 $2 -1
        SORT l ALPHA
        -> *5 $2  7 $2 -1 $2 10 $3 2.5 $1 3
        SORT l LIMIT 9 9
        -> *0
        SORT l LIMIT -5 2
        -> *2 $2 -1 $3 2.5
        SORT l BY nosort
        -> *5 $1 3 $2 10 $2 -1 $3 2.5 $2  7
        SORT l BY nosort DESC LIMIT 1 2
        -> *2 $3 2.5 $2 -1
        RPUSH l word
        -> :6
        SORT l
        -> -ERR One or more scores can't be converted into double
        SORT none
        -> *0
        SET s v
        -> +OK
        SORT s
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        SORT l LIMIT 1
        -> -ERR syntax error
        SORT l LIMIT a 1
        -> -ERR value is not an integer or out of range
        SORT_RO l STORE x
        -> -ERR syntax error
        """);

    [Fact]
    public void Other_keys_say_what_to_sort_by_and_what_to_answer() => _client.Run(
        """
        RPUSH l a b c d
        -> :4
        MSET w_a 3 w_b 1 w_c 2 n_a alpha n_b beta n_c 17
        -> +OK
        SORT l BY w_*
        -> *4 $1 d $1 b $1 c $1 a
        SORT l BY w_* DESC LIMIT 0 2
        -> *2 $1 a $1 c
        SORT l BY n_* ALPHA
        -> *4 $1 d $1 c $1 a $1 b
        SORT l BY n_* DESC
        -> -ERR One or more scores can't be converted into double
        SORT l BY w_* GET n_* GET # GET fixed LIMIT 1 2
        -> *6 $4 beta $1 b $-1 $2 17 $1 c $-1
        SORT l BY w_* GET n_* STORE result
        -> :4
        LRANGE result 0 -1
        -> *4 $0  $4 beta $2 17 $5 alpha
        SORT l BY none GET n_* STORE l
        -> :4
        LRANGE l 0 -1
        -> *4 $5 alpha $4 beta $2 17 $0
        """);

    [Fact]
    public void A_sorted_set_keeps_its_order_where_nothing_is_to_be_sorted() => _client.Run(
        """
        ZADD z 1 c 2 a 3 b
        -> :3
        SORT z ALPHA
        -> *3 $1 a $1 b $1 c
        SORT z BY nosort
        -> *3 $1 c $1 a $1 b
        SORT z BY nosort DESC LIMIT 0 2
        -> *2 $1 b $1 a
        SORT z BY nosort LIMIT 1 1 GET #
        -> *1 $1 a
        """);

    [Fact]
    public void Sets_sort_and_fields_of_hashes_say_what_to_sort_by() => _client.Run(
        """
        SADD s 3 1 2
        -> :3
        SADD words b a c
        -> :3
        SORT s DESC
        -> *3 $1 3 $1 2 $1 1
        SORT words ALPHA
        -> *3 $1 a $1 b $1 c
        SORT words BY nosort STORE result
        -> :3
        LRANGE result 0 -1
        -> *3 $1 a $1 b $1 c
        HSET h_1 weight 30 name one
        -> :2
        HSET h_2 weight 10 name two
        -> :2
        SET h_3 string
        -> +OK
        SORT s BY h_*->weight GET # GET h_*->name GET h_*
        -> *9 $1 3 $-1 $6 string $1 2 $3 two $-1 $1 1 $3 one $-1
        SORT s BY h_*->none GET h_*->
        -> *3 $-1 $-1 $-1
        """);

    [Fact]
    public void The_result_is_stored_as_a_list()
    {
        _client.Run(
            """
            RPUSH l 2 1
            -> :2
            SET other v
            -> +OK
            SORT l STORE other
            -> :2
            LRANGE other 0 -1
            -> *2 $1 1 $1 2
            OBJECT ENCODING other
            -> $8 listpack
            TTL other
            -> :-1
            SORT none STORE other
            -> :0
            EXISTS other
            -> :0
            SORT none STORE other
            -> :0
            COMMAND GETKEYS SORT l BY a* STORE x LIMIT 0 1 STORE y
            -> *2 $1 l $1 y
            """);
        Assert.Equal(["RPUSH l 2 1", "SET other v", "SORT l STORE other", "SORT none STORE other"], _server.Effects.Commands);
        Assert.Equal(["new@0 l", "rpush@0 l", "new@0 other", "set@0 other", "sortstore@0 other", "keymiss@0 none", "del@0 other", "keymiss@0 none"],
            _server.Effects.Events.Where(e => e != "keymiss@0 other"));
    }

    [Fact]
    public void What_is_stored_wakes_who_waits_for_it()
    {
        using var waiter = _server.Connect();
        waiter.Send("BLPOP result 0");
        Await.Until(() => !_client.Call("INFO clients").Contains("blocked_clients:0", StringComparison.Ordinal));
        _client.Call("RPUSH l 2 1");
        _client.Call("SORT l STORE result");
        Assert.Equal("*2 $6 result $1 1", waiter.Read());
    }

    [RedisServerFact]
    public void Random_sorts_are_those_of_redis()
    {
        using var oracle = new RedisServerProcess();
        using var redis = oracle.Connect();
        var random = new Random(5);
        string[] options = ["", "ALPHA", "DESC", "ALPHA DESC", "BY w_*", "BY w_* ALPHA", "BY w_* DESC", "BY nosort", "BY nosort DESC", "GET # GET w_*"];
        for (var round = 0; round < 300; round++)
        {
            var setUp = new List<string> { "FLUSHALL" };
            var count = random.Next(1, 40);
            for (var i = 0; i < count; i++)
            {
                var element = random.Next(30);
                setUp.Add($"RPUSH l {element}");
                if (random.Next(3) > 0) setUp.Add($"SET w_{element} {random.Next(10)}");
            }
            var command = $"SORT l {options[random.Next(options.Length)]}";
            // With BY and a part of the range Redis sorts that part only, and equals come as it happens.
            if (!command.Contains("BY w", StringComparison.Ordinal) && random.Next(2) == 0) command += $" LIMIT {random.Next(-2, 20)} {random.Next(-2, 20)}";
            foreach (var line in setUp) Assert.Equal(redis.Call(line), _client.Call(line));
            Assert.Equal($"{command}: {redis.Call(command)}", $"{command}: {_client.Call(command)}");
        }
    }
}
