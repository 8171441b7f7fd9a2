using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Strings;

/// <summary>
/// Changes the HyperLogLog of one key: adds elements and merges registers. It goes from sparse to dense when a register gets too
/// large for a run, or the runs too long. The value grows and shrinks accordingly.
/// </summary>
/// <remarks>
/// While an editor is in use, nothing else may change the database. The key passed in must not be a span of its own record. The
/// cached cardinality stays as it is: the caller calls <see cref="MarkStale"/> once after all changes.
/// </remarks>
public ref struct HyperLogLogEditor
{
    /// <summary>
    /// Bytes reserved for the next runs. A value on its way to the dense form would otherwise reserve as much as it has.
    /// </summary>
    const int Reserve = 64;

    readonly Database _database;
    readonly ReadOnlySpan<byte> _key;
    readonly long _maxSparse;
    KeyLookup _at;
    Span<byte> _value;

    // The run before the one that was changed last. Merging sets registers in order and need not walk from the first run each
    // time.
    HyperLogLog.RunPosition _hint = new();

    /// <param name="at">Where the key is. Its value has passed <see cref="HyperLogLog.IsOne"/>. If it is not found, it is
    /// created.</param>
    /// <param name="maxSparse">Bytes up to which a value stays sparse: hll-sparse-max-bytes.</param>
    public HyperLogLogEditor(Database database, scoped in KeyLookup at, ReadOnlySpan<byte> key, long maxSparse)
    {
        _database = database;
        _key = key;
        _maxSparse = maxSparse;
        _at = at;
        Resize(at.Found ? at.Record.Text.Length : HyperLogLog.EmptySize);
        if (!at.Found) HyperLogLog.WriteEmpty(_value);
    }

    /// <summary>The key's record as it is now.</summary>
    public readonly Record Record => _at.Record;

    public readonly ReadOnlySpan<byte> Value => _value;

    public readonly void MarkStale() => HyperLogLog.MarkStale(_value);

    public readonly void CacheCount(ulong count) => HyperLogLog.CacheCount(_value, count);

    /// <summary>Adds an element.</summary>
    public HyperLogLogChange Add(scoped ReadOnlySpan<byte> element)
    {
        var (register, run) = HyperLogLog.Place(element);
        return Raise(register, run);
    }

    /// <summary>Sets the registers to the given ones, one a byte. Each is at least as large as it is now.</summary>
    /// <param name="dense">Whether to go to the dense form at once.</param>
    public void Store(scoped ReadOnlySpan<byte> registers, bool dense)
    {
        if (dense && !HyperLogLog.IsDense(_value)) StoreDense(registers);
        else if (HyperLogLog.IsDense(_value)) HyperLogLog.WriteDense(registers, _value[HyperLogLog.HeaderSize..]);
        else StoreSparse(registers);
    }

    void StoreSparse(scoped ReadOnlySpan<byte> registers)
    {
        // One by one, as in Redis. Another order, or new runs, would make other bytes.
        for (var register = 0; register < registers.Length; register++)
        {
            var skipped = registers[register..].IndexOfAnyExcept((byte)0);
            if (skipped < 0) return;
            register += skipped;
            Raise(register, registers[register]);
        }
    }

    /// <summary>Goes to the dense form, unless the value has it. False if the sparse registers are corrupt.</summary>
    public bool TryMakeDense()
    {
        if (HyperLogLog.IsDense(_value)) return true;
        Span<byte> registers = stackalloc byte[HyperLogLog.Registers];
        registers.Clear();
        if (!HyperLogLog.TryMerge(_value, registers)) return false;
        StoreDense(registers);
        return true;
    }

    void StoreDense(scoped ReadOnlySpan<byte> registers)
    {
        var draft = _database.Draft(_at, _key, HyperLogLog.DenseSize, _at.Record.ExpireAt, isSource: true, keepsMetadata: true, out var value);
        HyperLogLog.StartDense(_value, value);
        HyperLogLog.WriteDense(registers, value[HyperLogLog.HeaderSize..]);
        _database.Store(_at, draft);
        _at = _database.Lookup(_key);
        _value = value;
    }

    HyperLogLogChange Raise(int register, byte value)
    {
        if (!HyperLogLog.IsDense(_value)) return RaiseSparse(register, value);
        var raised = HyperLogLog.RaiseRegister(_value[HyperLogLog.HeaderSize..], register, value);
        return raised ? HyperLogLogChange.Changed : HyperLogLogChange.None;
    }

    HyperLogLogChange RaiseSparse(int register, byte value)
    {
        if (value > HyperLogLog.MaxSparseValue) return RaiseDense(register, value);
        if (!TryFind(register, out var at)) return HyperLogLogChange.Corrupt;

        Span<byte> replacement = stackalloc byte[HyperLogLog.MaxReplacement];
        var opcodes = _value[HyperLogLog.HeaderSize..];
        var length = HyperLogLog.Split(opcodes, at, register, value, replacement, out var size);
        if (length == 0) return HyperLogLogChange.None;
        var growth = length - size;
        if (growth > 0 && _value.Length + growth > _maxSparse) return RaiseDense(register, value);

        var oldLength = opcodes.Length;
        if (growth > 0) Resize(_value.Length + growth);
        opcodes = _value[HyperLogLog.HeaderSize..];
        opcodes[(at.Offset + size)..oldLength].CopyTo(opcodes[(at.Offset + length)..]);
        replacement[..length].CopyTo(opcodes[at.Offset..]);
        var remaining = HyperLogLog.Join(opcodes[..(oldLength + growth)], Math.Max(at.Previous, 0));
        if (remaining != opcodes.Length) Resize(HyperLogLog.HeaderSize + remaining);
        _hint = at.Previous < 0 ? new() : new() { Offset = at.Previous, First = at.PreviousFirst };
        return HyperLogLogChange.Changed;
    }

    /// <summary>Finds the run that covers a register, and the run before it.</summary>
    readonly bool TryFind(int register, out HyperLogLog.RunPosition at)
    {
        var opcodes = _value[HyperLogLog.HeaderSize..];
        at = _hint;
        // If a run begins at the hint, its left neighbour is not known, but joining must start there.
        if (register >= at.First && HyperLogLog.TryFindRun(opcodes, register, ref at) && (at.Previous >= 0 || at.Offset == 0))
            return true;
        at = new();
        return HyperLogLog.TryFindRun(opcodes, register, ref at);
    }

    HyperLogLogChange RaiseDense(int register, byte value)
    {
        if (!TryMakeDense()) return HyperLogLogChange.Corrupt;
        HyperLogLog.RaiseRegister(_value[HyperLogLog.HeaderSize..], register, value);
        return HyperLogLogChange.Changed;
    }

    void Resize(int length)
    {
        _value = _database.MutableString(_at, _key, length, out var record, Reserve);
        // If the record has moved, the lookup is invalid.
        if (record != _at.Record) _at = _database.Lookup(_key);
    }
}

/// <summary>What adding to a HyperLogLog did.</summary>
public enum HyperLogLogChange
{
    /// <summary>No register changed.</summary>
    None,

    Changed,

    /// <summary>Nothing, since the registers are corrupt.</summary>
    Corrupt,
}
