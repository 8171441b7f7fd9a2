using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Commands;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Tests.Acl;

/// <summary>The rules of users, without a server.</summary>
public class AclRulesTests
{
    const string None = "off sanitize-payload resetchannels -@all";

    readonly AclLimits _limits = new(
        new CommandNames(CommandRegistry.CreateTable().All), new SecuritySettings(), new ProcessSettings { Databases = 16 });

    UserRules After(string rules)
    {
        var user = new UserRules(_limits);
        foreach (var rule in UserRules.JoinSelectors(rules.Split(' ', StringSplitOptions.RemoveEmptyEntries), out _)!)
            Assert.Null(user.Apply(rule));
        return user;
    }

    [Theory]
    [InlineData("", None)]
    [InlineData("on nopass ~* &* +@all", "on nopass sanitize-payload ~* &* +@all")]
    [InlineData("ON NoPass AllKeys AllChannels AllCommands", "on nopass sanitize-payload ~* &* +@all")]
    [InlineData("skip-sanitize-payload", "off skip-sanitize-payload resetchannels -@all")]
    [InlineData("on >a reset", None)]
    [InlineData("(+get ~a) clearselectors", None)]
    [InlineData("~a ~b %R~c %w~d %wr~e &x &y", "off sanitize-payload ~a ~b %R~c %W~d ~e resetchannels &x &y -@all")]
    [InlineData("%R~c %W~c", "off sanitize-payload ~c resetchannels -@all")]
    [InlineData("~a resetkeys ~b", "off sanitize-payload ~b resetchannels -@all")]
    [InlineData("&a &a", "off sanitize-payload resetchannels &a -@all")]
    [InlineData("+get +set", "off sanitize-payload resetchannels -@all +get +set")]
    [InlineData("+GET -get", "off sanitize-payload resetchannels -@all -get")]
    [InlineData("+@all -@dangerous +keys", "off sanitize-payload resetchannels +@all -@dangerous +keys")]
    [InlineData("+get nocommands +set", "off sanitize-payload resetchannels -@all +set")]
    [InlineData("+config|get +config|set -config", "off sanitize-payload resetchannels -@all -config")]
    [InlineData("+config +config|get", "off sanitize-payload resetchannels -@all +config +config|get")]
    [InlineData("+select|0 +SELECT|1", "off sanitize-payload resetchannels -@all +select|0 +select|1")]
    [InlineData("db=3,1,1", "off sanitize-payload resetchannels db=1,3 -@all")]
    [InlineData("db=3 db=4", "off sanitize-payload resetchannels db=4 -@all")]
    [InlineData("resetdbs", "off sanitize-payload resetchannels resetdbs -@all")]
    [InlineData("db=3 alldbs", None)]
    [InlineData("(+get ~a) (+@read db=2)", None + " (~a resetchannels -@all +get) (resetchannels db=2 -@all +@read)")]
    [InlineData("#0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef on",
        "on sanitize-payload #0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef resetchannels -@all")]
    public void Rules_are_described_so_that_they_make_the_same_user(string rules, string described)
    {
        var text = After(rules).Describe();
        Assert.Equal(described, text);
        Assert.Equal(text, After(text).Describe());
    }

    [Theory]
    [InlineData("nonsense", "Syntax error")]
    [InlineData("*", "Syntax error")]
    [InlineData("%~a", "Syntax error")]
    [InlineData("%RR~a", "Syntax error")]
    [InlineData("%X~a", "Syntax error")]
    [InlineData("~a b", "Syntax error")]
    [InlineData("&a\tb", "Syntax error")]
    [InlineData("+", "Unknown command or category name in ACL")]
    [InlineData("+nothing", "Unknown command or category name in ACL")]
    [InlineData("-nothing", "Unknown command or category name in ACL")]
    [InlineData("+@nothing", "Unknown command or category name in ACL")]
    [InlineData("-select|0", "Unknown command or category name in ACL")]
    [InlineData("+config|nothing", "Unknown command or category name in ACL")]
    [InlineData("+nothing|0", "Unknown command or category name in ACL")]
    [InlineData("+select|", "Syntax error")]
    [InlineData("+config|get|x", "Allowing first-arg of a subcommand is not supported")]
    [InlineData("<wrong", "The password you are trying to remove from the user does not exist")]
    [InlineData("#abc", "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters")]
    [InlineData("!ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789", "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters")]
    [InlineData("db=", "Syntax error")]
    [InlineData("db=1,", "Syntax error")]
    [InlineData("db=x", "Syntax error")]
    [InlineData("db=16", "The provided database ID is out of range")]
    [InlineData("db=-1", "The provided database ID is out of range")]
    [InlineData("(+get ~a (+set))", "Syntax error")]
    [InlineData("(+nothing)", "Unknown command or category name in ACL")]
    [InlineData("(on)", "Syntax error")]
    [InlineData("(+get '~a)", "Syntax error")]
    public void A_rule_that_is_refused_changes_nothing(string rule, string reason)
    {
        var user = After("on >secret +get ~k &c db=1");
        var before = user.Describe();
        Assert.Equal(reason, user.Apply(rule));
        Assert.Equal(before, user.Describe());
    }

    [Theory]
    [InlineData("~*", "~a", "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid")]
    [InlineData("allchannels", "&a", "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid")]
    public void A_pattern_after_all_is_refused(string all, string rule, string reason) =>
        Assert.StartsWith(reason, After(all).Apply(rule), StringComparison.Ordinal);

    [Fact]
    public void Passwords_are_kept_as_hashes_and_can_be_removed_by_either_form()
    {
        var user = After("on >one >two >one");
        Assert.Equal(2, user.Passwords.Count);
        Assert.DoesNotContain("one", user.Describe(), StringComparison.Ordinal);
        Assert.True(user.HasPassword("two"u8));
        Assert.False(user.HasPassword("tw"u8));
        Assert.Null(user.Apply("<one"));
        Assert.False(user.HasPassword("one"u8));
        Assert.Null(user.Apply("!" + user.Passwords[0]));
        Assert.False(user.HasPassword("two"u8));
        Assert.False(user.NoPass);
        Assert.Null(user.Apply("nopass"));
        Assert.Null(user.Apply(">three"));
        Assert.False(user.NoPass);
    }

    [Fact]
    public void A_category_reaches_commands_and_subcommands_alike()
    {
        var names = _limits.Names;
        var user = After("+@admin -config|get");
        Assert.True(Allows("config|set"));
        Assert.False(Allows("config|get"));
        Assert.False(Allows("get"));
        Assert.True(Allows("auth"));
        user = After("+@all -@admin");
        Assert.False(Allows("config|set"));
        Assert.True(Allows("get"));

        bool Allows(string name) => user.Root.AllowsCommand(names.Find(name)!, new Request("x"u8, [new ArgRange(0, 1)]));
    }

    [Fact]
    public void An_unmatched_parenthesis_is_found()
    {
        Assert.Null(UserRules.JoinSelectors(["+get", "(+set", "~a"], out var unmatched));
        Assert.Equal("(+set", unmatched);
        Assert.Equal(["+get", "(+set ~a)", "on"], UserRules.JoinSelectors(["+get", "(+set", "~a)", "on"], out _));
    }

    [Fact]
    public void Channels_of_a_new_user_follow_the_directive()
    {
        var limits = new AclLimits(
            _limits.Names, new SecuritySettings { AclPubSubDefault = AclPubSubDefault.AllChannels }, new ProcessSettings { Databases = 16 });
        Assert.Equal("off sanitize-payload &* -@all", new UserRules(limits).Describe());
    }
}
