using System.Runtime.InteropServices;
using MiniRedis.Server.Buffers;

namespace MiniRedis.Server.Keys;

/// <summary>Names of keys that a command notes for what is done behind it. In native memory: a script may make a million.</summary>
sealed class NotedKeys
{
    // | database (4) | length (4) | key | for each.
    readonly NativeWriter _notes = new();

    public bool Any => _notes.Length > 0;

    public void Add(int database, ReadOnlySpan<byte> key)
    {
        var head = (database, key.Length);
        _notes.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<(int, int)>(in head)));
        _notes.Write(key);
    }

    public void Clear() => _notes.Clear();

    /// <summary>The keys in their order. While they are looked through, none may be added.</summary>
    public Enumerator GetEnumerator() => new(_notes.Written);

    /// <summary>Goes through the keys.</summary>
    public ref struct Enumerator(ReadOnlySpan<byte> rest)
    {
        ReadOnlySpan<byte> _rest = rest;

        public Noted Current { get; private set; }

        public bool MoveNext()
        {
            if (_rest.IsEmpty) return false;
            var (database, length) = MemoryMarshal.Read<(int, int)>(_rest);
            _rest = _rest[(2 * sizeof(int))..];
            Current = new(database, _rest[..length]);
            _rest = _rest[length..];
            return true;
        }
    }

    /// <summary>One of the keys.</summary>
    public readonly ref struct Noted(int database, ReadOnlySpan<byte> key)
    {
        readonly ReadOnlySpan<byte> _key = key;

        public void Deconstruct(out int number, out ReadOnlySpan<byte> name)
        {
            number = database;
            name = _key;
        }
    }
}
