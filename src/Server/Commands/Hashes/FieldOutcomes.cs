using System.Buffers;

namespace MiniRedis.Server.Commands.Hashes;

/// <summary>What became of each field of a command, as Redis numbers it.</summary>
enum FieldOutcome : sbyte
{
    NoSuchField = -2,
    NoDeadline = -1,
    NotMet = 0,
    Done = 1,
    Deleted = 2,
}

/// <summary>
/// The outcomes of a command's fields, kept because the effects come after all of them: the fields that got a deadline in one command,
/// those that were deleted in another.
/// </summary>
ref struct FieldOutcomes
{
    readonly Span<FieldOutcome> _outcomes;
    FieldOutcome[]? _rented;

    public FieldOutcomes(Span<FieldOutcome> small, int count)
    {
        if (count > small.Length) small = _rented = ArrayPool<FieldOutcome>.Shared.Rent(count);
        _outcomes = small[..count];
    }

    public readonly ref FieldOutcome this[int index] => ref _outcomes[index];

    public readonly int Count(FieldOutcome outcome) => _outcomes.Count(outcome);

    public void Dispose()
    {
        if (_rented is not null) ArrayPool<FieldOutcome>.Shared.Return(_rented);
        _rented = null;
    }
}
