using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Keys;

/// <summary>
/// Deletes expired fields of one hash, as HDELs that the server itself issues, and with the last field the key. One event
/// "hexpired" tells of all of them. See <see cref="KeyAccess.BeginExpiring"/>.
/// </summary>
ref struct FieldExpiry
{
    /// <summary>Most fields deleted at once: a tenth of a millisecond.</summary>
    const int Most = 256;

    readonly KeyAccess _keys;
    readonly Database _database;
    readonly EffectStream _effects;
    readonly ServerStatistics _statistics;
    readonly bool _isAllowed, _isUnchanged;
    HashEditor _hash;
    int _deleted;

    internal FieldExpiry(
        KeyAccess keys, Database database, in KeyLookup at, EffectStream effects, ServerStatistics statistics, bool isAllowed)
    {
        _keys = keys;
        _database = database;
        _effects = effects;
        _statistics = statistics;
        _isAllowed = isAllowed;
        _isUnchanged = database.IsUnchanged;
        if (isAllowed) _hash = new(database, at, default);
    }

    /// <summary>Whether another field may be deleted. If false, readers skip the fields that have expired.</summary>
    public readonly bool MayGoOn => _isAllowed && _deleted < Most && _hash.Count > 0;

    /// <summary>The hash as it is now, while <see cref="MayGoOn"/>.</summary>
    public readonly HashReader Hash => _hash.Reader;

    /// <summary>Deletes a field that has expired.</summary>
    public void Delete(in HashSpot field)
    {
        if (_effects.IsPropagating)
        {
            Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
            _effects.Begin(_database.Number, 3);
            _effects.Add("HDEL"u8);
            _effects.Add(_hash.At.Record.Key);
            _effects.Add(Hash.Field(field).ToBytes(scratch));
        }
        _hash.Remove(field);
        _deleted++;
        _statistics.ExpiredFields++;
    }

    /// <summary>
    /// Tells what was deleted, and deletes a hash that has become empty. Returns whether the key has changed, so that it has to be
    /// looked up again.
    /// </summary>
    public readonly bool End()
    {
        var hasChanged = _deleted > 0;
        if (hasChanged)
        {
            _effects.Notify(_database.Number, _hash.At.Record.Key, KeyspaceEvents.Hash, "hexpired");
            if (_hash.Count == 0) _keys.Drop(_database, _hash.At, KeyspaceEvents.Generic, "del");
        }
        // The deletions are whole, whatever becomes of the command.
        if (_isUnchanged) _database.ResumeAttempt();
        return hasChanged;
    }
}
