using System.Globalization;

namespace MiniRedis.Server.Tests.Scripts;

/// <summary>The cache of scripts: what stays, what is evicted, and what becomes of the memory.</summary>
public sealed class EvalScriptsTests : ServerTests
{
    string Eval(string script) => _client.CallWords("EVAL", script, "0");

    long Info(string field)
    {
        var text = _client.Call("INFO everything");
        var line = text.Split("\r\n").First(l => l.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line[(field.Length + 1)..], CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Beyond_500_the_script_called_longest_ago_is_evicted()
    {
        for (var i = 0; i < 500; i++) Eval($"return {i}");
        Assert.Equal(":0", Eval("return 0"));
        Eval("return 500");
        Assert.Equal(500, Info("number_of_cached_scripts"));
        Assert.Equal(1, Info("evicted_scripts"));
        // "return 1" was the one; "return 0" had been called since.
        Assert.Equal("*2 :1 :0", _client.Call($"SCRIPT EXISTS {Sha1("return 0")} {Sha1("return 1")}"));
    }

    [Fact]
    public void What_script_load_brought_stays()
    {
        Eval("return 'both'");
        _client.CallWords("SCRIPT", "LOAD", "return 'both'");
        var sha = _client.CallWords("SCRIPT", "LOAD", "return 'loaded'").Split(' ')[1];
        for (var i = 0; i < 600; i++) Eval($"return {i}");
        Assert.Equal("*2 :1 :1", _client.Call($"SCRIPT EXISTS {sha} {Sha1("return 'both'")}"));
        Assert.Equal(502, Info("number_of_cached_scripts"));
        Assert.Equal("$6 loaded", _client.Call($"EVALSHA {sha} 0"));
    }

    [Fact]
    public void Memory_of_evicted_scripts_is_given_back()
    {
        var kept = _client.CallWords("SCRIPT", "LOAD", "return 'kept'").Split(' ')[1];
        var body = string.Concat(Enumerable.Repeat("local a = {1, 2, 3} ", 20));
        long most = 0;
        for (var i = 0; i < 6000; i++)
        {
            Eval($"{body} return {i}");
            if (i % 500 == 0) most = Math.Max(most, Info("used_memory_vm_eval"));
        }
        // 500 of them take some 5 MB, and at most as much again waits for a new machine.
        Assert.InRange(most, 1, 16 * 1024 * 1024);
        Assert.Equal("$4 kept", _client.Call($"EVALSHA {kept} 0"));
        _client.Call("SCRIPT FLUSH");
        Assert.Equal(0, Info("used_memory_vm_eval"));
        Assert.Equal(0, Info("used_memory_scripts_eval"));
    }

    static string Sha1(string text)
    {
        var digest = new byte[Server.Scripts.ScriptDigest.TextBytes];
        Server.Scripts.ScriptDigest.Of(System.Text.Encoding.ASCII.GetBytes(text)).Format(digest);
        return System.Text.Encoding.ASCII.GetString(digest);
    }
}
