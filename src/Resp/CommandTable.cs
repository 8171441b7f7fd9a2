using System.Buffers.Binary;
using System.Text;

namespace MiniRedis.Resp;

// The idea. Every request looks its command up by name, in whatever case the client wrote it. A name's first and last
// eight bytes, put into upper case eight at a time, are its key: two loads, a multiplication, and a probe that compares
// two integers. Only names longer than 16 bytes need their middle compared. Shorter than eight bytes, overlapping loads
// make one integer of all bytes; the length, compared too, tells apart what overlaps alike.
//
//     slot   Head (8)  Tail (8)  Length (4)  Value        open addressing, linear probing, at most half full

/// <summary>
/// The commands by name, in any case. Built once, changed only by rename-command; the constructor refuses what only a
/// mistake in a declaration can cause.
/// </summary>
/// <remarks>Any thread may look up; Rename and Remove are for start-up, before there are threads.</remarks>
/// <typeparam name="T">The server's command: a spec with its handler.</typeparam>
public sealed class CommandTable<T>
    where T : CommandSpec
{
    private struct Slot
    {
        public ulong Head;
        public ulong Tail;
        public int Length;
        public string Name;
        public T? Value;
    }

    private readonly List<T> _all = [];
    private readonly Dictionary<string, T> _named = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, T> _original = new(StringComparer.OrdinalIgnoreCase);
    private Slot[] _slots = [];

    /// <exception cref="ArgumentException">Two commands of one name, a name not in upper case, an arity of 0, a key spec
    /// that can find no key, an argument that refers to a key spec there is none of.</exception>
    public CommandTable(IEnumerable<T> specs)
    {
        foreach (T spec in specs)
        {
            Validate(spec);
            if (!_named.TryAdd(spec.Name, spec)) throw new ArgumentException($"Command {spec.Name} is declared twice.", nameof(specs));
            _original.Add(spec.Name, spec);
            _all.Add(spec);
        }

        Build();
    }

    /// <summary>The commands in the order of declaration, without those removed.</summary>
    public IReadOnlyList<T> All => _all;

    public int Count => _all.Count;

    /// <summary>The command of that name (after renaming), or null. A subcommand is found from its container.</summary>
    public T? Find(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty) return null;
        (ulong head, ulong tail) = Key(name);
        Slot[] slots = _slots;
        for (uint i = Hash(head, tail, name.Length); ; i++)
        {
            ref Slot slot = ref slots[i & (uint)(slots.Length - 1)];
            if (slot.Value is null) return null;
            if (slot.Head == head && slot.Tail == tail && slot.Length == name.Length
                && (name.Length <= 16 || Ascii.EqualsIgnoreCase(name, slot.Name)))
            {
                return slot.Value;
            }
        }
    }

    public T? Find(string name) => _named.GetValueOrDefault(name);

    /// <summary>
    /// Finds a command by its declared name, even if it was renamed or removed: replication streams and files use that name.
    /// </summary>
    public T? FindOriginal(string name) => _original.GetValueOrDefault(name);

    /// <summary>The subcommand that <paramref name="name"/> selects of a container, or null.</summary>
    public T? FindSubcommand(T container, ReadOnlySpan<byte> name) => (T?)container.FindSubcommand(name);

    /// <summary>Makes a command known under <paramref name="to"/> only (rename-command).</summary>
    /// <returns>False if there is no command <paramref name="from"/>, or another one called <paramref name="to"/>.</returns>
    public bool Rename(string from, string to)
    {
        if (to.Length == 0 || !_named.Remove(from, out T? spec)) return false;
        if (!_named.TryAdd(to, spec))
        {
            _named.Add(from, spec);
            return false;
        }

        Build();
        return true;
    }

    /// <summary>Takes a command away from clients (rename-command to the empty name).</summary>
    public bool Remove(string name)
    {
        if (!_named.Remove(name, out T? spec)) return false;
        _all.Remove(spec);
        Build();
        return true;
    }

    private static void Validate(CommandSpec spec)
    {
        string name = spec.FullName;
        if (spec.Name.Length == 0 || spec.Name.Any(char.IsAsciiLetterLower) || !Ascii.IsValid(spec.Name))
            throw new ArgumentException($"Command {name}: a name is ASCII in upper case.");
        if (spec.Arity == 0) throw new ArgumentException($"Command {name}: a request has at least one argument.");
        if ((spec.Flags & (CommandFlags.Write | CommandFlags.ReadOnly)) == (CommandFlags.Write | CommandFlags.ReadOnly))
            throw new ArgumentException($"Command {name} is both write and read-only.");

        foreach (KeySpec key in spec.Keys)
        {
            if (key.Impossible(spec.Arity) is { } reason) throw new ArgumentException($"Command {name}: a key spec {reason}.");
        }

        ValidateArgs(name, spec.Args, spec.Keys.Length);
        spec.Derive();
        var seen = new HashSet<string>();
        foreach (CommandSpec child in spec.Subcommands)
        {
            if (child is not T) throw new ArgumentException($"Command {name}: a subcommand is of another type.");
            if (!seen.Add(child.Name)) throw new ArgumentException($"Command {child.FullName} is declared twice.");
            Validate(child);
        }
    }

    private static void ValidateArgs(string name, IReadOnlyList<Arg> args, int keySpecs)
    {
        foreach (Arg arg in args)
        {
            if (arg.KeySpecIndex >= keySpecs) throw new ArgumentException($"Command {name}: argument {arg.Name} refers to no key spec.");
            bool needsChildren = arg.Type is ArgType.OneOf or ArgType.Block;
            if (needsChildren == (arg.Children.Count == 0))
                throw new ArgumentException($"Command {name}: argument {arg.Name} has too few or too many children.");
            ValidateArgs(name, arg.Children, keySpecs);
        }
    }

    private void Build()
    {
        int size = 16;
        while (size < _named.Count * 2) size *= 2;
        var slots = new Slot[size];
        foreach ((string name, T spec) in _named)
        {
            byte[] bytes = Encoding.Latin1.GetBytes(name);
            (ulong head, ulong tail) = Key(bytes);
            uint i = Hash(head, tail, bytes.Length);
            while (slots[i & (uint)(size - 1)].Value is not null) i++;
            slots[i & (uint)(size - 1)] = new Slot { Head = head, Tail = tail, Length = bytes.Length, Name = name, Value = spec };
        }

        _slots = slots;
    }

    private static (ulong Head, ulong Tail) Key(ReadOnlySpan<byte> name)
    {
        int length = name.Length;
        if (length >= 8)
        {
            return (Upper(BinaryPrimitives.ReadUInt64LittleEndian(name)),
                Upper(BinaryPrimitives.ReadUInt64LittleEndian(name[(length - 8)..])));
        }

        if (length >= 4)
        {
            ulong low = BinaryPrimitives.ReadUInt32LittleEndian(name);
            ulong high = BinaryPrimitives.ReadUInt32LittleEndian(name[(length - 4)..]);
            return (Upper(low | (high << 32)), 0);
        }

        return (Upper(name[0] | ((ulong)name[length >> 1] << 8) | ((ulong)name[length - 1] << 16)), 0);
    }

    private static uint Hash(ulong head, ulong tail, int length) =>
        (uint)(((head ^ ulong.RotateLeft(tail, 29) ^ (uint)length) * 0x9E3779B97F4A7C15) >> 40);

    /// <summary>Eight ASCII bytes into upper case; bytes that are no letters, and those above 127, stay as they are.</summary>
    private static ulong Upper(ulong bytes)
    {
        const ulong Each = 0x0101010101010101;
        ulong seven = bytes & (0x7F * Each);
        ulong fromA = seven + ((0x80 - 'a') * Each);
        ulong beyondZ = seven + ((0x7F - 'z') * Each);
        ulong letters = fromA & ~beyondZ & ~bytes & (0x80 * Each);
        return bytes ^ (letters >> 2);
    }
}
