namespace MiniRedis.Server.Tests.Commands.Acl;

public sealed class AclCommandsTests : ServerTests
{
    const string AclOfDefault = "user default on nopass sanitize-payload ~* &* +@all";

    /// <summary>A client that is another user.</summary>
    RawClient As(string rules)
    {
        Assert.Equal("+OK", _client.Call($"ACL SETUSER someone reset on nopass {rules}"));
        var client = _server.Connect();
        Assert.Equal("+OK", client.Call("AUTH someone x"));
        return client;
    }

    [Fact]
    public void A_new_server_has_one_user_who_may_do_everything()
    {
        _client.Run($"""
            ACL WHOAMI
            -> $7 default
            ACL USERS
            -> *1 $7 default
            ACL LIST
            -> *1 ${AclOfDefault.Length} {AclOfDefault}
            ACL GETUSER nobody
            -> $-1
            """);
        Assert.Equal(
            "*14 $5 flags *3 $2 on $6 nopass $16 sanitize-payload $9 passwords *0 $8 commands $5 +@all $4 keys $2 ~* $8 channels $2 &* "
            + "$9 databases $6 alldbs $9 selectors *0",
            _client.Call("ACL GETUSER default"));
    }

    [Fact]
    public void Getuser_shows_selectors_as_maps()
    {
        _client.Call("HELLO 3");
        _client.Call("ACL SETUSER u on +get ~a (+set %R~b &c db=2)");
        Assert.Equal(
            "%7 $5 flags ~2 $2 on $16 sanitize-payload $9 passwords *0 $8 commands $10 -@all +get $4 keys $2 ~a $8 channels $0  "
            + "$9 databases $6 alldbs $9 selectors *1 %4 $8 commands $10 -@all +set $4 keys $4 %R~b $8 channels $2 &c $9 databases $4 db=2",
            _client.Call("ACL GETUSER u"));
    }

    [Theory]
    [InlineData("ACL SETUSER 'a b' on", "-ERR Usernames can't contain spaces or null characters")]
    [InlineData("ACL SETUSER u +nothing", "-ERR Error in ACL SETUSER modifier '+nothing': Unknown command or category name in ACL")]
    [InlineData("ACL SETUSER u on (+get ~a", "-ERR Unmatched parenthesis in acl selector starting at '(+get'.")]
    [InlineData("ACL SETUSER", "-ERR wrong number of arguments for 'acl|setuser' command")]
    [InlineData("ACL DELUSER nobody default", "-ERR The 'default' user cannot be removed")]
    [InlineData("ACL CAT nothing", "-ERR Unknown category 'nothing'")]
    [InlineData("ACL CAT read write", "-ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.")]
    [InlineData("ACL GENPASS 0", "-ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096")]
    [InlineData("ACL GENPASS 4097", "-ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096")]
    [InlineData("ACL GENPASS x", "-ERR value is not an integer or out of range")]
    [InlineData("ACL LOG x", "-ERR value is not an integer or out of range")]
    [InlineData("ACL LOG -1", "*0")]
    [InlineData("ACL DRYRUN nobody GET k", "-ERR User 'nobody' not found")]
    [InlineData("ACL DRYRUN default NOTHING k", "-ERR Command 'NOTHING' not found")]
    [InlineData("ACL DRYRUN default GET", "-ERR wrong number of arguments for 'get' command")]
    [InlineData("ACL DRYRUN default CONFIG", "-ERR wrong number of arguments for 'config' command")]
    [InlineData("ACL DRYRUN default GET k", "+OK")]
    [InlineData("ACL LOAD", "-ERR This instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a configuration file set) in order to store users in the configuration.")]
    [InlineData("ACL nothing", "-ERR unknown subcommand 'nothing'. Try ACL HELP.")]
    public void Bad_arguments_are_refused(string command, string reply)
    {
        Assert.Equal(reply, _client.Call(command));
        Assert.Equal("*1 $7 default", _client.Call("ACL USERS"));
    }

