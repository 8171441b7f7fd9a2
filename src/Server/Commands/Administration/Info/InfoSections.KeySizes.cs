using System.Globalization;
using System.Numerics;
using System.Text;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration.Info;

/// <summary>
/// How long strings are and how many elements collections have: a histogram of powers of two for each database and type, as Redis 8 has it.
/// </summary>
/// <remarks>
/// Redis counts each change. Here nothing is counted: up to <see cref="MostKeys"/> keys are looked at when somebody asks, and of a larger
/// database a sample of that size stands for all. Every write would pay for a figure that few ask for.
/// </remarks>
static partial class InfoSections
{
    const int MostKeys = 4096;

    /// <summary>The types that Redis has histograms of, in its order, and what it calls what it counts.</summary>
    static readonly (ObjectType Type, string Name)[] s_sizedTypes =
    [
        (ObjectType.String, "strings_sizes"), (ObjectType.List, "lists_items"), (ObjectType.Set, "sets_items"),
        (ObjectType.SortedSet, "zsets_items"), (ObjectType.Hash, "hashes_items"),
    ];

    /// <summary>Counts values by type and by the highest bit of their size.</summary>
    sealed class SizeCounts
    {
        const int Bins = 65;

        readonly long[] _counts = new long[((int)ObjectType.Stream + 1) * Bins];

        public void Add(Record record)
        {
            if (SizeOf(record) is { } size) _counts[(int)record.Type * Bins + (size == 0 ? 0 : BitOperations.Log2((ulong)size) + 1)]++;
        }

        /// <summary>"1=5,2=3": the least size of a bin, and its values. Empty if there are none of the type.</summary>
        public string Histogram(ObjectType type, double scale)
        {
            var text = new StringBuilder();
            for (var bin = 0; bin < Bins; bin++)
            {
                var count = _counts[(int)type * Bins + bin];
                if (count == 0) continue;
                if (text.Length > 0) text.Append(',');
                text.Append(CultureInfo.InvariantCulture, $"{Label(bin)}={(long)Math.Round(count * scale)}");
            }
            return text.ToString();
        }

        static string Label(int bin)
        {
            if (bin == 0) return "0";
            const string Units = " KMGTPE";
            var (power, unit) = ((bin - 1) % 10, (bin - 1) / 10);
            return (1 << power).ToString(CultureInfo.InvariantCulture) + Units[unit].ToString().TrimEnd();
        }
    }

    readonly struct SizeVisitor(SizeCounts counts) : IRecordVisitor
    {
        public void Visit(Record record) => counts.Add(record);
    }

    static long? SizeOf(Record record) => record.Type switch
    {
        ObjectType.String => record.StringLength,
        ObjectType.List => ListValue.CountOf(record),
        ObjectType.Set => new SetReader(record).Count,
        ObjectType.SortedSet => new SortedSetValue(record).Count,
        ObjectType.Hash => new HashReader(record).Count,
        _ => null,
    };

    static void KeySizes(InfoText text, ServerParts server)
    {
        text.Section("Keysizes");
        foreach (var database in server.Keyspace.Databases)
        {
            if (database.Count == 0) continue;
            var counts = new SizeCounts();
            var scale = 1.0;
            if (database.Count <= MostKeys)
            {
                var visitor = new SizeVisitor(counts);
                database.VisitAll(ref visitor);
            }
            else
            {
                Span<Record> sample = new Record[MostKeys];
                var taken = database.Sample(sample, server.Random);
                foreach (var record in sample[..taken]) counts.Add(record);
                scale = (double)database.Count / taken;
            }
            foreach (var (type, name) in s_sizedTypes)
            {
                var histogram = counts.Histogram(type, scale);
                if (histogram.Length > 0) text.Field(string.Create(CultureInfo.InvariantCulture, $"db{database.Number}_distrib_{name}"), histogram);
            }
        }
    }
}
