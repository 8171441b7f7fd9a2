using System.Globalization;
using System.Text;
using MiniRedis.Server.Tests;

namespace MiniRedis.Scripting.Tests.Fuzzing;

/// <summary>
/// Random programs on our machine and on redis-server's Lua, compared byte by byte: values, the order of pairs(), and texts of errors.
/// LUA_FUZZ_SEED, which is added to the seeds, and LUA_FUZZ_PROGRAMS make other and longer runs; a failure names its seed.
/// </summary>
public class FuzzTests
{
    /// <summary>Writes any value as text, tables in the order of pairs().</summary>
    const string Show = """
        local function show(v, d) d = d or 0 if type(v) == 'number' then return string.format('%.17g', v)
        elseif type(v) == 'string' then return '"' .. v .. '"' elseif type(v) == 'table' then if d > 3 then return '{..}' end
        local s = '{' for k, x in pairs(v) do s = s .. '[' .. show(k, d + 1) .. ']=' .. show(x, d + 1) .. ';' end return s .. '}'
        elseif type(v) == 'function' or type(v) == 'thread' then return type(v) else return tostring(v) end end
        """;

    static readonly string[] s_unasked = ["not enough memory", "[{"];

    internal static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    internal static string Wrap(string program) => $"{Show.ReplaceLineEndings(" ")}\nmath.randomseed(7) return show({{pcall(function()\n{program}\nend)}})";

    /// <summary>Lua's own text of what EVAL answers to a script that does not compile.</summary>
    static string Plain(string reply)
    {
        const string compiling = "ERR Error compiling script (new function): ";
        return reply.StartsWith(compiling, StringComparison.Ordinal) ? "ERR " + reply[compiling.Length..].TrimEnd() : reply;
    }

    static string Excerpt(string reply, int from) => reply.Substring(from, Math.Min(300, reply.Length - from));

    [RedisServerTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_programs_give_the_bytes_that_redis_gives(int seed)
    {
        var generator = new ProgramGenerator(new Random(seed += Setting("LUA_FUZZ_SEED", 0)));
        Compare(seed, generator.Program);
    }

    [RedisServerTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_calls_of_the_libraries_give_the_bytes_that_redis_gives(int seed)
    {
        var generator = new LibraryGenerator(new Random(seed += Setting("LUA_FUZZ_SEED", 0)));
        Compare(seed, generator.Program);
    }

    static void Compare(int seed, Func<string> next)
    {
        using var oracle = new RedisServerProcess(null, "--save", "");
        using var runner = new ScriptRunner();
        runner.Machine.MemoryLimit = 4 << 20;
        runner.Machine.CheckInterval = 10_000;
        var differences = new StringBuilder();
        var (programs, found) = (Setting("LUA_FUZZ_PROGRAMS", 500), 0);
        for (var i = 0; i < programs && found < 10; i++)
        {
            var program = next();
            var script = Wrap(program);
            // redis-server is not asked what a program answers that runs for long here, or takes much memory. And tables as keys stand in
            // an order that their addresses decide.
            runner.Patience = 20;
            var actual = runner.Run(script);
            if (actual == "stopped" || s_unasked.Any(t => actual.Contains(t, StringComparison.Ordinal))) continue;
            var expected = Plain(oracle.Send("EVAL", script, "0")[0]);
            if (expected == actual) continue;
            found++;
            var at = Math.Max(0, expected.AsSpan().CommonPrefixLength(actual) - 60);
            differences.AppendLine(CultureInfo.InvariantCulture,
                $"seed {seed}, program {i}:\n{program}\nfrom byte {at}\nredis: {Excerpt(expected, at)}\nours:  {Excerpt(actual, at)}\n");
        }
        Assert.True(found == 0, differences.ToString());
    }
}
