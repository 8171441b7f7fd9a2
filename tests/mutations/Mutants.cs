// Runs the tests of a room on each mutant that dotnet-stryker made. Called by tests/mutations/run:
//   dotnet run Mutants.cs REPORT ROOM TESTS FILTER RUNS RESULTS
//     REPORT   stryker's mutation-report.json
//     ROOM     the folder of the room's sources
//     TESTS    the executable of the tests, beside which the mutated assembly lies
//     FILTER   which test classes are for the room, in the language of dotnet test --filter
//     RUNS     processes at a time
//     RESULTS  where to put the room's part of the report with the results, and a list of the survivors
// Stryker's own runner takes three to forty seconds a mutant here: the tests are executables of their own, so it can neither see
// which test reaches which mutant nor end the process of one that hangs. So first each test runs alone, to learn how long it takes,
// and once more to note the mutants that it reaches. Each mutant is tried in processes of its own by the tests that reach it, until
// one fails: first by a few quick ones, which kill most mutants, at last by each slow one alone.
using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;

var (tests, filter, runs, results) = (args[2], args[3], int.Parse(args[4]), args[5]);
var report = JsonNode.Parse(File.ReadAllText(args[0]))!.AsObject();
var files = report["files"]!.AsObject();
foreach (var other in files.Select(file => file.Key).Where(file => !$"/{file}".Contains($"/{args[1]}/")).ToList()) files.Remove(other);
var mutants = files
    .SelectMany(file => file.Value!["mutants"]!.AsArray().Select(mutant => new Mutant(file.Key, file.Value["source"]!.ToString(), mutant!.AsObject())))
    .Where(mutant => mutant.Reason == "Removed by mutate filter")
    .ToList();
// An emptied block is of interest where nothing within it is changed.
mutants.RemoveAll(mutant => mutant.IsBlock && mutants.Any(mutant.Contains));
mutants.ForEach(mutant => (mutant.Status, mutant.Reason) = ("NoCoverage", ""));

// With a second for the start of the process.
var mostQuick = TimeSpan.FromSeconds(2);
Tester[] testers = [.. Output(["-list", "methods", "-filterVSTest", filter]).AsParallel().WithDegreeOfParallelism(runs).Select(Learn).OrderBy(t => t.Usual)];

var tried = 0;
Parallel.ForEach(Partitioner.Create(mutants, EnumerablePartitionerOptions.NoBuffering), new() { MaxDegreeOfParallelism = runs }, mutant =>
{
    foreach (var batch in Batches([.. testers.Where(tester => tester.Reached?.Contains(mutant.Id) ?? true)]))
    {
        mutant.Status = "Survived";
        var usual = TimeSpan.FromTicks(batch.Sum(tester => tester.Usual.Ticks));
        var (end, work) = Run([.. batch.Select(tester => tester.Method)], [("STRYKER_MUTANT_ID_CONTROL_VAR", "MUTANT"), ("MUTANT", mutant.Id)], usual);
        if (end == Ending.Passed) continue;
        mutant.Status = end == Ending.Hung ? "Timeout" : "Killed";
        mutant.Reason = $"{end} after {work.TotalSeconds:F1} s by {(batch.Length == 1 ? batch[0].Method : $"one of {batch.Length} tests")}";
        break;
    }
    Console.WriteLine($"{Interlocked.Increment(ref tried)}/{mutants.Count} {mutant.Status} {(mutant.Status == "Survived" ? mutant : mutant.Place)} {mutant.Reason}");
});

Directory.CreateDirectory(results);
File.WriteAllText(Path.Combine(results, "mutation-report.json"), report.ToJsonString(new() { WriteIndented = true }));
var alive = mutants.Where(mutant => mutant.Status is "Survived" or "NoCoverage").ToList();
File.WriteAllLines(Path.Combine(results, "survivors.txt"), alive.Select(mutant => $"{mutant.Status} {mutant}"));
Console.WriteLine($"{mutants.Count} mutants: {string.Join(", ", mutants.CountBy(mutant => mutant.Status).Select(s => $"{s.Value} {s.Key}"))}. "
    + $"Score: {100.0 * (mutants.Count - alive.Count) / mutants.Count:F1} %");

// Learns how long a test takes without a mutation, and which mutants it reaches.
Tester Learn(string method)
{
    var (end, usual) = Run([method], [], TimeSpan.FromMinutes(2));
    if (end != Ending.Passed) throw new InvalidOperationException($"{end} without a mutation: {method}");
    var file = $"mutants-{Guid.NewGuid():N}";
    HashSet<string> reached = [];
    (end, _) = Run([method], [("STRYKER_COVERAGE_FILE", file + ".txt")], usual, folder =>
    {
        foreach (var path in Directory.GetFiles(folder, file + "*"))
            reached.UnionWith(File.ReadAllText(path).Split([',', ';'], StringSplitOptions.RemoveEmptyEntries));
    });
    // Tests that visit mutants millions of times take too long to note them.
    var tester = new Tester(method, usual, end == Ending.Passed ? reached : null);
    Console.WriteLine($"{method}: {usual.TotalSeconds:F1} s, reaches {mutants.Count(m => tester.Reached?.Contains(m.Id) ?? true)} of {mutants.Count}");
    return tester;
}

