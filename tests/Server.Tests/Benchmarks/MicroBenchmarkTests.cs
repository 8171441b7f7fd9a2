using System.Linq.Expressions;
using System.Reflection;
using BenchmarkDotNet.Attributes;
using MiniRedis.Benchmarks;

namespace MiniRedis.Server.Tests.Benchmarks;

/// <summary>Runs every micro-benchmark, so that none rots, and holds those of the hot path to allocating nothing.</summary>
[Trait("Size", "Large")]
public sealed class MicroBenchmarkTests
{
    /// <summary>
    /// Calls before the one that is measured: what is made on first use (buffers, tables, tiers of compiled code) is made.
    /// </summary>
    const int WarmUpCalls = 100;

    /// <summary>Calls that are measured: an allocation now and then, as of a chunk per so many replies, is to show.</summary>
    const int MeasuredCalls = 1000;

    /// <summary>Rounds of which one must be clean: a call that the machine held up is written into the slow log, which allocates.</summary>
    const int Rounds = 10;

    static IEnumerable<MethodInfo> Methods() =>
        from type in typeof(ParserBenchmarks).Assembly.GetExportedTypes()
        from method in type.GetMethods()
        where method.GetCustomAttribute<BenchmarkAttribute>() is not null
        select method;

    public static TheoryData<string> All() => [.. Methods().Select(NameOf)];

    public static TheoryData<string> OfHotPath() =>
        [.. Methods().Where(m => m.DeclaringType != typeof(KeyspaceBenchmarks) && m.DeclaringType != typeof(ArenaBenchmarks)).Select(NameOf)];

    static string NameOf(MethodInfo method) => $"{method.DeclaringType!.Name}.{method.Name}";

    [Theory]
    [MemberData(nameof(All))]
    public void Every_benchmark_runs(string name) => Run(name, static call => call());

    [Theory]
    [MemberData(nameof(OfHotPath))]
    public void The_hot_path_allocates_nothing(string name) => Run(name, static call =>
    {
        for (var i = 0; i < WarmUpCalls; i++) call();
        var least = long.MaxValue;
        for (var round = 0; round < Rounds && least > 0; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < MeasuredCalls; i++) call();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, least);
    });

    /// <summary>Makes the benchmark's object as BenchmarkDotNet would, with the smallest of its parameters.</summary>
    static void Run(string name, Action<Action> test)
    {
        var method = Methods().Single(m => NameOf(m) == name);
        var instance = Activator.CreateInstance(method.DeclaringType!)!;
        foreach (var property in method.DeclaringType!.GetProperties())
        {
            if (property.GetCustomAttribute<ParamsAttribute>() is { } parameters) property.SetValue(instance, parameters.Values.Min());
        }
        Call<GlobalSetupAttribute>(instance);
        try
        {
            // Compiled, for a call by reflection allocates.
            test(Expression.Lambda<Action>(Expression.Call(Expression.Constant(instance), method)).Compile());
        }
        finally
        {
            Call<GlobalCleanupAttribute>(instance);
        }
    }

    static void Call<TAttribute>(object instance) where TAttribute : Attribute
    {
        foreach (var method in instance.GetType().GetMethods())
        {
            if (method.GetCustomAttribute<TAttribute>() is not null) method.Invoke(instance, null);
        }
    }
}
