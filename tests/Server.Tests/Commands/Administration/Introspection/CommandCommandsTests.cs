namespace MiniRedis.Server.Tests.Commands.Administration.Introspection;

public sealed class CommandCommandsTests : ServerTests
{
    [Fact]
    public void Info_has_ten_elements_in_both_versions()
    {
        Assert.Equal(
            "*2 $-1 *10 $3 get :2 *2 +readonly +fast :1 :1 :1 *3 +@read +@string +@fast *0 *1 *6 $5 flags *2 +RO +access "
            + "$12 begin_search *4 $4 type $5 index $4 spec *2 $5 index :1 "
            + "$9 find_keys *4 $4 type $5 range $4 spec *6 $7 lastkey :0 $7 keystep :1 $5 limit :0 *0",
            _client.Call("COMMAND INFO nope GET"));
        using var resp3 = _server.Connect(protocol: 3);
        Assert.Equal(
            "*2 _ *10 $3 get :2 ~2 +readonly +fast :1 :1 :1 ~3 +@read +@string +@fast ~0 ~1 %3 $5 flags ~2 +RO +access "
            + "$12 begin_search %2 $4 type $5 index $4 spec %1 $5 index :1 "
            + "$9 find_keys %2 $4 type $5 range $4 spec %3 $7 lastkey :0 $7 keystep :1 $5 limit :0 ~0",
            resp3.Call("COMMAND INFO nope GET"));
    }

    [Theory]
    [InlineData("COMMAND INFO config|get|x", "*1 $-1")]
    [InlineData("COMMAND INFO get|x", "*1 $-1")]
    [InlineData("COMMAND INFO CONFIG|rewrite", "*1 *10 $14 config|rewrite :2 *4 +admin +noscript +loading +stale :0 :0 :0 *3 +@admin +@slow +@dangerous *0 *0 *0")]
    [InlineData("COMMAND DOCS nope", "*0")]
    [InlineData("COMMAND GETKEYS get key", "*1 $3 key")]
    [InlineData("COMMAND GETKEYS MSET a 1 b 2", "*2 $1 a $1 b")]
    [InlineData("COMMAND GETKEYS object encoding key", "*1 $3 key")]
    [InlineData("COMMAND GETKEYS lcs key1 key2", "*2 $4 key1 $4 key2")]
    [InlineData("COMMAND GETKEYSANDFLAGS set k1 v1", "*1 *2 $2 k1 *2 +OW +update")]
    [InlineData("COMMAND GETKEYSANDFLAGS set k1 v1 GET", "*1 *2 $2 k1 *3 +RW +access +update")]
    [InlineData("COMMAND GETKEYS nope a", "-ERR Invalid command specified")]
    [InlineData("COMMAND GETKEYS config nope", "-ERR Invalid command specified")]
    [InlineData("COMMAND GETKEYS ping a", "-ERR The command has no key arguments")]
    [InlineData("COMMAND GETKEYS get a b", "-ERR Invalid number of arguments specified for command")]
    [InlineData("COMMAND LIST bad_arg", "-ERR syntax error")]
    [InlineData("COMMAND LIST FILTERBY bad_arg", "-ERR syntax error")]
    [InlineData("COMMAND LIST FILTERBY bad_arg x", "-ERR syntax error")]
    [InlineData("COMMAND LIST FILTERBY MODULE x", "*0")]
    [InlineData("COMMAND LIST FILTERBY ACLCAT no-such-category", "*0")]
    [InlineData("COMMAND LIST FILTERBY PATTERN config|*re*", "*2 $14 config|rewrite $16 config|resetstat")]
    [InlineData("COMMAND LIST FILTERBY PATTERN GET", "*1 $3 get")]
    [InlineData("COMMAND LIST FILTERBY PATTERN nothing", "*0")]
    public void Questions_are_answered(string command, string reply) => Assert.Equal(reply, _client.Call(command));

    [Fact]
    public void Keys_in_answers_are_found_in_place()
    {
        var keys = string.Join(' ', Enumerable.Range(0, 300).Select(i => $"key{i}"));
        Assert.StartsWith("*300 $4 key0", _client.Call("COMMAND GETKEYS DEL " + keys), StringComparison.Ordinal);
    }

    [Fact]
    public void Count_and_list_agree_with_the_plain_command()
    {
        var count = _client.Call("COMMAND COUNT")[1..];
        Assert.StartsWith($"*{count} *10 ", _client.Call("COMMAND"), StringComparison.Ordinal);
        Assert.StartsWith($"*{count} *10 ", _client.Call("COMMAND INFO"), StringComparison.Ordinal);
        var list = (object?[])_client.CallTree("COMMAND LIST")!;
        Assert.Contains("set", list);
        Assert.Contains("config|get", list);
        var scripting = (object?[])_client.CallTree("COMMAND LIST FILTERBY ACLCAT dangerous")!;
        Assert.Contains("flushall", scripting);
        Assert.DoesNotContain("get", scripting);
    }

    [Fact]
    public void Docs_are_maps()
    {
        using var resp3 = _server.Connect(protocol: 3);
        Assert.Equal(
            "%1 $11 config|help %4 $7 summary $45 Lists the subcommands with a line about each. $5 since $5 5.0.0 $5 group $6 server $10 complexity $4 O(1)",
            resp3.Call("COMMAND DOCS config|help"));
        var set = resp3.Call("COMMAND DOCS GETEX");
        Assert.Contains(
            "$9 arguments *2 %4 $4 name $3 key $4 type $3 key $12 display_text $3 key $14 key_spec_index :0 ", set, StringComparison.Ordinal);
        Assert.Contains("$5 flags ~1 +optional $9 arguments *5 ", set, StringComparison.Ordinal);
        Assert.Contains("$9 doc_flags ~1 +deprecated $16 deprecated_since $6 2.6.12 ", resp3.Call("COMMAND DOCS SETEX"), StringComparison.Ordinal);
        Assert.Contains("$11 subcommands %", resp3.Call("COMMAND DOCS CONFIG"), StringComparison.Ordinal);
    }
}
