using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Databases;

/// <summary>
/// Tells the arena where a command begins to change something (docs/design/memory-refused.md). Whatever changes a key calls
/// <see cref="BeginChange"/> or <see cref="BeginEdit"/> before. What it can allocate before that, it does.
/// </summary>
public sealed unsafe partial class Database
{
    // The entries of the drafts that editors work on: one, and for a moment a second that takes its place.
    ulong* _draft, _olderDraft;

    /// <summary>
    /// Whether the running command has changed nothing yet and drafts nothing, so that it may go on as an attempt after a change that
    /// is whole (<see cref="ResumeAttempt"/>). A draft is given up by its journal, and a change ends the journal.
    /// </summary>
    public bool IsUnchanged => _index.Arena is { IsAttempt: true, IsDraft: false };

    /// <summary>
    /// What has changed so far is whole, with its effects, though the command goes on: an expired key or field was deleted. From
    /// here on it counts as unchanged again. Only if it was before that (<see cref="IsUnchanged"/>).
    /// </summary>
    public void ResumeAttempt() => _index.Arena.BeginAttempt();

    /// <summary>The keyspace is about to change.</summary>
    internal void BeginChange() => _index.Arena.BeginChange();

    /// <summary>A found key's value, or a draft, is about to be changed in place.</summary>
    internal void BeginEdit(in KeyLookup at)
    {
        AssertPrepared(at);
        if (at.Entry == _draft || at.Entry == _olderDraft) return;
        BeginChange();
    }

    /// <summary>Begins something that takes many blocks before the first change (<see cref="Memory.Arena.BeginDraft"/>).</summary>
    internal void BeginDraft() => _index.Arena.BeginDraft();

    /// <summary>What was drafted is gone.</summary>
    internal void ForgetDrafts() => _draft = _olderDraft = null;

    void NoteDraft(ulong* entry)
    {
        _olderDraft = _draft;
        _draft = entry;
    }

    void ForgetDraft(ulong* entry)
    {
        if (_draft == entry) _draft = _olderDraft;
        _olderDraft = null;
    }
}
