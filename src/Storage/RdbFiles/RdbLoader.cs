using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.RdbValues;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.RdbFiles;

/// <summary>
/// Loads a file into a keyspace in slices, so that the owner of the thread can serve others in between. Records are made as their
/// values are read, and enter the index in groups: while one group is read, the buckets of the other are being loaded into the
/// cache.
/// </summary>
/// <remarks>Belongs to the thread of its keyspace. After an error, all keys before it are loaded.</remarks>
public sealed class RdbLoader : IDisposable
{
    /// <summary>Records that wait for their buckets.</summary>
    const int GroupSize = 32;

    readonly Keyspace _keyspace;
    readonly RdbInput _input;
    readonly RdbLoadOptions _options;
    readonly IRdbLoadTarget _target;
    readonly RdbFileReader _file = new();
    readonly Record[] _group = new Record[GroupSize];
    readonly ulong[] _hashes = new ulong[GroupSize];
    readonly long[] _offsets = new long[GroupSize];
    Database _database;
    int _waiting;

    // A copy of the key whose value is being read: the key's place in the input may not outlive a long value.
    byte[] _key = new byte[256];
    bool _begun;

    public RdbLoader(Keyspace keyspace, RdbInput input, in RdbLoadOptions options, IRdbLoadTarget target)
    {
        _keyspace = keyspace;
        _database = keyspace[0];
        _input = input;
        _options = options;
        _target = target;
    }

    /// <summary>Keys loaded so far.</summary>
    public long KeysLoaded { get; private set; }

    /// <summary>Keys left out so far because they had expired.</summary>
    public long KeysExpired { get; private set; }

    /// <summary>Keys left out so far because their collections were empty.</summary>
    public long KeysEmpty { get; private set; }

    /// <summary>Bytes read so far.</summary>
    public long Position => _input.Position;

    /// <summary>Bytes of the whole file.</summary>
    public long Length => _input.Length;

    /// <inheritdoc cref="RdbInput.IsReady"/>
    public bool IsReady => _input.IsReady;

    /// <summary>Loads some more: about so many bytes, or keys.</summary>
    /// <returns>True once everything is loaded.</returns>
    /// <exception cref="RdbException">The file is damaged.</exception>
    public bool Step(long bytes, int keys = int.MaxValue)
    {
        var reader = new RdbReader(_input);
        try
        {
            var end = Position + bytes;
            if (!_begun)
            {
                _begun = true;
                _file.Begin(ref reader, _options.AnyVersion);
                Check(reader, "the header");
            }
            var isDone = false;
            while (!isDone && reader.Offset < end && keys-- > 0) isDone = !LoadPart(ref reader);
            reader.Keep();
            Flush();
            return isDone;
        }
        catch (RdbException)
        {
            while (_waiting > 0) _database.Abandon(_group[--_waiting]);
            throw;
        }
        finally
        {
            reader.Dispose();
        }
    }

    /// <returns>False at the end.</returns>
    bool LoadPart(ref RdbReader reader)
    {
        var part = _file.Next(ref reader, out var entry);
        switch (part)
        {
            case RdbPart.Key:
                LoadKey(ref reader, entry);
                break;
            case RdbPart.Auxiliary:
                if (entry.Name.SequenceEqual(RdbMetadata.FieldName)) Apply(entry.Value);
                else _target.OnAuxiliary(entry.Name, entry.Value);
                break;
            case RdbPart.Function:
                if (_target.OnFunction(entry.Value) is { } reason) reader.Fail(reason);
                break;
            case RdbPart.Database:
                Flush();
                if (_file.Database < _keyspace.DatabaseCount) _database = _keyspace[_file.Database];
                else reader.Fail($"the file holds database {_file.Database}, and there are only {_keyspace.DatabaseCount}");
                break;
            case RdbPart.Size:
                _database.Expect(entry.Keys);
                break;
            case RdbPart.End:
                End(ref reader);
                return false;
        }
        if (reader.Failed) Check(reader, $"what a key of database {_file.Database} begins with");
        return true;
    }

    /// <summary>Gives keys of the database their metadata. The keys come before.</summary>
    void Apply(ReadOnlySpan<byte> payload)
    {
        Flush();
        if (!_database.TryApply(payload, out _)) _target.OnUnknownMetadata();
    }

    void LoadKey(ref RdbReader reader, scoped RdbEntry entry)
    {
        if (_key.Length < entry.Name.Length) _key = new byte[entry.Name.Length];
        var key = _key.AsSpan(0, entry.Name.Length);
        entry.Name.CopyTo(key);
        var database = _database;
        var hash = database.HashOf(key);
        database.PrefetchBucket(hash);
        var record = RdbValueReader.Read(ref reader, entry.Type, database, key, entry.ExpireAt, _options.Limits);
        if (record.IsNull)
        {
            if (!reader.ForgiveEmpty()) Check(reader, Describe(entry.Type));
            KeysEmpty++;
            _target.OnEmptyKey(key);
            return;
        }
        if (entry.ExpireAt >= 0 && entry.ExpireAt < _options.DropExpiredAt)
        {
            database.Abandon(record);
            KeysExpired++;
            _target.OnExpiredKey(database.Number, key);
            return;
        }
        record.AccessField = _target.AccessFieldOf(entry.Access);
        _group[_waiting] = record;
        _hashes[_waiting] = hash;
        _offsets[_waiting] = reader.Offset;
        if (++_waiting == GroupSize) Flush();
    }

    /// <summary>Adds the records that wait to the index.</summary>
    void Flush()
    {
        for (var i = 0; i < _waiting; i++)
        {
            if (_database.TryAdd(_group[i], _hashes[i])) continue;
            if (_options.Replaces) _database.Put(_group[i]);
            else
            {
                var failure = new RdbException("a key occurs twice", _offsets[i], Describe(RdbValueWriter.TypeOf(_group[i])));
                // The records before this one belong to the index now.
                _group.AsSpan(i, _waiting - i).CopyTo(_group);
                _waiting -= i;
                throw failure;
            }
        }
        KeysLoaded += _waiting;
        _waiting = 0;
    }

    void End(ref RdbReader reader)
    {
        reader.Keep();
        if (!_file.HasChecksum) return;
        var computed = _input.Checksum;
        var stored = (ulong)reader.Int64();
        if (_options.VerifiesChecksum && !reader.Failed && stored != 0 && stored != computed)
            reader.Fail($"Wrong RDB checksum expected: ({computed:x}) but got ({stored:x}): RDB CRC error");
        Check(reader, "the checksum");
    }

    static void Check(in RdbReader reader, string reading)
    {
        if (reader.Error is { } reason) throw new RdbException(reason, reader.Offset, reading);
    }

    string Describe(RdbType type) => $"a key of database {_database.Number} whose value is of the form {type}";

    public void Dispose() => _input.Dispose();
}
