namespace MiniRedis.Server.Tests.Commands.Scripting;

/// <summary>FUNCTION and FCALL.</summary>
public sealed class ScriptingCommandsFunctionTests : ServerTests
{
    const string Counter = """
        #!lua name=counter
        local calls = 0
        local function count(keys, args)
          calls = calls + 1
          return {calls, keys[1], args[1]}
        end
        redis.register_function('count', count)
        redis.register_function{
          function_name = 'read', description = 'reads', flags = {'no-writes'},
          callback = function(keys) return redis.call('get', keys[1]) end,
        }
        """;

    string Load(string code, params string[] options) => _client.CallWords(["FUNCTION", "LOAD", .. options, code]);

    [Fact]
    public void Functions_are_called_by_name_in_any_case_and_keep_state()
    {
        Assert.Equal("$7 counter", Load(Counter));
        Assert.Equal("*3 :1 $1 k $1 a", _client.Call("FCALL count 1 k a"));
        Assert.Equal("*3 :2 $1 k $1 b", _client.Call("FCALL COUNT 1 k b"));
        _client.Call("SET k v");
        Assert.Equal("$1 v", _client.Call("FCALL_RO read 1 k"));
        Assert.Equal("-ERR Can not execute a script with write flag using *_ro command.", _client.Call("FCALL_RO count 0"));
        Assert.Equal("-ERR Function not found", _client.Call("FCALL nosuch 0"));
        Assert.Equal("-ERR Bad number of keys provided", _client.Call("FCALL count x"));
        Assert.Equal("-ERR Number of keys can't be greater than number of args", _client.Call("FCALL count 1"));
        Assert.Equal("-ERR Number of keys can't be negative", _client.Call("FCALL count -1"));
    }

    [Fact]
    public void State_survives_collections_of_the_machine()
    {
        Load("""
            #!lua name=keeper
            local kept = {}
            redis.register_function('put', function(keys, args) kept[#kept + 1] = args[1] .. 'x' return #kept end)
            redis.register_function('waste', function() local t = {} for i = 1, 50000 do t[i] = i .. 'waste' end return #t end)
            redis.register_function('all', function() return table.concat(kept, ',') end)
            """);
        for (var i = 1; i <= 5; i++)
        {
            Assert.Equal($":{i}", _client.Call($"FCALL put 0 v{i}"));
            Assert.Equal(":50000", _client.Call("FCALL waste 0"));
        }
        Assert.Equal("$19 v1x,v2x,v3x,v4x,v5x", _client.Call("FCALL all 0"));
    }

