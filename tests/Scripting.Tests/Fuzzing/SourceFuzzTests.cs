namespace MiniRedis.Scripting.Tests.Fuzzing;

/// <summary>
/// Any source whatever has a result, an error or an end by the host: no other exception leaves the machine, and no memory stays.
/// LUA_FUZZ_SEED and LUA_FUZZ_SOURCES make other and longer runs.
/// </summary>
public class SourceFuzzTests
{
    /// <summary>Sources for one machine. What is compiled stays as long as the machine.</summary>
    const int SourcesOfAMachine = 500;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void No_source_gets_anything_out_of_the_machine_but_an_answer(int seed)
    {
        seed += FuzzTests.Setting("LUA_FUZZ_SEED", 0);
        var mutator = new SourceMutator(new Random(seed));
        for (var left = FuzzTests.Setting("LUA_FUZZ_SOURCES", 3000); left > 0; left -= SourcesOfAMachine)
        {
            using var runner = new ScriptRunner();
            runner.Machine.MemoryLimit = 4 << 20;
            runner.Machine.CheckInterval = 1000;
            for (var i = Math.Min(left, SourcesOfAMachine); i > 0; i--) Try(runner, mutator.Next(), seed);
        }
    }

    static void Try(ScriptRunner runner, string source, int seed)
    {
        runner.Patience = 20;
        try
        {
            runner.Run(source);
            Assert.Equal(0, runner.Machine.UsedBytes);
            runner.Patience = 1;
            Assert.Equal("{1,a1}", runner.Run("local t = {1} t[2] = 'a' .. t[1] return t"));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}, source {LibraryGenerator.Quote(source)}", e);
        }
    }
}