    [Fact]
    public void Cat_lists_categories_and_their_commands()
    {
        Assert.StartsWith("*22 $8 keyspace $4 read ", _client.Call("ACL CAT"), StringComparison.Ordinal);
        var scripting = _client.Call("ACL CAT Scripting");
        Assert.Contains("$4 eval ", scripting, StringComparison.Ordinal);
        Assert.Contains("$13 function|list", scripting, StringComparison.Ordinal);
        Assert.DoesNotContain("$3 get", scripting, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ACL GENPASS", 64)]
    [InlineData("ACL GENPASS 5", 2)]
    [InlineData("ACL GENPASS 4096", 1024)]
    public void Genpass_makes_up_hexadecimal_digits(string command, int digits)
    {
        var (first, second) = (_client.Call(command), _client.Call(command));
        Assert.Matches($"^\\${digits} [0-9a-f]{{{digits}}}$", first);
        if (digits > 2) Assert.NotEqual(first, second);
    }

    [Fact]
    public void Passwords_decide_who_one_may_be()
    {
        _client.Run("""
            ACL SETUSER alice on >one >two +@all ~*
            -> +OK
            ACL SETUSER bob >three
            -> +OK
            AUTH alice three
            -> -WRONGPASS invalid username-password pair or user is disabled.
            AUTH bob three
            -> -WRONGPASS invalid username-password pair or user is disabled.
            AUTH nobody x
            -> -WRONGPASS invalid username-password pair or user is disabled.
            ACL WHOAMI
            -> $7 default
            AUTH alice two
            -> +OK
            ACL WHOAMI
            -> $5 alice
            ACL SETUSER alice <two
            -> +OK
            ACL WHOAMI
            -> $5 alice
            AUTH alice two
            -> -WRONGPASS invalid username-password pair or user is disabled.
            ACL SETUSER bob on
            -> +OK
            HELLO 2 AUTH bob wrong
            -> -WRONGPASS invalid username-password pair or user is disabled.
            ACL WHOAMI
            -> $5 alice
            RESET
            -> +RESET
            ACL WHOAMI
            -> $7 default
            """);
        Assert.StartsWith("*14 ", _client.Call("HELLO 2 AUTH bob three"), StringComparison.Ordinal);
        Assert.Equal("-NOPERM User bob has no permissions to run the 'acl|whoami' command", _client.Call("ACL WHOAMI"));
    }

    [Fact]
    public void Commands_keys_and_channels_are_checked()
    {
        using var client = As("+@read +set +publish +subscribe +psubscribe %R~read:* %W~write:* ~both:* &news:*");
        client.Run("""
            GET read:1
            -> $-1
            GET write:1
            -> -NOPERM No permissions to access a key
            SET write:1 v
            -> +OK
            SET read:1 v
            -> -NOPERM No permissions to access a key
            SET both:1 v GET
            -> $-1
            SET write:1 v GET
            -> -NOPERM No permissions to access a key
            MGET both:1 read:1
            -> *2 $1 v $-1
            MGET both:1 write:1
            -> -NOPERM No permissions to access a key
            EXISTS write:1
            -> :1
            DEL both:1
            -> -NOPERM User someone has no permissions to run the 'del' command
            CONFIG GET save
            -> -NOPERM User someone has no permissions to run the 'config|get' command
            PUBLISH news:1 m
            -> :0
            PUBLISH olds m
            -> -NOPERM No permissions to access a channel
            PSUBSCRIBE news:*
            -> *3 $10 psubscribe $6 news:* :1
            PSUBSCRIBE news:1*
            -> -NOPERM No permissions to access a channel
            SUBSCRIBE news:2
            -> *3 $9 subscribe $6 news:2 :2
            AUTH default x
            -> -ERR Can't execute 'auth': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context
            """);
    }

    [Fact]
    public void One_selector_must_allow_all_of_a_command()
    {
        using var client = As("+get ~a (+set ~b) (+mget ~a ~b)");
        client.Run("""
            SET b 1
            -> +OK
            GET b
            -> -NOPERM No permissions to access a key
            SET a 1
            -> -NOPERM No permissions to access a key
            MGET a b
            -> *2 $-1 $1 1
            INCR a
            -> -NOPERM User someone has no permissions to run the 'incr' command
            """);
    }

    [Fact]
    public void A_first_argument_may_be_allowed_alone()
    {
        using var client = As("+select|0 +select|2");
        client.Run("""
            SELECT 1
            -> -NOPERM User someone has no permissions to run the 'select' command
            SELECT 2
            -> +OK
            """);
    }

    [Fact]
    public void Databases_are_checked_whether_selected_or_named()
    {
        using var client = As("+@all ~* db=1,2");
        client.Run("""
            GET k
            -> -NOPERM No permissions to access database
            DBSIZE
            -> -NOPERM No permissions to access database
            SELECT 3
            -> -NOPERM No permissions to access database
            COPY k j DB 1
            -> -NOPERM No permissions to access database
            PING
            -> +PONG
            SELECT 1
            -> +OK
            SET k v
            -> +OK
            COPY k j DB 2
            -> :1
            COPY k j DB 2 DB 3
            -> -NOPERM No permissions to access database
            MOVE k 0
            -> -NOPERM No permissions to access database
            SWAPDB 1 2
            -> +OK
            SWAPDB 1 3
            -> -NOPERM No permissions to access database
            FLUSHALL
            -> -NOPERM No permissions to access database
            FLUSHDB
            -> +OK
            RESET
            -> +RESET
            AUTH someone x
            -> +OK
            MULTI
            -> +OK
            SELECT 2
            -> +QUEUED
            GET k
            -> +QUEUED
            EXEC
            -> *2 +OK $1 v
            """);
        _client.Run("""
            ACL DRYRUN someone GET k
            -> $58 User someone has no permissions to access the '0' database
            ACL DRYRUN someone SELECT 7
            -> $58 User someone has no permissions to access the '7' database
            ACL DRYRUN someone FLUSHALL
            -> $65 User someone has no permissions to access the 'flushall' database
            """);
    }

    [Fact]
    public void What_was_queued_is_checked_again_when_it_runs()
    {
        using var client = As("+@all ~*");
        client.Run("""
            MULTI
            -> +OK
            SET k v
            -> +QUEUED
            GET j
            -> +QUEUED
            PUBLISH c m
            -> -NOPERM No permissions to access a channel
            DISCARD
            -> +OK
            MULTI
            -> +OK
            SET k v
            -> +QUEUED
            GET j
            -> +QUEUED
            PING
            -> +QUEUED
            """);
        _client.Call("ACL SETUSER someone -set resetkeys ~k");
        Assert.Equal(
            "*3 -NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer "
            + "allowed for the following reason: no permission to execute the command or subcommand "
            + "-NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer "
            + "allowed for the following reason: no permission to touch the specified keys +PONG",
            client.Call("EXEC"));
        Assert.Equal("$-1", _client.Call("GET k"));
    }

    [Fact]
    public void Scripts_have_the_rights_of_their_caller()
    {
        using var client = As("+@all -get ~a");
        client.Run("""
            EVAL "return redis.call('set', KEYS[1], 'v')" 1 a
            -> +OK
            EVAL "return redis.call('set', KEYS[1], 'v')" 1 b
            -> -NOPERM No permissions to access a key
            EVAL "return redis.pcall('set', 'b', 'v')['err']" 0
            -> $57 ERR ACL failure in script: No permissions to access a key
            EVAL "return redis.pcall('get', 'a')['err']" 0
            -> $83 ERR ACL failure in script: User someone has no permissions to run the 'get' command
            EVAL "return {redis.acl_check_cmd('set', 'a', 'v'), redis.acl_check_cmd('set', 'b', 'v'), redis.acl_check_cmd('get', 'a')}" 0
            -> *3 :1 $-1 $-1
            """);
    }

    [Fact]
    public void Sort_needs_all_keys_for_what_its_patterns_reach()
    {
        _client.Call("RPUSH l 1 2");
        using var client = As("+sort +sort_ro ~l");
        client.Run("""
            SORT l
            -> *2 $1 1 $1 2
            SORT l BY w_*
            -> -ERR BY option of SORT denied due to insufficient ACL permissions.
            SORT l BY nosort
            -> *2 $1 1 $1 2
            SORT_RO l GET #
            -> -ERR GET option of SORT denied due to insufficient ACL permissions.
            """);
        _client.Call("ACL SETUSER someone %R~*");
        Assert.Equal("*2 $1 1 $1 2", client.Call("SORT l BY w_* GET #"));
    }

    [Fact]
    public void A_blocked_command_is_checked_again_when_it_goes_on()
    {
        using var client = As("+@all ~*");
        client.Send("BLPOP l 0");
        _server.TickUntil(() => _server.Server.Clients.All.Any(c => c.Waiting is not null));
        _client.Call("ACL SETUSER someone -blpop");
        _client.Call("RPUSH l 1");
        Assert.Equal("-NOPERM User someone has no permissions to run the 'blpop' command", client.Read());
        Assert.Equal(":1", _client.Call("LLEN l"));
    }

    [Fact]
    public void A_pause_does_not_hold_what_is_not_permitted()
    {
        using var client = As("+@read ~*");
        _client.Call("CLIENT PAUSE 100000 WRITE");
        Assert.Equal("-NOPERM User someone has no permissions to run the 'set' command", client.Call("SET k v"));
    }

    [Fact]
    public void Clients_go_with_their_user()
    {
        using var client = As("+@all ~*");
        Assert.Equal(":1", _client.Call("ACL DELUSER someone nobody"));
        Assert.True(client.IsClosedByServer());
        Assert.Equal("*1 $7 default", _client.Call("ACL USERS"));
    }

    [Fact]
    public void A_user_that_removes_itself_gets_the_reply_first()
    {
        using var client = As("+@all ~*");
        Assert.Equal(":1", client.Call("ACL DELUSER someone"));
        Assert.True(client.IsClosedByServer());
    }

    [Theory]
    [InlineData("SUBSCRIBE a", "resetchannels &b", true)]
    [InlineData("SUBSCRIBE a", "resetchannels &a", false)]
    [InlineData("SUBSCRIBE a", "resetchannels &*", false)]
    [InlineData("SSUBSCRIBE a", "resetchannels", true)]
    [InlineData("PSUBSCRIBE a*", "resetchannels &a", true)]
    [InlineData("PSUBSCRIBE a*", "resetchannels &a*", false)]
    [InlineData("SUBSCRIBE a", "-subscribe", false)]
    [InlineData("PING", "resetchannels", false)]
    public void Subscribers_go_that_may_no_longer_listen(string first, string change, bool closed)
    {
        using var client = As("+@all ~* &a &a*");
        client.Call(first);
        Assert.Equal("+OK", _client.Call($"ACL SETUSER someone {change}"));
        if (closed) Assert.True(client.IsClosedByServer());
        else client.Call("PING");
    }

    [Fact]
    public void The_log_groups_what_is_alike_and_names_what_was_refused()
    {
        using var client = As("+get +set +multi +exec +eval ~a &c");
        client.Call("GET b");
        _server.Advance(TimeSpan.FromSeconds(2));
        client.Call("GET b");
        client.Call("DEL a");
        client.Call("MULTI");
        client.Call("GET b");
        client.Call("EXEC");
        client.Call("EVAL \"return redis.pcall('get', 'x')\" 0");
        client.Call("AUTH nobody secret");
        _server.Advance(TimeSpan.FromSeconds(1));
        var log = _client.Call("ACL LOG");
        Assert.Equal(5, Entries(log).Length);
        Assert.Equal(
            [
                ("auth", "toplevel", "AUTH", "nobody"), ("key", "lua", "x", "someone"), ("key", "multi", "b", "someone"),
                ("command", "toplevel", "del", "someone"), ("key", "toplevel", "b", "someone"),
            ],
            Entries(log));
        Assert.Contains("$5 count :2 $6 reason $3 key ", log, StringComparison.Ordinal);
        Assert.Contains(" cmd=get user=someone ", log, StringComparison.Ordinal);
        Assert.StartsWith("*1 *20 $5 count :1 $6 reason $4 auth ", _client.Call("ACL LOG 1"), StringComparison.Ordinal);
        var stats = _client.Call("INFO stats");
        foreach (var line in new[] { "auth:1", "cmd:1", "key:4", "channel:0", "db:0" })
            Assert.Contains("acl_access_denied_" + line, stats, StringComparison.Ordinal);
        _client.Run("""
            ACL LOG RESET
            -> +OK
            ACL LOG
            -> *0
            CONFIG SET acllog-max-len 0
            -> +OK
            AUTH nobody x
            -> -WRONGPASS invalid username-password pair or user is disabled.
            ACL LOG
            -> *0
            """);

        static (string Reason, string Context, string Object, string User)[] Entries(string log) =>
            [.. System.Text.RegularExpressions.Regex.Matches(log, @"reason \$\d+ (\w+) .*? context \$\d+ (\w+) .*? object \$\d+ (\w+) .*? username \$\d+ (\w+) ")
                .Select(m => (m.Groups[1].Value, m.Groups[2].Value, m.Groups[3].Value, m.Groups[4].Value))];
    }

    [Fact]
    public void The_log_keeps_the_start_of_a_long_name()
    {
        using var client = As("+get ~a");
        client.Call("GET " + new string('k', 100_000));
        Assert.Contains("$6 object $4096 kkk", _client.Call("ACL LOG"), StringComparison.Ordinal);
    }

    [Fact]
    public void Passwords_are_shown_to_nobody()
    {
        _client.Call("CONFIG SET slowlog-log-slower-than 0");
        _client.Call("ACL SETUSER alice >secret");
        _client.Call("ACL GETUSER alice");
        _client.Call("ACL DELUSER alice");
        var log = _client.Call("SLOWLOG GET 10");
        Assert.Contains("*4 $3 ACL $7 SETUSER $10 (redacted) $10 (redacted)", log, StringComparison.Ordinal);
        Assert.DoesNotContain("alice", log, StringComparison.Ordinal);
    }

    [Fact]
    public void Clients_are_listed_and_closed_by_user()
    {
        using var client = As("+@all ~*");
        Assert.Contains(" user=someone ", _client.Call("CLIENT LIST"), StringComparison.Ordinal);
        Assert.DoesNotContain(" user=default ", _client.Call("CLIENT LIST USER someone"), StringComparison.Ordinal);
        Assert.Equal(":1", _client.Call("CLIENT KILL USER someone"));
        Assert.True(client.IsClosedByServer());
    }

    [Fact]
    public void Help_names_every_subcommand()
    {
        var help = _client.Call("ACL HELP");
        foreach (var name in new[] { "CAT", "DELUSER", "DRYRUN", "GENPASS", "GETUSER", "LIST", "LOAD", "LOG", "SAVE", "SETUSER", "USERS", "WHOAMI" })
            Assert.Contains($"+{name}", help, StringComparison.Ordinal);
    }
}