// The quick ones of some tests in batches of 4, 16 and so on, and the slow ones one by one.
IEnumerable<Tester[]> Batches(Tester[] reaching)
{
    for (int from = 0, most = 4; from < reaching.Length; most *= 4)
    {
        var count = Math.Clamp(reaching.Skip(from).Count(tester => tester.Usual <= mostQuick), 1, most);
        yield return reaching[from..(from + count)];
        from += count;
    }
}

// Runs some tests with a folder of their own for temporary files, since those of a process that is killed stay. The tests may take
// twice the work of a run without a mutation; how long that is depends on what else runs.
(Ending, TimeSpan) Run(string[] methods, (string, string)[] environment, TimeSpan usual, Action<string>? atEnd = null)
{
    var folder = Directory.CreateTempSubdirectory("mutant-").FullName;
    try
    {
        using var process = Start(
            [.. methods.SelectMany(method => new[] { "-method", method }), "-stopOnFail", "-noColor", "-noLogo"], [.. environment, ("TMPDIR", folder)]);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var result = Watch(process, 2 * usual + TimeSpan.FromSeconds(3));
        atEnd?.Invoke(folder);
        return result;
    }
    finally
    {
        Directory.Delete(folder, recursive: true);
    }
}

static (Ending, TimeSpan) Watch(Process process, TimeSpan mostWork)
{
    var (work, before, since) = (TimeSpan.Zero, TimeSpan.Zero, Stopwatch.StartNew());
    while (!process.WaitForExit(50))
    {
        try
        {
            work = process.TotalProcessorTime;
        }
        catch (Exception gone) when (gone is InvalidOperationException or Win32Exception)
        {
            continue;
        }
        // A process that waits for a processor gets more than this of it; one that waits for itself does not.
        var isStuck = since.Elapsed > TimeSpan.FromSeconds(10) && work - before < TimeSpan.FromMilliseconds(50);
        if (since.Elapsed > TimeSpan.FromSeconds(10)) (before, since) = (work, Stopwatch.StartNew());
        if (work < mostWork && !isStuck) continue;
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        return (Ending.Hung, work);
    }
    return (process.ExitCode == 0 ? Ending.Passed : process.ExitCode < 128 ? Ending.Failed : Ending.Crashed, work);
}

List<string> Output(string[] arguments)
{
    using var process = Start([.. arguments, "-noColor", "-noLogo"], []);
    process.BeginErrorReadLine();
    var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    process.WaitForExit();
    return [.. lines];
}

Process Start(string[] arguments, (string Name, string Value)[] environment)
{
    var start = new ProcessStartInfo(tests, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
    foreach (var (name, value) in environment) start.Environment[name] = value;
    return Process.Start(start)!;
}

enum Ending { Passed, Failed, Crashed, Hung }

sealed record Tester(string Method, TimeSpan Usual, HashSet<string>? Reached);

sealed class Mutant(string file, string source, JsonObject node)
{
    public string Id => node["id"]!.ToString();

    public string Status
    {
        get => node["status"]!.ToString();
        set => node["status"] = value;
    }

    public string Reason
    {
        get => node["statusReason"]?.ToString() ?? "";
        set => node["statusReason"] = value;
    }

    public string Place => $"{Path.GetFileName(file)}:{Start.Line}";

    public bool IsBlock => node["mutatorName"]!.ToString() == "Block removal mutation";

    (int Line, int Column) Start => At("start");

    (int Line, int Column) End => At("end");

    public bool Contains(Mutant other) =>
        other != this && other.InFile == file && Start.CompareTo(other.Start) <= 0 && End.CompareTo(other.End) >= 0;

    string InFile => file;

    public override string ToString() => $"{Place}: {OneLine(Original)}  ->  {OneLine(node["replacement"]!.ToString())}";

    string Original
    {
        get
        {
            var lines = source.Split('\n')[(Start.Line - 1)..End.Line];
            lines[^1] = lines[^1][..(End.Column - 1)];
            lines[0] = lines[0][(Start.Column - 1)..];
            return string.Join('\n', lines);
        }
    }

    (int, int) At(string end) => ((int)node["location"]![end]!["line"]!, (int)node["location"]![end]!["column"]!);

    static string OneLine(string text) => string.Join(' ', text.Split('\n', StringSplitOptions.TrimEntries));
}
