using System.Buffers.Binary;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Acl;

/// <summary>What a pattern of keys allows.</summary>
[Flags]
enum KeyRight : byte
{
    None = 0,

    /// <summary>User data of the key may be read: %R~.</summary>
    Read = 1,

    /// <summary>The key may be changed or deleted: %W~.</summary>
    Write = 2,

    /// <summary>~.</summary>
    All = Read | Write,
}

// Nearly all patterns in use are a text and a star ("app1:*"), or a text. They are compared without the glob matcher: the first
// eight bytes of the key, loaded once, with each pattern's under a mask, and only where they agree the rest.
//
//     pattern "app1:*"    Head  a p p 1 : 0 0 0    Mask  FF FF FF FF FF 0 0 0    Text "app1:"   IsPrefix
//
// Twenty such patterns take some ten nanoseconds.

/// <summary>The patterns of keys of one selector.</summary>
sealed class KeyRights
{
    struct Entry
    {
        public ulong Head, Mask;
        public byte[] Text;
        public KeyRight Right;
        public bool IsPrefix;
    }

    readonly List<(byte[] Pattern, KeyRight Right)> _patterns = [];

    // Made of the patterns by the first look-up after a change: rules come by the thousand, one at a time.
    Entry[]? _plain;
    (byte[] Pattern, KeyRight Right)[] _globs = [];

    public int Count => _patterns.Count;

    /// <summary>The patterns in the order in which they were added, each as a rule.</summary>
    public IEnumerable<string> Rules => _patterns.Select(p => RuleOf(p.Pattern, p.Right));

    public KeyRights Clone()
    {
        var copy = new KeyRights();
        copy._patterns.AddRange(_patterns);
        return copy;
    }

    public void Clear()
    {
        _patterns.Clear();
        _plain = null;
    }

    /// <summary>Adds a pattern, or rights to one that is there.</summary>
    public void Add(byte[] pattern, KeyRight right)
    {
        var known = _patterns.FindIndex(p => p.Pattern.AsSpan().SequenceEqual(pattern));
        if (known < 0) _patterns.Add((pattern, right));
        else _patterns[known] = (pattern, _patterns[known].Right | right);
        _plain = null;
    }

    /// <summary>The rights that a command asks for, by what it does to the key. A command that does none of it needs some pattern only.</summary>
    public static KeyRight Needed(KeyFlags flags) =>
        ((flags & KeyFlags.Access) != 0 ? KeyRight.Read : KeyRight.None)
        | ((flags & (KeyFlags.Insert | KeyFlags.Delete | KeyFlags.Update)) != 0 ? KeyRight.Write : KeyRight.None);

    public bool Allows(ReadOnlySpan<byte> key, KeyRight needed)
    {
        var plain = _plain ?? Compile();
        var head = Head(key);
        foreach (ref readonly var entry in plain.AsSpan())
        {
            if (((head ^ entry.Head) & entry.Mask) != 0 || (entry.Right & needed) != needed) continue;
            if (entry.IsPrefix ? key.StartsWith(entry.Text) : key.SequenceEqual(entry.Text)) return true;
        }
        foreach (var (pattern, right) in _globs)
        {
            if ((right & needed) == needed && Glob.IsMatch(pattern, key)) return true;
        }
        return false;
    }

    /// <summary>Whether one pattern gives the rights to every key that begins with a prefix.</summary>
    public bool AllowsAllBehind(ReadOnlySpan<byte> prefix, KeyRight needed)
    {
        foreach (var (pattern, right) in _patterns)
        {
            if ((right & needed) == needed && Glob.IsMatchOfAllBehind(pattern, prefix)) return true;
        }
        return false;
    }

    /// <summary>Whether a pattern "*" gives the rights to every key.</summary>
    public bool AllowsEvery(KeyRight needed) => _patterns.Exists(p => (p.Right & needed) == needed && p.Pattern is [(byte)'*']);

    Entry[] Compile()
    {
        var plain = new List<Entry>();
        var globs = new List<(byte[], KeyRight)>();
        foreach (var (pattern, right) in _patterns)
        {
            var isPrefix = pattern is [.., (byte)'*'];
            var text = isPrefix ? pattern[..^1] : pattern;
            if (text.AsSpan().ContainsAny("*?[\\"u8)) globs.Add((pattern, right));
            else plain.Add(new Entry { Head = Head(text), Mask = MaskOf(text.Length), Text = text, Right = right, IsPrefix = isPrefix });
        }
        _globs = [.. globs];
        return _plain = [.. plain];
    }

    static ulong Head(ReadOnlySpan<byte> text)
    {
        if (text.Length >= sizeof(ulong)) return BinaryPrimitives.ReadUInt64LittleEndian(text);
        ulong head = 0;
        for (var i = 0; i < text.Length; i++) head |= (ulong)text[i] << (8 * i);
        return head;
    }

    static ulong MaskOf(int bytes) => bytes >= sizeof(ulong) ? ulong.MaxValue : (1UL << (8 * bytes)) - 1;

    static string RuleOf(byte[] pattern, KeyRight right) =>
        (right switch { KeyRight.Read => "%R~", KeyRight.Write => "%W~", _ => "~" }) + ConfigText.FromBytes(pattern);
}
