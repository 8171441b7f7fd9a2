using System.Globalization;

namespace MiniRedis.Compat.Tests;

/// <summary>What the environment says of runs with random input. Without it each is the same every time, and takes some seconds.</summary>
static class RunSettings
{
    const int DefaultSeed = 2026;

    /// <summary>MINIREDIS_FUZZ_SEED: another seed, to replay a failure, say.</summary>
    public static int Seed => Number("MINIREDIS_FUZZ_SEED", DefaultSeed);

    /// <summary>MINIREDIS_FUZZ_COMMANDS: how many commands a fuzzer sends.</summary>
    public static int Commands(int otherwise) => Number("MINIREDIS_FUZZ_COMMANDS", otherwise);

    /// <summary>MINIREDIS_CRASHES: how often a test kills a server.</summary>
    public static int Kills(int otherwise) => Number("MINIREDIS_CRASHES", otherwise);

    /// <summary>MINIREDIS_PRESSURE_SECONDS: how long a server lives under pressure.</summary>
    public static TimeSpan Pressure(int otherwise) => TimeSpan.FromSeconds(Number("MINIREDIS_PRESSURE_SECONDS", otherwise));

    /// <summary>MINIREDIS_PRESSURE_SERVER: the native executable that is to be under pressure; null for the build of these tests.</summary>
    public static string? PressureServer => Environment.GetEnvironmentVariable("MINIREDIS_PRESSURE_SERVER");

    static int Number(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
