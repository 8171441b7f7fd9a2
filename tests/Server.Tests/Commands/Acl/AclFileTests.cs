using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MiniRedis.Server.Tests.Commands.Acl;

/// <summary>Users of files: "aclfile" with ACL LOAD and SAVE, and "user" lines with CONFIG REWRITE.</summary>
public sealed class AclFileTests
{
    const string AclOfDefault = "user default on nopass sanitize-payload ~* &* +@all";

    static string PathOf(TestServer server) => Path.Combine(server.Directory, "users.acl");

    static string Reply(string text) => $"${text.Length} {text}";

    [Fact]
    public void Users_of_the_file_are_there_from_the_start_and_are_loaded_again()
    {
        using var server = new TestServer("aclfile users.acl", acl: "user alice on >secret ~* +@all\n\n  user bob off\t\r\n");
        using var admin = server.Connect();
        using var alice = server.Connect();
        alice.Call("AUTH alice secret");
        Assert.Equal("*3 $5 alice $3 bob $7 default", admin.Call("ACL USERS"));
        File.WriteAllText(PathOf(server), "user alice on nopass ~a -@all +get\nuser carol (+get ~c)\n");
        Assert.Equal("+OK", admin.Call("ACL LOAD"));
        Assert.Equal("*3 $5 alice $5 carol $7 default", admin.Call("ACL USERS"));
        Assert.Equal("-NOPERM No permissions to access a key", alice.Call("GET b"));
    }

    [Fact]
    public void Clients_of_users_that_are_no_longer_in_the_file_go()
    {
        using var server = new TestServer("aclfile users.acl", acl: "user alice on nopass +@all\nuser bob on nopass &a &b +@all\n");
        using var admin = server.Connect();
        using var alice = server.Connect();
        using var listener = server.Connect();
        using var other = server.Connect();
        alice.Call("AUTH alice x");
        listener.Call("AUTH bob x");
        listener.Call("SUBSCRIBE a");
        other.Call("AUTH bob x");
        other.Call("SUBSCRIBE b");
        File.WriteAllText(PathOf(server), "user bob on nopass &b +@all\n");
        Assert.Equal("+OK", admin.Call("ACL LOAD"));
        Assert.True(alice.IsClosedByServer());
        Assert.True(listener.IsClosedByServer());
        Assert.Equal("*2 $4 pong $0 ", other.Call("PING"));
    }

    [Theory]
    [InlineData("user alice +nothing", "users.acl:1: Error in applying operation '+nothing': Unknown command or category name in ACL. ")]
    [InlineData("user alice on\nuser alice off", "WARNING: Duplicate user 'alice' found on line 2. ")]
    [InlineData("user alice >a <b !c +x", "users.acl:1: The password you are trying to remove from the user does not exist. users.acl:1: Error in applying operation '+x': Unknown command or category name in ACL. ")]
    [InlineData("# users", "users.acl:1 should start with user keyword followed by the username. ")]
    [InlineData("user", "users.acl:1 should start with user keyword followed by the username. ")]
    [InlineData("USER alice", "users.acl:1 should start with user keyword followed by the username. ")]
    [InlineData("user a\tb on", "'users.acl:1: username 'a\tb' contains invalid characters. ")]
    [InlineData("user alice (+get", "users.acl:1: Unmatched parenthesis in selector definition.")]
    public void A_file_with_an_error_changes_nothing(string file, string errors)
    {
        using var server = new TestServer("aclfile users.acl", acl: "user bob on\n");
        using var client = server.Connect();
        File.WriteAllText(PathOf(server), "user default on nopass\n" + "\n" + file);
        errors = System.Text.RegularExpressions.Regex.Replace(
            errors, @"(acl:|line )(\d)", m => m.Groups[1].Value + (int.Parse(m.Groups[2].Value, null) + 2));
        Assert.Equal(
            $"-ERR {errors}WARNING: ACL errors detected, no change to the previously active ACL rules was performed", client.Call("ACL LOAD"));
        Assert.Equal("*2 $3 bob $7 default", client.Call("ACL USERS"));
    }

    [Fact]
    public void A_file_that_is_gone_changes_nothing()
    {
        using var server = new TestServer("aclfile users.acl", acl: "");
        using var client = server.Connect();
        File.Delete(PathOf(server));
        Assert.Equal("-ERR Error loading ACLs, opening file 'users.acl': No such file or directory", client.Call("ACL LOAD"));
    }

    [Fact]
    public void Without_a_default_user_in_the_file_everybody_is_let_in()
    {
        using var server = new TestServer("aclfile users.acl\nrequirepass secret", acl: "user default on >other +@all\n");
        using var client = server.Connect();
        Assert.Equal("-WRONGPASS invalid username-password pair or user is disabled.", client.Call("AUTH secret"));
        Assert.Equal("+OK", client.Call("AUTH other"));
        File.WriteAllText(PathOf(server), "user alice on\n");
        Assert.Equal("+OK", client.Call("ACL LOAD"));
        using var late = server.Connect();
        Assert.Equal("$7 default", late.Call("ACL WHOAMI"));
    }

