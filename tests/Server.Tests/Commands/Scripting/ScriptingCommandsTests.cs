namespace MiniRedis.Server.Tests.Commands.Scripting;

/// <summary>EVAL and its kin, and what scripts find in the table "redis".</summary>
public sealed class ScriptingCommandsTests : ServerTests
{
    string Eval(string script, params string[] keysAndArguments) =>
        _client.CallWords(["EVAL", script, .. keysAndArguments.Length == 0 ? ["0"] : keysAndArguments]);

    [Theory]
    [InlineData("return 1", ":1")]
    [InlineData("return 'hello'", "$5 hello")]
    [InlineData("return 3.99", ":3")]
    [InlineData("return -3.99", ":-3")]
    [InlineData("return 2^70", ":-9223372036854775808")]
    [InlineData("return true", ":1")]
    [InlineData("return false", "$-1")]
    [InlineData("return nil", "$-1")]
    [InlineData("return", "$-1")]
    [InlineData("return print", "-ERR user_script:1: Script attempted to access nonexistent global variable 'print' script: "
        + "ebf27dd2c1c2e76c21a8b4bc8da8e0bf73b3d2c4, on @user_script:1.")]
    [InlineData("return {1, 'two', {3, 4}, nil, 5}", "*3 :1 $3 two *2 :3 :4")]
    [InlineData("return {}", "*0")]
    [InlineData("return {ok='fine'}", "+fine")]
    [InlineData("return {ok='two\\r\\nlines'}", "+two  lines")]
    [InlineData("return {err='MY error'}", "-MY error")]
    [InlineData("return {double=3.5}", "$3 3.5")]
    [InlineData("return {map={a=1}}", "*2 $1 a :1")]
    [InlineData("return {set={a=true}}", "*1 $1 a")]
    [InlineData("return {big_number='123456789012345678901234567890'}", "$30 123456789012345678901234567890")]
    [InlineData("return {verbatim_string={format='txt', string='abc'}}", "$3 abc")]
    [InlineData("return redis.status_reply('FINE')", "+FINE")]
    [InlineData("return redis.error_reply('My Err')", "-My Err")]
    [InlineData("return redis.error_reply('-My Err')", "-My Err")]
    [InlineData("return redis.error_reply('MyErr')", "-ERR MyErr")]
    [InlineData("return {err='MY text\\0cut'}", "-MY text")]
    [InlineData("return {ok='a\\r\\nb\\0c'}", "+a  b")]
    [InlineData("return redis.error_reply()", "-ERR wrong number or type of arguments")]
    [InlineData("return redis.sha1hex('')", "$40 da39a3ee5e6b4b0d3255bfef95601890afd80709")]
    [InlineData("return redis.REDIS_VERSION_NUM", ":459776")]
    [InlineData("return server.REDIS_VERSION", "$5 7.4.0")]
    [InlineData("return redis.breakpoint()", "$-1")]
    [InlineData("return redis.replicate_commands()", ":1")]
    [InlineData("return {redis.acl_check_cmd('get', 'x')}", "*1 :1")]
    public void Values_become_replies(string script, string reply)
    {
        var actual = Eval(script);
        // The digest in an error is that of the script, which the line above need not repeat.
        if (reply.Contains(" script: ", StringComparison.Ordinal)) Assert.StartsWith(reply[..reply.IndexOf(" script: ", StringComparison.Ordinal)], actual);
        else Assert.Equal(reply, actual);
    }

