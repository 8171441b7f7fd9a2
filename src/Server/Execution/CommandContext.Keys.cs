using MiniRedis.Server.Configuration;
using MiniRedis.Resp;
using MiniRedis.Storage;

namespace MiniRedis.Server.Execution;

ref partial struct CommandContext
{
    /// <summary>
    /// Looks a key up to read its value: an expired one is gone, the hit or miss is counted, and its access field is renewed
    /// unless the client asked not to touch. Replies nothing.
    /// </summary>
    /// <param name="always">Renews the access field whatever the client asked (TOUCH).</param>
    public readonly KeyLookup LookupRead(ReadOnlySpan<byte> key, bool always = false)
    {
        var at = PeekCounted(key);
        if (at.Found && (always || !Client.Has(ClientFlags.NoTouch))) Server.Keys.Touch(at.Record);
        return at;
    }

    /// <summary>Looks a key up to change it: like <see cref="LookupRead"/>, but neither hit nor miss.</summary>
    public readonly KeyLookup LookupWrite(ReadOnlySpan<byte> key)
    {
        var at = Peek(key);
        if (at.Found && !Client.Has(ClientFlags.NoTouch)) Server.Keys.Touch(at.Record);
        return at;
    }

    /// <summary>Looks a key up to tell something about it (TTL, TYPE, EXISTS): a hit or a miss, but no use of its value.</summary>
    public readonly KeyLookup PeekCounted(ReadOnlySpan<byte> key)
    {
        var at = Peek(key);
        if (at.Found)
        {
            Server.Statistics.KeyspaceHits++;
            return at;
        }
        Server.Statistics.KeyspaceMisses++;
        if ((Server.Effects.Wanted & KeyspaceEvents.KeyMiss) != 0)
            Server.Effects.Notify(Database.Number, key, KeyspaceEvents.KeyMiss, "keymiss");
        return at;
    }

    /// <summary>Looks a key up without a trace (OBJECT, DEBUG); what has expired is gone here too.</summary>
    public readonly KeyLookup Peek(ReadOnlySpan<byte> key) => Server.Keys.Find(Database, key);

    /// <summary>Whether what was found is of <paramref name="type"/>, or nothing was found; answers WRONGTYPE if not.</summary>
    public readonly bool CheckType(in KeyLookup at, ObjectType type)
    {
        if (!at.Found || at.Record.Type == type) return true;
        Fail(Errors.WrongType);
        return false;
    }
}