    [Fact]
    public void Save_writes_what_load_reads()
    {
        using var server = new TestServer("aclfile users.acl", acl: "");
        using var client = server.Connect();
        client.Run("""
            ACL SETUSER alice on >secret ~a %R~b &c +@read -mget (+set ~d db=3)
            -> +OK
            ACL SAVE
            -> +OK
            """);
        var users = client.Call("ACL LIST");
        Assert.Equal(2, File.ReadAllLines(PathOf(server)).Length);
        client.Call("ACL DELUSER alice");
        client.Call("ACL LOAD");
        Assert.Equal(users, client.Call("ACL LIST"));
    }

    [Fact]
    public void A_save_that_fails_is_told_and_leaves_the_file()
    {
        using var server = new TestServer("aclfile users.acl", acl: "user alice on\n");
        using var client = server.Connect();
        client.Call("ACL DELUSER alice");
        // The new file cannot be made beside the old one.
        File.Delete(PathOf(server));
        Directory.CreateDirectory(PathOf(server));
        Assert.Equal(
            "-ERR There was an error trying to save the ACLs. Please check the server logs for more information", client.Call("ACL SAVE"));
        Assert.True(Directory.Exists(PathOf(server)));
        Assert.Single(Directory.GetFileSystemEntries(server.Directory, "users*"));
    }

    [Fact]
    public void Users_of_the_configuration_file_are_rewritten_with_it()
    {
        using var server = new TestServer("""
            user alice on >secret ~a +get "(+set ~b)"
            user bob off (+get ~b)
            """);
        using var client = server.Connect();
        var path = Path.Combine(server.Directory, "redis.conf");
        File.WriteAllText(path, "user gone on\nuser alice on\n");
        server.Server.ConfigService.FilePath = path;
        client.Run("""
            ACL DELUSER bob
            -> :1
            ACL SETUSER alice db=1
            -> +OK
            CONFIG REWRITE
            -> +OK
            """);
        var lines = File.ReadAllLines(path).Where(line => line.StartsWith("user ", StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("user alice on sanitize-payload #", lines[0], StringComparison.Ordinal);
        Assert.EndsWith(" ~a resetchannels db=1 -@all +get (~b resetchannels -@all +set)", lines[0], StringComparison.Ordinal);
        Assert.Equal(AclOfDefault, lines[1]);
        Assert.Equal($"*2 {Reply(lines[0])} {Reply(lines[1])}", client.Call("ACL LIST"));
        using var again = new TestServer(string.Join('\n', lines));
        using var other = again.Connect();
        Assert.Equal($"*2 {Reply(lines[0])} {Reply(lines[1])}", other.Call("ACL LIST"));
    }

    [Fact]
    public void Requirepass_is_the_default_users_password_until_its_line_says_otherwise()
    {
        using var server = new TestServer("requirepass one\nuser alice on nopass +@all");
        using var client = server.Connect();
        Assert.Equal("-NOAUTH Authentication required.", client.Call("PING"));
        Assert.Equal("+OK", client.Call("AUTH one"));
        using var other = new TestServer("requirepass one\nuser default on >two ~* +@all");
        using var second = other.Connect();
        Assert.Equal("-WRONGPASS invalid username-password pair or user is disabled.", second.Call("AUTH one"));
        Assert.Equal("+OK", second.Call("AUTH two"));
        Assert.Equal("+OK", second.Call("CONFIG SET requirepass three"));
        Assert.Equal("-WRONGPASS invalid username-password pair or user is disabled.", second.Call("AUTH two"));
        Assert.Equal("+OK", second.Call("AUTH three"));
    }

    [Theory]
    [InlineData("user alice +nothing", "Error in user declaration 'alice': Unknown command or category name in ACL: '+nothing'")]
    [InlineData("user alice on\nuser alice on", "Error in user declaration 'alice': Duplicate user found. A user can only be defined once in config files")]
    [InlineData("user \"a b\" on", "Error in user declaration 'a b': Spaces not allowed in ACL usernames")]
    [InlineData("user alice (+get", "Error in user declaration 'alice': Unmatched parenthesis in acl selector")]
    [InlineData("user alice #secret", "Error in user declaration 'alice': The password hash must be exactly 64 characters")]
    [InlineData("user alice on\naclfile none.acl", "Configuring MiniRedis with users defined in its configuration file and at the same time")]
    [InlineData("aclfile none.acl", "Aborting MiniRedis startup because of ACL errors: Error loading ACLs, opening file 'none.acl': No such file")]
    public void A_server_does_not_start_with_users_that_it_cannot_make(string configuration, string reason)
    {
        var config = new ServerConfig();
        var loaded = ConfigFile.LoadText(config, configuration);
        var refusal = new MiniRedisServer(config, new ServerLog(NullLogger.Instance)).LoadUsers(loaded.Users);
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refusal, StringComparison.Ordinal);
    }
}
