using System.Globalization;

namespace MiniRedis.Profile;

/// <summary>What the JIT counted in one method.</summary>
/// <param name="Name">Namespace, types and name, as in "System.Span`1[System.Byte].Clear".</param>
/// <param name="Signature">As in "instance void  (class System.String,int32)".</param>
/// <param name="IlBytes">Length of its code, which tells overloads apart.</param>
/// <param name="Counters">In the order in which the JIT expects them.</param>
sealed record MethodCounts(string Name, string Signature, int IlBytes, IReadOnlyList<Counter> Counters)
{
    /// <summary>The highest of the counters.</summary>
    public long Most { get; } = Counters.Where(c => c.Holds == CounterData.Int32).Max(c => (long?)long.Parse(c.Data[0], CultureInfo.InvariantCulture)) ?? 0;
}

/// <summary>A counter, or a sample of the types or methods that were called in one place.</summary>
/// <param name="Kind">The runtime's PgoInstrumentationKind. The lowest four bits say what <paramref name="Data"/> holds.</param>
/// <param name="Offset">Where in the method's code.</param>
/// <param name="Other">For an edge of the flow graph the place where it leads; otherwise flags.</param>
/// <param name="Data">A number, type or method a line.</param>
sealed record Counter(int Kind, int Offset, int Other, IReadOnlyList<string> Data)
{
    const int DataMask = 0xF;

    public CounterData Holds => (CounterData)(Kind & DataMask);
}

enum CounterData
{
    Nothing = 0,
    Int32 = 1,
    Int64 = 2,
    Types = 3,
    Methods = 4,
}

/// <summary>Reads the file that .NET writes at the end of a process with DOTNET_WritePGOData=1.</summary>
static class ProfileText
{
    public static IEnumerable<MethodCounts> Read(IEnumerable<string> lines)
    {
        using var line = lines.GetEnumerator();
        var ilBytes = 0;
        var name = "";
        var signature = "";
        var counters = new List<Counter>();
        while (line.MoveNext())
        {
            var text = line.Current;
            if (text.StartsWith("@@@ ", StringComparison.Ordinal))
            {
                if (counters.Count > 0) yield return new(name, signature, ilBytes, counters);
                counters = [];
                ilBytes = int.Parse(Word(text, "ilSize").AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }
            else if (text.StartsWith("MethodName: ", StringComparison.Ordinal)) name = text["MethodName: ".Length..];
            else if (text.StartsWith("Signature: ", StringComparison.Ordinal)) signature = text["Signature: ".Length..];
            else if (text.StartsWith("Schema ", StringComparison.Ordinal)) counters.Add(ReadCounter(text, line));
        }
        if (counters.Count > 0) yield return new(name, signature, ilBytes, counters);
    }

    static Counter ReadCounter(string schema, IEnumerator<string> line)
    {
        var counter = new Counter(
            (int)Number(schema, "InstrumentationKind"), (int)Number(schema, "ILOffset"), unchecked((int)Number(schema, "Other")), new List<string>());
        if (counter.Holds == CounterData.Nothing) return counter;
        var data = new List<string>();
        for (var left = Number(schema, "Count"); left > 0 && line.MoveNext(); left--)
        {
            var text = line.Current;
            data.Add(counter.Holds is CounterData.Types or CounterData.Methods ? text[(text.IndexOf(' ', StringComparison.Ordinal) + 1)..] : text);
        }
        return counter with { Data = data };
    }

    static long Number(string text, string label) => long.Parse(Word(text, label), CultureInfo.InvariantCulture);

    /// <summary>The word behind a label.</summary>
    static string Word(string text, string label)
    {
        var words = text.Split(' ');
        return words[Array.IndexOf(words, label) + 1];
    }
}