    [Fact]
    public void List_and_stats_show_what_is_loaded()
    {
        Load(Counter);
        var code = Counter;
        Assert.Equal(
            "*1 *8 $12 library_name $7 counter $6 engine $3 LUA $9 functions *2 "
            + "*6 $4 name $5 count $11 description $-1 $5 flags *0 "
            + "*6 $4 name $4 read $11 description $5 reads $5 flags *1 +no-writes "
            + $"$12 library_code ${code.Length} {code}",
            _client.Call("FUNCTION LIST WITHCODE"));
        Assert.Equal("*0", _client.Call("FUNCTION LIST LIBRARYNAME other*"));
        Assert.StartsWith("*1 ", _client.Call("FUNCTION LIST LIBRARYNAME COUNT*"));
        Assert.Equal("-ERR library name argument was not given", _client.Call("FUNCTION LIST LIBRARYNAME"));
        Assert.Equal("-ERR Unknown argument x", _client.Call("FUNCTION LIST x"));
        Assert.Equal(
            "*4 $14 running_script $-1 $7 engines *2 $3 LUA *4 $15 libraries_count :1 $15 functions_count :2", _client.Call("FUNCTION STATS"));
        var info = _client.Call("INFO memory");
        Assert.Contains("number_of_functions:2\r\nnumber_of_libraries:1\r", info, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("return 1", "-ERR Missing library metadata")]
    [InlineData("#!lua name=x", "-ERR Invalid library metadata")]
    [InlineData("#!lua\nreturn", "-ERR Library name was not given")]
    [InlineData("#!lua name=a name=b\nreturn", "-ERR Invalid metadata value, name argument was given multiple times")]
    [InlineData("#!lua name=a flags=b\nreturn", "-ERR Invalid metadata value given: flags=b")]
    [InlineData("#!lua name=a-b\nreturn", "-ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long")]
    [InlineData("#!foo name=a\nreturn", "-ERR Engine 'foo' not found")]
    [InlineData("#!lua name=a\nreturn", "-ERR No functions registered")]
    [InlineData("#!lua name=a\nx", "-ERR Error compiling function: user_function:2: '=' expected near '<eof>'")]
    [InlineData("#!lua name=a\nredis.call('ping')",
        "-ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'")]
    [InlineData("#!lua name=a\nlocal x = math.pi",
        "-ERR Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'math'")]
    [InlineData("#!lua name=a\nx = 1", "-ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table")]
    [InlineData("#!lua name=a\nredis.register_function()", "-ERR Error registering functions: ERR wrong number of arguments to redis.register_function")]
    [InlineData("#!lua name=a\nredis.register_function('f', 1)",
        "-ERR Error registering functions: ERR second argument to redis.register_function must be a function")]
    [InlineData("#!lua name=a\nredis.register_function{callback=function() end}",
        "-ERR Error registering functions: ERR redis.register_function must get a function name argument")]
    [InlineData("#!lua name=a\nredis.register_function{function_name='f'}",
        "-ERR Error registering functions: ERR redis.register_function must get a callback argument")]
    [InlineData("#!lua name=a\nredis.register_function{function_name='f', callback=function() end, flags={'x'}}",
        "-ERR Error registering functions: ERR unknown flag given")]
    [InlineData("#!lua name=a\nredis.register_function{function_name='f', callback=function() end, x=1}",
        "-ERR Error registering functions: ERR unknown argument given to redis.register_function")]
    [InlineData("#!lua name=a\nredis.register_function('f', function() end) redis.register_function('f', function() end)",
        "-ERR Error registering functions: ERR Function already exists in the library")]
    [InlineData("#!lua name=a\nredis.register_function('f-g', function() end)",
        "-ERR Error registering functions: ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long")]
    public void A_library_that_does_not_load_changes_nothing(string code, string error)
    {
        Load(Counter);
        Assert.Equal(error, Load(code));
        // A list ends at its first nil: there is no key.
        Assert.Equal("*1 :1", _client.Call("FCALL count 0"));
        Assert.Contains("number_of_libraries:1\r", _client.Call("INFO memory"), StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_libraries_and_functions_are_taken_once()
    {
        Load(Counter);
        Assert.Equal("-ERR Library 'counter' already exists", Load(Counter));
        Assert.Equal("$7 counter", Load(Counter, "REPLACE"));
        Assert.Equal("-ERR Function count already exists", Load("#!lua name=other\nredis.register_function('count', function() return 1 end)"));
        Assert.Equal("-ERR Unknown option given: x", Load(Counter, "x"));
        Assert.Equal("+OK", _client.Call("FUNCTION DELETE counter"));
        Assert.Equal("-ERR Library not found", _client.Call("FUNCTION DELETE counter"));
        Assert.Equal("-ERR Function not found", _client.Call("FCALL count 0"));
    }

    [Fact]
    public void An_error_in_a_function_names_it_and_the_line()
    {
        Load("#!lua name=a\nredis.register_function('bad', function() return redis.call('nosuch') end)");
        Assert.Equal("-ERR Unknown Redis command called from script script: bad, on @user_function:2.", _client.Call("FCALL bad 0"));
        Load("#!lua name=b\nlocal register = redis.register_function\nredis.register_function('late', function() register('x', print) end)");
        Assert.Equal(
            "-ERR user_function:3: Script attempted to access nonexistent global variable 'print' script: late, on @user_function:3.",
            _client.Call("FCALL late 0"));
        Load("#!lua name=c\nlocal register = redis.register_function\nredis.register_function('later', function() register('x', register) end)");
        Assert.Equal(
            "-ERR redis.register_function can only be called on FUNCTION LOAD command script: later, on @user_function:3.",
            _client.Call("FCALL later 0"));
    }

    [Fact]
    public void A_library_without_end_is_given_up()
    {
        using var watcher = new Timer(_ => _server.Time.Advance(TimeSpan.FromSeconds(1)), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(10));
        Assert.Equal("-ERR Error registering functions: ERR FUNCTION LOAD timeout", Load("#!lua name=a\nwhile true do end"));
    }

    [Fact]
    public void Dump_and_restore_carry_libraries_over()
    {
        Load(Counter);
        var payload = _client.Call("FUNCTION DUMP");
        payload = payload[(payload.IndexOf(' ', StringComparison.Ordinal) + 1)..];
        string Restore(params string[] policy) => _client.CallWords(["FUNCTION", "RESTORE", payload, .. policy]);

        Assert.Equal("-ERR Library counter already exists", Restore());
        Assert.Equal("+OK", Restore("REPLACE"));
        Load("#!lua name=other\nredis.register_function('other', function() return 1 end)");
        Assert.Equal("+OK", Restore("FLUSH"));
        Assert.Equal("-ERR Function not found", _client.Call("FCALL other 0"));
        Assert.Equal("+OK", _client.Call("FUNCTION FLUSH SYNC"));
        Load("#!lua name=other\nredis.register_function('count', function() return 1 end)");
        Assert.Equal("-ERR Function count already exists", Restore());
        Assert.Equal(":1", _client.Call("FCALL count 0"));
        Assert.Equal(
            "-ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.", Restore("MERGE"));
        Assert.Equal("-ERR DUMP payload version or checksum are wrong", _client.CallWords("FUNCTION", "RESTORE", payload[..^1] + "x"));
        _client.Call("SET k v");
        var value = _client.Call("DUMP k");
        Assert.Equal(
            "-ERR given type is not a function", _client.CallWords("FUNCTION", "RESTORE", value[(value.IndexOf(' ', StringComparison.Ordinal) + 1)..]));
        _client.Call("FUNCTION FLUSH");
        Assert.Equal("$10 \n\0", _client.Call("FUNCTION DUMP")[..6]);
        Assert.Equal("-ERR FUNCTION FLUSH only supports SYNC|ASYNC option", _client.Call("FUNCTION FLUSH LATER"));
    }
}