    [Theory]
    [InlineData("return true", "#t")]
    [InlineData("return {double=3.5}", ",3.5")]
    [InlineData("return {big_number='1\\0\\r\\n2'}", "(1\0  2")]
    [InlineData("return {map={a=1}}", "%1 $1 a :1")]
    [InlineData("return {set={a=true}}", "~1 $1 a")]
    [InlineData("return {big_number='12'}", "(12")]
    [InlineData("return {verbatim_string={format='txt', string='abc'}}", "=7 txt:abc")]
    [InlineData("return redis.call('hgetall', 'h')", "%1 $1 f $1 v")]
    [InlineData("return redis.call('smembers', 's')", "~1 $1 m")]
    [InlineData("return redis.call('zscore', 'z', 'm')", ",1.5")]
    [InlineData("return type(redis.call('get', 'none'))", "$3 nil")]
    [InlineData("return redis.call('hgetall', 'h').map.f", "$1 v")]
    [InlineData("return redis.call('zscore', 'z', 'm').double * 2", ":3")]
    public void In_resp3_replies_have_kinds(string script, string reply)
    {
        using var client = _server.Connect(3);
        client.Call("HSET h f v");
        client.Call("SADD s m");
        client.Call("ZADD z 1.5 m");
        Assert.Equal(reply, client.CallWords("EVAL", "redis.setresp(3) " + script, "0"));
    }

    [Fact]
    public void Replies_in_resp2_are_lists_and_false()
    {
        _client.Call("HSET h f v");
        Assert.Equal("*2 $1 f $1 v", Eval("return redis.call('hgetall', 'h')"));
        Assert.Equal("$7 boolean", Eval("return type(redis.call('get', 'none'))"));
        Assert.Equal("$2 OK", Eval("return redis.call('set', 'k', 'v').ok"));
    }

    [Fact]
    public void Keys_and_arguments_are_globals()
    {
        Assert.Equal("*4 :2 :1 $2 k2 $1 a", Eval("return {#KEYS, #ARGV, KEYS[2], ARGV[1]}", "2", "k1", "k2", "a"));
        Assert.Equal("-ERR Number of keys can't be greater than number of args", Eval("return 1", "2", "k1"));
        Assert.Equal("-ERR Number of keys can't be negative", Eval("return 1", "-1"));
        Assert.Equal("-ERR value is not an integer or out of range", Eval("return 1", "x"));
    }

    [Theory]
    [InlineData("10/2", "5")]
    [InlineData("2^53", "9007199254740992")]
    [InlineData("0.1", "0.1")]
    [InlineData("1e-5", "0.00001")]
    [InlineData("1/3", "0.3333333333333333")]
    [InlineData("1e17", "100000000000000000")]
    [InlineData("1234567890123456789", "1234567890123456768")]
    [InlineData("-2^63", "-9223372036854776000")]
    [InlineData("1e21", "1e+21")]
    [InlineData("3.0", "3")]
    [InlineData("-0.0", "0")]
    [InlineData("1/0", "inf")]
    [InlineData("0/0", "-nan")]
    public void Numbers_are_passed_to_commands_without_loss(string number, string text)
    {
        Assert.Equal($"${text.Length} {text}", Eval($"return redis.call('echo', {number})"));
    }

    [Fact]
    public void A_command_that_fails_ends_the_script_unless_it_is_called_with_pcall()
    {
        _client.Call("SET s text");
        Assert.StartsWith(
            "-WRONGTYPE Operation against a key holding the wrong kind of value script: ",
            Eval("redis.call('set', 'before', '1') redis.call('lpush', 's', 'x') redis.call('set', 'after', '1')"));
        Assert.Equal("*2 $1 1 $-1", _client.Call("MGET before after"));
        Assert.Equal("-WRONGTYPE Operation against a key holding the wrong kind of value", Eval("return redis.pcall('lpush', 's', 'x')"));
        Assert.Equal(
            "*2 $-1 $65 WRONGTYPE Operation against a key holding the wrong kind of value",
            Eval("local ok, e = pcall(redis.call, 'lpush', 's', 'x') return {ok or false, e}"));
    }

