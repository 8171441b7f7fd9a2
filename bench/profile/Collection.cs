using MiniRedis.Compare;

namespace MiniRedis.Profile;

/// <summary>Runs a server that counts, under the loads that bench/compare measures.</summary>
static class Collection
{
    /// <summary>
    /// Settings of .NET for its process. No code is compiled ahead of time, so that all of it counts; a method counts until it has
    /// been called 0x7000 times, or its loop has turned so often. Numbers are hexadecimal.
    /// </summary>
    static readonly string[] s_settings =
    [
        "DOTNET_ReadyToRun=0", "DOTNET_TieredPGO=1", "DOTNET_TieredPGO_InstrumentOnlyHotCode=0", "DOTNET_TC_CallCountThreshold=7000",
        "DOTNET_OSR_HitLimit=7000", "DOTNET_TC_OnStackReplacement_InitialCounter=7000", "DOTNET_WritePGOData=1",
    ];

    /// <summary>Factor on the requests of the comparison.</summary>
    const double Scale = 0.1;

    /// <summary>Keys that are missing and filled under a lease.</summary>
    const int Pairs = 100_000;

    /// <summary>The lines that the server's process has written.</summary>
    public static IReadOnlyList<string> Run()
    {
        var path = Path.GetTempFileName();
        var command = $"env {string.Join(' ', s_settings)} DOTNET_PGODataPath={path} dotnet {Path.Combine(AppContext.BaseDirectory, "miniredis.dll")}";
        using (var server = new RunningServer("MiniRedis", command))
        {
            var workloads = Workload.Strings.Concat(Workload.Collections(Scale)).Concat(Scripts.Called).Concat(Access.Restricted).Concat(Caching.Workloads);
            foreach (var workload in workloads)
            {
                var requests = (int)(workload.Requests * Scale);
                workload.Prepare?.Invoke(server, requests);
                Load.Run(server, workload.Arguments, workload.Pipeline, requests, Measure.Clients, Measure.Keys, Measure.ValueBytes);
                Console.WriteLine(workload.Label);
            }
            Leases.Run(server, Measure.Clients, pipeline: 16, Pairs, isLeased: true);
            Console.WriteLine("leases P=16");
            server.Shutdown();
        }
        var lines = File.ReadAllLines(path);
        File.Delete(path);
        return lines;
    }
}
