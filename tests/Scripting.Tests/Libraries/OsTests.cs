namespace MiniRedis.Scripting.Tests.Libraries;

public class OsTests
{
    /// <summary>A clock that goes on by a quarter of a second each time it is read.</summary>
    sealed class SteppingClock : TimeProvider
    {
        long _now;

        public override long TimestampFrequency => 4;

        public override long GetTimestamp() => _now++;
    }

    [Fact]
    public void The_clock_counts_seconds_since_the_machine_was_made()
    {
        using var runner = new ScriptRunner(new SteppingClock());
        Assert.Equal("{0.25,0.5}", runner.Run("return {os.clock(), os.clock()}"));
    }
}