    [Theory]
    [InlineData("redis.call()", "ERR Please specify at least one argument for this redis lib call")]
    [InlineData("redis.call('nosuch')", "ERR Unknown Redis command called from script")]
    [InlineData("redis.call('get')", "ERR Wrong number of args calling Redis command from script")]
    [InlineData("redis.call('subscribe', 'c')", "ERR This Redis command is not allowed from script")]
    [InlineData("redis.call('eval', 'return 1', '0')", "ERR This Redis command is not allowed from script")]
    [InlineData("redis.call('set', 'k', {})", "ERR Lua redis lib command arguments must be strings or integers")]
    [InlineData("redis.log(1)", "ERR redis.log() requires two arguments or more.")]
    [InlineData("redis.log('x', 'y')", "ERR First argument must be a number (log level).")]
    [InlineData("redis.log(9, 'y')", "ERR Invalid log level.")]
    [InlineData("redis.setresp(4)", "ERR RESP version must be 2 or 3.")]
    [InlineData("redis.set_repl()", "ERR redis.set_repl() requires one argument.")]
    [InlineData("redis.set_repl(8)", "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.")]
    [InlineData("redis.acl_check_cmd('nosuch')", "ERR Invalid command passed to redis.acl_check_cmd()")]
    [InlineData("x = 1", "ERR user_script:2: Attempt to modify a readonly table")]
    [InlineData("redis.x = 1", "ERR user_script:2: Attempt to modify a readonly table")]
    [InlineData("string.x = 1", "ERR user_script:2: Attempt to modify a readonly table")]
    [InlineData("setmetatable(_G, {})", "ERR Attempt to modify a readonly table")]
    [InlineData("error('mine')", "ERR user_script:2: mine")]
    [InlineData("error({err='MY own'})", "MY own")]
    [InlineData("error({err=5})", "5")]
    [InlineData("error({err='MY own\\0cut'})", "MY own")]
    [InlineData("error({code=5})", "ERR unknown error")]
    [InlineData("redis.call('object')", "ERR Wrong number of args calling Redis command from script")]
    [InlineData("redis.call('object', 'nosuch')", "ERR Unknown Redis command called from script")]
    [InlineData("redis.call('select', 2^53)", "ERR value is out of range, value must between -2147483648 and 2147483647")]
    [InlineData("local t = nil; t.x = 1", "ERR user_script:2: attempt to index local 't' (a nil value)")]
    public void An_error_names_the_script_and_the_line(string line, string error)
    {
        var reply = Eval("\n" + line);
        Assert.StartsWith($"-{error} script: ", reply);
        Assert.EndsWith(", on @user_script:2.", reply);
    }

    [Fact]
    public void Only_a_shebang_begins_with_a_number_sign()
    {
        Assert.Equal("-ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'", Eval("#x\nreturn 1"));
        Assert.Equal("$46 [string \"#x...\"]:1: unexpected symbol near '#'", Eval("return select(2, loadstring('#x\\nreturn 1'))"));
    }

    [Fact]
    public void A_script_is_found_by_its_digest_in_any_case()
    {
        Assert.Equal("-NOSCRIPT No matching script. Please use EVAL.", _client.Call("EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0"));
        Assert.Equal("$40 e0e1f9fabfc9d4800c877a703b823ac0578ff8db", _client.CallWords("SCRIPT", "LOAD", "return 1"));
        Assert.Equal(":1", _client.Call("EVALSHA E0E1F9FABFC9D4800C877A703B823AC0578FF8DB 0"));
        Assert.Equal("$8 return 1", _client.Call("SCRIPT SHOW e0e1f9fabfc9d4800c877a703b823ac0578ff8db"));
        Assert.Equal("+OK", _client.Call("SCRIPT FLUSH ASYNC"));
        Assert.Equal("*1 :0", _client.Call("SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db"));
        Assert.Equal("-ERR SCRIPT FLUSH only support SYNC|ASYNC option", _client.Call("SCRIPT FLUSH LATER"));
        Assert.Equal("-NOTBUSY No scripts in execution right now.", _client.Call("SCRIPT KILL"));
        Assert.StartsWith(
            "-ERR Error compiling script (new function): user_script:1: '=' expected near 'is'", _client.CallWords("SCRIPT", "LOAD", "this is not Lua"));
    }

