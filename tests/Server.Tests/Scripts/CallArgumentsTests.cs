using System.Text;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;
using MiniRedis.Server.Scripts.Engine;

namespace MiniRedis.Server.Tests.Scripts;

public sealed class CallArgumentsTests : IDisposable
{
    readonly LuaMachine _machine = new(new Host());

    public CallArgumentsTests()
    {
        _machine.Seal();
        _machine.BeginRun();
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(0)]
    public void Strings_and_numbers_arrive_wherever_they_lie(int reach)
    {
        var arguments = new CallArguments(_machine, reach);
        Assert.Equal(
            ["SET", "", "12", "-0.5", "1e+300", "9007199254740992", "0",
                new string('x', 100_000)],
            Taken(arguments, String("SET"), String(""), Value.From(12), Value.From(-0.5), Value.From(1e300), Value.From(9007199254740992),
                Value.From(-0.0), String(new string('x', 100_000))));
        Assert.Equal(["1", "2"], Taken(arguments, Value.From(1), Value.From(2)));
        Assert.Equal(
            Enumerable.Range(0, 1000).Select(i => i % 2 == 0 ? $"text {i}" : $"{i}"),
            Taken(arguments, [.. Enumerable.Range(0, 1000).Select(i => i % 2 == 0 ? String($"text {i}") : Value.From(i))]));
        arguments.Free();
    }

    [Fact]
    public void Anything_else_is_no_argument()
    {
        var arguments = new CallArguments(_machine);
        foreach (var value in new[] { Value.Nil, Value.From(true), _machine.NewTable(0) })
        {
            Assert.False(arguments.TryTake([String("GET"), value], out _));
            Assert.False(arguments.TryTake([value], out _));
        }
    }

    Value String(string text) => _machine.NewString(Encoding.Latin1.GetBytes(text));

    static string[] Taken(CallArguments arguments, params Value[] values)
    {
        Assert.True(arguments.TryTake(values, out var request));
        var taken = new string[request.Count];
        for (var i = 0; i < taken.Length; i++) taken[i] = Encoding.Latin1.GetString(request[i]);
        return taken;
    }

    sealed class Host : IScriptHost
    {
        public bool MayContinue() => true;

        public void Call(int id, ref NativeCall call) => throw new NotSupportedException();
    }
}
