using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Sorting;

/// <summary>
/// A pattern of SORT's BY and GET. "#" is the element itself. Otherwise the element replaces the first asterisk. The result names
/// a string's key or, with "->field" behind the asterisk, a field of a hash.
/// </summary>
readonly ref struct SortPattern
{
    readonly ReadOnlySpan<byte> _prefix, _suffix, _field;
    readonly bool _isElement, _isFixed;

    public SortPattern(ReadOnlySpan<byte> pattern)
    {
        _isElement = pattern.SequenceEqual("#"u8);
        var asterisk = pattern.IndexOf((byte)'*');
        _isFixed = asterisk < 0;
        if (_isFixed) return;
        _prefix = pattern[..asterisk];
        _suffix = pattern[(asterisk + 1)..];
        var arrow = _suffix.IndexOf("->"u8);
        // An arrow at the end of the pattern is a part of the key's name.
        if (arrow < 0 || arrow + 2 == _suffix.Length) return;
        _field = _suffix[(arrow + 2)..];
        _suffix = _suffix[..arrow];
    }

    /// <summary>
    /// Looks up the value that the pattern names for an element. False if there is none. A key of another type counts as missing.
    /// A pattern without an asterisk is never looked up.
    /// </summary>
    /// <param name="c">The call.</param>
    /// <param name="element">The element.</param>
    /// <param name="value">
    /// The value in place. Valid until the key changes. Looking up other keys may delete expired ones, which moves nothing.
    /// </param>
    public bool TryResolve(scoped in CommandContext c, scoped in PackedElement element, out PackedElement value)
    {
        value = element;
        if (_isElement) return true;
        value = default;
        if (_isFixed) return false;

        var at = Find(c, element);
        if (!at.Found) return false;
        if (_field.IsEmpty)
        {
            if (at.Record.Type != ObjectType.String) return false;
            value = at.Record.Element;
            return true;
        }
        if (at.Record.Type != ObjectType.Hash) return false;
        var hash = new HashReader(at.Record);
        if (!hash.Find(_field, c.ExpiredBy, out var spot)) return false;
        value = hash.Value(spot);
        return true;
    }

    /// <summary>
    /// The longest key that is put together on the stack. Longer ones are put together in the database's memory.
    /// </summary>
    const int KeyOnStack = 256;

    /// <summary>As CommandContext.LookupRead, for a key that no key spec can declare.</summary>
    KeyLookup Find(scoped in CommandContext c, scoped in PackedElement element)
    {
        var middle = element.ToBytes(stackalloc byte[PackedElement.ScratchBytes]);
        var length = (long)_prefix.Length + middle.Length + _suffix.Length;
        // No key is so long.
        if (length > Array.MaxLength) return default;
        using var room = new Scratch<byte>(c.Database, (int)length, stackalloc byte[KeyOnStack]);
        var key = room.Span;
        _prefix.CopyTo(key);
        middle.CopyTo(key[_prefix.Length..]);
        _suffix.CopyTo(key[(_prefix.Length + middle.Length)..]);

        var at = c.Server.Keys.Find(c.Database, key);
        if (at.Found)
        {
            c.Server.Keys.Hit(key);
            c.Touch(at);
            // No key spec has told the snapshot that SORT reads it.
            c.Database.Keep(at);
        }
        else c.Missed(key);
        return at;
    }
}
