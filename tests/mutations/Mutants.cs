// Runs the tests of a room on each mutant that dotnet-stryker made. Called by tests/mutations/run:
//   dotnet run Mutants.cs REPORT ROOM TESTS FILTER RUNS RESULTS
//     REPORT   stryker's mutation-report.json
//     ROOM     the folder of the room's sources
//     TESTS    the executable of the tests, beside which the mutated assembly lies
//     FILTER   which test classes are for the room, in the language of dotnet test --filter
//     RUNS     processes at a time
//     RESULTS  where to put the room's part of the report with the results, and a list of the survivors
// Stryker's own runner takes three to forty seconds a mutant here: the tests are executables of their own, so it can neither see
// which test reaches which mutant nor end the process of one that hangs. So first each test runs alone, to learn how long it takes.
// The quick ones are run together then, and each slow one alone, once more to note the mutants that they reach. Each mutant is tried
// in a process of its own, by the quick tests and then by the slow ones that reach it, until one fails.
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
var alone = Output(["-list", "methods", "-filterVSTest", filter]).ToDictionary(method => method, method => Work([method]));
var testers = alone.Where(method => method.Value > mostQuick).OrderBy(method => method.Value)
    .Select(method => Learn([method.Key], method.Value)).ToList();
string[] quick = [.. alone.Where(method => method.Value <= mostQuick).Select(method => method.Key)];
if (quick.Length > 0) testers.Insert(0, Learn(quick, Work(quick)));

var tried = 0;
Parallel.ForEach(Partitioner.Create(mutants, EnumerablePartitionerOptions.NoBuffering), new() { MaxDegreeOfParallelism = runs }, mutant =>
{
    foreach (var tester in testers.Where(tester => tester.Reached?.Contains(mutant.Id) ?? true))
    {
        mutant.Status = "Survived";
        var (end, work) = Run(tester.Methods, [("STRYKER_MUTANT_ID_CONTROL_VAR", "MUTANT"), ("MUTANT", mutant.Id)], tester.Usual);
        if (end == Ending.Passed) continue;
        mutant.Status = end == Ending.Hung ? "Timeout" : "Killed";
        mutant.Reason = $"{end} after {work.TotalSeconds:F1} s by {tester.Name}";
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

// What tests take without a mutation.
TimeSpan Work(string[] methods)
{
    var (end, work) = Run(methods, [], TimeSpan.FromMinutes(2));
    return end == Ending.Passed ? work : throw new InvalidOperationException($"{end} without a mutation: {string.Join(", ", methods)}");
}

// Learns which mutants some tests reach.
Tester Learn(string[] methods, TimeSpan usual)
{
    var file = $"mutants-{Guid.NewGuid():N}";
    var (end, _) = Run(methods, [("STRYKER_COVERAGE_FILE", file + ".txt")], usual);
    var written = Directory.GetFiles(Path.GetTempPath(), file + "*");
    var reached = written.SelectMany(path => File.ReadAllText(path).Split([',', ';'], StringSplitOptions.RemoveEmptyEntries)).ToHashSet();
    foreach (var path in written) File.Delete(path);
    // Tests that visit mutants millions of times take too long to note them.
    var tester = new Tester(methods, usual, end == Ending.Passed ? reached : null);
    Console.WriteLine($"{tester.Name}: {usual.TotalSeconds:F1} s, reaches {mutants.Count(m => tester.Reached?.Contains(m.Id) ?? true)} of {mutants.Count}");
    return tester;
}

// Runs some tests. They may take twice the work of a run without a mutation; how long that is depends on what else runs.
(Ending, TimeSpan) Run(string[] methods, (string, string)[] environment, TimeSpan usual)
{
    using var process = Start([.. methods.SelectMany(method => new[] { "-method", method }), "-stopOnFail", "-noColor", "-noLogo"], environment);
    process.BeginOutputReadLine();
    process.BeginErrorReadLine();
    var mostWork = 2 * usual + TimeSpan.FromSeconds(3);
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

sealed record Tester(string[] Methods, TimeSpan Usual, HashSet<string>? Reached)
{
    public string Name => Methods.Length == 1 ? Methods[0] : $"{Methods.Length} quick tests";
}

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
