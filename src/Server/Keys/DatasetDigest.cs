using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;

namespace MiniRedis.Server.Keys;

/// <summary>
/// DEBUG DIGEST's 160 bits: equal for equal data, whatever their order in memory, here and in Redis. Test suites compare a master
/// with its replica by it, and a server with itself after a restart.
/// <para>
/// A running digest d has two operations. Unordered items are xored in, d ^= SHA1(x). Ordered items are mixed in, d = SHA1(d ^
/// SHA1(x)). A key's digest mixes its name, type and value. The digest of the data set xors those of all keys after the number of
/// each database. (Source of the construction: computeDatasetDigest in Redis's debug.c.)
/// </para>
/// </summary>
#pragma warning disable CA5350 // SHA1 is what Redis's digest is made of; nothing is kept secret by it.
sealed class DatasetDigest
{
    const int Bytes = SHA1.HashSizeInBytes;

    [InlineArray(Bytes)]
    struct Hash
    {
        byte _first;
    }

    Hash _digest;

    /// <summary>Adds the keys of every database that is not empty.</summary>
    public void AddAll(Keyspace keyspace)
    {
        foreach (var database in keyspace.Databases)
        {
            if (database.Count == 0) continue;
            MixNumber(database.Number);
            var visitor = new Visitor(this, database);
            ulong cursor = 0;
            do cursor = database.Scan(cursor, ref visitor);
            while (cursor != 0);
        }
    }

    readonly struct Visitor(DatasetDigest total, Database database) : IRecordVisitor
    {
        public void Visit(Record record)
        {
            // Master and replica sweep at different times what a purge has overtaken.
            if (database.IsPurged(record)) return;
            var one = new DatasetDigest();
            one.Mix(record.Key);
            one.AddValue(record);
            total.Xor(one._digest);
        }
    }

    /// <summary>Adds type and content of a value, and whether it expires (not when).</summary>
    public void AddValue(Record record)
    {
        MixNumber((int)record.Type);
        if (record.Type == ObjectType.String)
        {
            Span<byte> scratch = stackalloc byte[32];
            Mix(record.GetString(scratch));
        }
        else if (record.Type == ObjectType.List)
        {
            var elements = new ElementMixer(this);
            ListValue.Read(record, ref elements);
        }
        else if (record.Type == ObjectType.Set) AddSet(new SetReader(record));
        else if (record.Type == ObjectType.Hash) AddHash(new HashReader(record));
        else if (record.Type == ObjectType.SortedSet) AddSortedSet(new SortedSetValue(record));
        else if (record.Type == ObjectType.Stream) MixStream(new StreamCursor(record));
        if (record.HasExpiry) Xor("!!expire!!"u8);
    }

    readonly struct ElementMixer(DatasetDigest digest) : IElementVisitor
    {
        public bool Visit(PackedElement element)
        {
            digest.Mix(element.ToBytes(stackalloc byte[PackedElement.ScratchBytes]));
            return true;
        }
    }

    void AddSet(in SetReader set)
    {
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        for (var members = set.Members(); members.Next();) Xor(members.Current.ToBytes(scratch));
    }

    void AddHash(in HashReader hash)
    {
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        for (var fields = hash.Fields(HashReader.Everything); fields.Next();)
        {
            var pair = new DatasetDigest();
            pair.Mix(fields.Field.ToBytes(scratch));
            pair.Mix(fields.Value.ToBytes(scratch));
            // As in Redis 7.4: whether the field expires, not when.
            if (fields.ExpireAt >= 0) pair.Xor("!!hexpire!!"u8);
            Xor(pair._digest);
        }
    }

    void AddSortedSet(in SortedSetValue set)
    {
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        for (var cursor = set.From(0); cursor.IsValid; cursor.Move())
        {
            var pair = new DatasetDigest();
            pair.Mix(cursor.Member.ToBytes(scratch));
            pair.Mix(Encoding.ASCII.GetBytes(Printed(cursor.Score)));
            Xor(pair._digest);
        }
    }

    /// <summary>A score as C prints it with "%.17g".</summary>
    static string Printed(double score) =>
        double.IsInfinity(score) ? score > 0 ? "inf" : "-inf" : score.ToString("G17", CultureInfo.InvariantCulture).Replace('E', 'e');

    void MixStream(StreamCursor entry)
    {
        Span<byte> scratch = stackalloc byte[StreamId.MaxLength];
        while (entry.MoveNext())
        {
            var length = entry.Id.Format(scratch);
            // Redis has a point between the two numbers here.
            scratch[scratch.IndexOf((byte)'-')] = (byte)'.';
            Mix(scratch[..length]);
            for (var i = entry.FieldCount; i > 0; i--)
            {
                entry.NextField(out var field, out var value);
                Mix(field.ToBytes(scratch));
                Mix(value.ToBytes(scratch));
            }
        }
    }

    /// <summary>Adds an unordered item.</summary>
    public void Xor(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Bytes];
        SHA1.HashData(data, hash);
        for (var i = 0; i < Bytes; i++) _digest[i] ^= hash[i];
    }

    /// <summary>Adds an item whose order counts.</summary>
    public void Mix(ReadOnlySpan<byte> data)
    {
        Xor(data);
        Span<byte> hash = stackalloc byte[Bytes];
        SHA1.HashData(_digest, hash);
        hash.CopyTo(_digest);
    }

    void MixNumber(int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        Mix(bytes);
    }

    public override string ToString() => Convert.ToHexStringLower(_digest);
}