    [Theory]
    [InlineData("#!lua flags=no-writes\nreturn redis.call('set', 'k', 'v')", "-ERR Write commands are not allowed from read-only scripts.")]
    [InlineData("#!lua flags=no-writes,allow-oom\nreturn 1", ":1")]
    [InlineData("#!lua\nreturn redis.call('set', 'k', 'v')", "+OK")]
    [InlineData("#!lua", "-ERR Invalid script shebang")]
    [InlineData("#!python\nreturn 1", "-ERR Unexpected engine in script shebang: #!python")]
    [InlineData("#!lua name=x\nreturn 1", "-ERR Unknown lua shebang option: name=x")]
    [InlineData("#!lua flags=fast\nreturn 1", "-ERR Unexpected flag in script shebang: fast")]
    public void The_first_line_says_what_a_script_may(string script, string reply) => Assert.StartsWith(reply, Eval(script));

    [Fact]
    public void The_read_only_commands_refuse_writes()
    {
        Assert.StartsWith(
            "-ERR Write commands are not allowed from read-only scripts.", _client.CallWords("EVAL_RO", "return redis.call('set', 'k', 'v')", "0"));
        Assert.Equal("$-1", _client.CallWords("EVAL_RO", "return redis.call('get', 'k')", "1", "k"));
        Assert.Equal("-ERR Can not execute a script with write flag using *_ro command.", _client.CallWords("EVAL_RO", "#!lua\nreturn 1", "0"));
        var sha = _client.CallWords("SCRIPT", "LOAD", "return redis.call('incr', 'k')").Split(' ')[1];
        Assert.StartsWith("-ERR Write commands are not allowed from read-only scripts.", _client.Call($"EVALSHA_RO {sha} 0"));
    }

    [Fact]
    public void Blocking_commands_do_not_block()
    {
        Assert.Equal("$-1", Eval("return redis.call('blpop', 'none', 0)"));
        Assert.Equal("$-1", Eval("return redis.call('xread', 'BLOCK', '0', 'STREAMS', 'none', '$')"));
    }

    [Fact]
    public void Select_counts_for_the_script_alone()
    {
        Assert.Equal("+OK", Eval("redis.call('select', 5) return redis.call('set', 'k', 'five')"));
        Assert.Equal("$-1", _client.Call("GET k"));
        _client.Call("SELECT 5");
        Assert.Equal("$4 five", _client.Call("GET k"));
    }

    [Fact]
    public void Time_stands_still_in_a_script()
    {
        Assert.Equal(
            ":1", Eval("local a = redis.call('time') for i = 1, 1000000 do end local b = redis.call('time') return a[1] == b[1] and a[2] == b[2]"));
    }

    [Fact]
    public void A_script_runs_in_a_transaction()
    {
        _client.Call("MULTI");
        _client.CallWords("EVAL", "return redis.call('incr', KEYS[1])", "1", "n");
        _client.CallWords("EVAL", "return redis.call('nosuch')", "0");
        _client.Call("INCR n");
        Assert.Matches(@"^\*3 :1 -ERR Unknown Redis command called from script script: \S+, on @user_script:1\. :2$", _client.Call("EXEC"));
    }

    [Fact]
    public void The_keys_of_a_script_are_known()
    {
        Assert.Equal("*2 $1 a $1 b", _client.CallWords("COMMAND", "GETKEYS", "EVAL", "return 1", "2", "a", "b", "c"));
        Assert.Equal("*0", _client.CallWords("COMMAND", "GETKEYS", "EVAL", "return 1", "0"));
    }

    [Fact]
    public void Monitors_see_the_script_before_its_commands()
    {
        using var monitor = _server.Connect();
        monitor.Call("MONITOR");
        Eval("redis.call('set', 'k', 'v')");
        Assert.Contains("\"EVAL\" \"redis.call('set', 'k', 'v')\" \"0\"", monitor.Read(), StringComparison.Ordinal);
        Assert.Matches(@" \[0 lua\] ""set"" ""k"" ""v""$", monitor.Read());
    }

