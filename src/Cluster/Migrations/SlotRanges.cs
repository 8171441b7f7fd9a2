using System.Globalization;
using MiniRedis.Cluster.Bus;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Migrations;

/// <summary>Runs of slots as an operator has named them, both ends included. They do not overlap.</summary>
public sealed class SlotRanges
{
    readonly List<(int First, int Last)> _ranges = [];

    public IReadOnlyList<(int First, int Last)> All => _ranges;

    public SlotSet Slots { get; } = new();

    /// <summary>Adds a run. Returns the one that it overlaps, and then it is not added.</summary>
    public (int First, int Last)? Add(int first, int last)
    {
        foreach (var range in _ranges)
        {
            if (first <= range.Last && last >= range.First) return range;
        }
        _ranges.Add((first, last));
        for (var slot = first; slot <= last; slot++) Slots.Add(slot);
        return null;
    }

    /// <summary>"0-9 20-29".</summary>
    public override string ToString() =>
        string.Join(' ', _ranges.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.First}-{r.Last}")));

    /// <summary>Reads what <see cref="ToString"/> writes; null if it is something else.</summary>
    public static SlotRanges? Parse(string text)
    {
        var ranges = new SlotRanges();
        foreach (var word in text.Split(' '))
        {
            var dash = word.IndexOf('-', StringComparison.Ordinal);
            if (dash < 0 || !TryParse(word.AsSpan(0, dash), out var first) || !TryParse(word.AsSpan(dash + 1), out var last)) return null;
            if (last < first || last >= KeySlot.Count || ranges.Add(first, last) is not null) return null;
        }
        return ranges;
    }

    static bool TryParse(ReadOnlySpan<char> digits, out int slot) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out slot);
}
