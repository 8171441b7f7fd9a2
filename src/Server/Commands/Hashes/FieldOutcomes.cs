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
/// The outcomes of a command's fields. They are kept until the effects are emitted: one command names the fields that got a
/// deadline, another one those that were deleted.
/// </summary>
ref struct FieldOutcomes
{
    readonly Scratch<FieldOutcome> _outcomes;

    public FieldOutcomes(Database database, Span<FieldOutcome> small, int count) => _outcomes = new(database, count, small);

    public readonly ref FieldOutcome this[int index] => ref _outcomes[index];

    public readonly int Count(FieldOutcome outcome) => _outcomes.Span.Count(outcome);

    public readonly void Dispose() => _outcomes.Dispose();
}