    [Fact]
    public void What_a_script_reads_is_cached_for_its_caller()
    {
        using var client = _server.Connect(3);
        client.Call("CLIENT TRACKING ON");
        client.CallWords("EVAL", "return redis.call('get', KEYS[1])", "1", "k");
        _client.Call("SET k v");
        Assert.Equal(">2 $10 invalidate *1 $1 k", client.Read());
    }

    [Fact]
    public void Failures_are_counted_once()
    {
        Eval("return redis.call('lpush')");
        Eval("redis.pcall('lpush') return 1");
        _client.Call("SET s x");
        Eval("return redis.pcall('lpush', 's', 'x')");
        Eval("redis.pcall('lpush', 's', 'x') return 1");
        var info = _client.Call("INFO commandstats");
        Assert.Matches(@"cmdstat_eval:calls=4,\S*,rejected_calls=0,failed_calls=2\r", info);
        Assert.Matches(@"cmdstat_lpush:calls=2,\S*,rejected_calls=2,failed_calls=2\r", info);
        Assert.Contains("total_error_replies:4\r", _client.Call("INFO stats"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_container_without_its_subcommand_counts_as_rejected()
    {
        Eval("redis.call('object')");
        Assert.Matches(@"cmdstat_object:calls=0,\S*,rejected_calls=1,failed_calls=0\r", _client.Call("INFO commandstats"));
    }

    [Fact]
    public void The_code_of_an_error_ends_at_a_line_end_too()
    {
        Eval("return {err='CODE\\r\\ntext'}");
        Assert.Contains("errorstat_CODE:count=1", _client.Call("INFO errorstats"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_within_itself_ends_with_an_error()
    {
        Assert.EndsWith("-ERR reached lua stack limit", Eval("local t = {} t[1] = t return t"));
        Assert.Equal("+PONG", _client.Call("PING"));
    }

    [Fact]
    public void A_script_that_takes_too_much_memory_fails_by_itself()
    {
        _client.Call("CONFIG SET script-memory-limit 2mb");
        _client.Call("SCRIPT FLUSH");
        Assert.Contains("not enough memory", Eval("local t = {} for i = 1, 1e9 do t[i] = i .. 'x' end"), StringComparison.Ordinal);
        Assert.Equal(":1", Eval("return 1"));
    }

    [Fact]
    public void Beyond_maxmemory_a_script_is_refused_as_it_says_of_itself()
    {
        const string Oom = "-OOM command not allowed when used memory > 'maxmemory'.";
        _client.Call("SET k v");
        _client.Call("MULTI");
        _client.CallWords("EVAL", "#!lua\nreturn 1", "0");
        using (var other = _server.Connect()) other.Call("CONFIG SET maxmemory 1");
        Assert.Equal("-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.", _client.Call("EXEC"));
        Assert.Equal(Oom, Eval("#!lua\nreturn 1"));
        Assert.Equal(":1", Eval("#!lua flags=allow-oom\nreturn 1"));
        Assert.Equal("$1 v", Eval("#!lua flags=no-writes\nreturn redis.call('get', 'k')"));
        Assert.Equal("+OK", Eval("#!lua flags=allow-oom\nreturn redis.call('set', 'k', 'w')"));
        // One that says nothing is refused where it takes memory first; once it has changed something it goes on.
        Assert.Equal(":1", Eval("return 1"));
        Assert.StartsWith(Oom + " script: ", Eval("return redis.call('set', 'k', 'x')"));
        Assert.Equal("+OK", Eval("redis.call('del', 'none') return redis.call('set', 'k', 'y')"));
    }

    [Fact]
    public void Commands_that_would_wait_answer_at_once()
    {
        Assert.Equal("*2 :0 :0", Eval("return redis.call('waitaof', 0, 1, 0)"));
        Assert.Equal(":0", Eval("return redis.call('wait', 1, 0)"));
        Assert.Equal("$-1", Eval("return redis.call('blpop', 'none', 0)"));
    }

    [Fact]
    public void A_script_sees_a_set_in_order_where_a_client_sees_it_as_it_lies()
    {
        _client.Call("SADD s b a c aaa z aa");
        Assert.Equal("*6 $1 a $2 aa $3 aaa $1 b $1 c $1 z", Eval("return redis.call('sort', 's', 'by', '_')"));
        Assert.Equal("*2 $1 c $1 b", Eval("return redis.call('sort', 's', 'by', '_', 'desc', 'limit', 1, 2)"));
        Assert.Equal("*3 $3 ccc $3 bbb $3 aaa", Eval("redis.call('rpush', 'l', 'aaa', 'bbb', 'ccc') return redis.call('sort', 'l', 'by', '_', 'desc')"));
    }

    [Fact]
    public void A_reply_that_a_script_could_not_hold_is_an_error()
    {
        _client.Call("CONFIG SET script-memory-limit 1mb");
        _client.Call("SCRIPT FLUSH");
        _client.Call($"SET big {new string('x', 2_000_000)}");
        Assert.StartsWith("-ERR not enough memory for the reply of the command", Eval("return redis.call('get', 'big')"));
        Assert.Equal(":2000000", Eval("return redis.call('strlen', 'big')"));
        Assert.Equal(":1", Eval("local ok = pcall(redis.call, 'get', 'big') return ok and 0 or 1"));
    }

    [Fact]
    public void A_command_goes_on_when_its_reply_fills_the_script()
    {
        _client.Call("CONFIG SET script-memory-limit 1mb");
        _client.Call("SCRIPT FLUSH");
        Assert.Equal("+OK", Eval("for i = 1, 50000 do redis.call('rpush', 'list', 'element ' .. i) end return redis.status_reply('OK')"));
        Assert.Contains("not enough memory", Eval("return redis.call('lpop', 'list', 50000)"));
        Assert.Equal(":0", _client.Call("EXISTS list"));
        Assert.Equal("$1 v", Eval("redis.call('set', 'k', 'v') return redis.call('get', 'k')"));
    }

    [Fact]
    public void A_pause_of_writes_spares_scripts_that_only_read()
    {
        _client.Call("CLIENT PAUSE 100000 WRITE");
        Assert.Equal(":1", Eval("#!lua flags=no-writes\nreturn 1"));
        Assert.Equal(":1", _client.CallWords("EVAL_RO", "return 1", "0"));
        using var held = _server.Connect();
        held.SendRaw(RawClient.Encode("EVAL", "return 2", "0"));
        _server.TickUntil(() => _server.Server.Clients.All.Any(client => client.IsHeld));
        _client.Call("CLIENT UNPAUSE");
        Assert.Equal(":2", held.Read());
    }

    [Fact]
    public void Deprecated_functions_are_there_if_the_configuration_says_so()
    {
        Assert.Contains("nonexistent global variable 'setfenv'", Eval("return setfenv(1, {})"), StringComparison.Ordinal);
        using var server = new TestServer("lua-enable-deprecated-api yes");
        using var client = server.Connect();
        Assert.Equal("$5 named", client.CallWords("EVAL", "local r = redis setfenv(1, {name = 'named'}) return name", "0"));
        Assert.Equal("$3 lib", client.CallWords("FUNCTION", "LOAD", """
            #!lua name=lib
            local function look() return seen end
            redis.register_function('change', function(keys) setfenv(look, {seen = keys[1]}) return 1 end)
            redis.register_function('look', function() return look() end)
            """));
        Assert.Equal(":1", client.Call("FCALL change 1 first"));
        Assert.Equal("$5 first", client.Call("FCALL look 0"));
    }
}
