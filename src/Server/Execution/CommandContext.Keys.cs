using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution.Intake;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Execution;

ref partial struct CommandContext
{
    /// <summary>
    /// Looks a key up to read its value. An expired key is missing, the hit or miss is counted, and the access field is updated
    /// unless the client set NO-TOUCH. Replies nothing.
    /// </summary>
    public readonly KeyLookup LookupRead(ReadOnlySpan<byte> key) => LookupRead(key, HashOf(key));

    /// <summary>As <see cref="LookupRead(ReadOnlySpan{byte})"/>, of a key that was prefetched.</summary>
    /// <param name="hash">What <see cref="PrefetchKeys"/> gave.</param>
    public readonly KeyLookup LookupRead(ReadOnlySpan<byte> key, ulong hash)
    {
        AssertDeclared(key);
        return Server.Keys.FindToRead(Client, Database, key, hash);
    }

    /// <summary>Updates the access field of a key that was found by other means, unless the client set NO-TOUCH.</summary>
    public readonly void Touch(in KeyLookup at)
    {
        if (!Client.Has(ClientFlags.NoTouch)) Server.Keys.Touch(at.Record);
    }

    /// <summary>Looks a key up to change it: as <see cref="LookupRead(ReadOnlySpan{byte})"/>, but counts neither hit nor miss.</summary>
    public readonly KeyLookup LookupWrite(ReadOnlySpan<byte> key) => LookupWrite(key, HashOf(key));

    /// <inheritdoc cref="LookupRead(ReadOnlySpan{byte}, ulong)"/>
    public readonly KeyLookup LookupWrite(ReadOnlySpan<byte> key, ulong hash)
    {
        AssertDeclared(key);
        return Server.Keys.FindToWrite(Client, Database, key, hash);
    }

    /// <summary>Looks a key up to describe it (TTL, TYPE, EXISTS): counts a hit or a miss, but no access.</summary>
    public readonly KeyLookup PeekCounted(ReadOnlySpan<byte> key)
    {
        var at = Peek(key);
        if (at.Found)
        {
            Server.Keys.Hit(key);
            return at;
        }
        Missed(key);
        return at;
    }

    /// <summary>Counts a miss: a key looked up for reading is not there.</summary>
    public readonly void Missed(ReadOnlySpan<byte> key) => Server.Keys.Missed(Database, key);

    /// <summary>
    /// Looks a key up without counting it or renewing its access field (OBJECT, DEBUG, and commands that do not use the value). An expired
    /// key is missing here too: like every look-up, this one deletes it.
    /// </summary>
    public readonly KeyLookup Peek(ReadOnlySpan<byte> key)
    {
        AssertDeclared(key);
        return Server.Keys.Find(Database, key, HashOf(key));
    }

    /// <summary>Whether there are policies, and the running command is one that they concern.</summary>
    readonly bool AsksPolicies
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Server.Policies.Any && Server.Keys.JudgesTime;
    }

    /// <summary>The deadline that a key gets by the policies (<see cref="KeyPolicies.LifetimeOf"/>), or the one that is asked for.</summary>
    /// <inheritdoc cref="KeyPolicies.LifetimeOf" path="/param"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly long LifetimeOf(ReadOnlySpan<byte> key, long asked = -1, bool isRelative = false) =>
        AsksPolicies ? Server.Policies.LifetimeOf(key, asked, isRelative) : asked;

    /// <summary>The policy of a key, for a command that knows more of it than a lifetime; null without one.</summary>
    public readonly CachePolicy? PolicyOf(ReadOnlySpan<byte> key) =>
        AsksPolicies ? Server.Policies.Find(key) : null;

    /// <summary>The latest deadline that a key may have by the policies, for who asks to have none; -1 if it may have none.</summary>
    public readonly long LatestOf(ReadOnlySpan<byte> key) =>
        AsksPolicies ? Server.Policies.LatestOf(key) : -1;

    /// <summary>Deletes a found key, and tells so with the event "del".</summary>
    /// <param name="key">Its name, from the request.</param>
    /// <param name="countsAsChange">False if the key goes with its last element, whose removal is counted.</param>
    public readonly void Delete(in KeyLookup at, ReadOnlySpan<byte> key, bool countsAsChange = true)
    {
        AssertDeclared(key);
        Server.Keys.Delete(Database, at, key, countsAsChange: countsAsChange);
    }

    /// <summary>
    /// The window has hashed the first key. The spans are compared by address, not by content. An empty first key has the address
    /// of the bytes after it, so the length counts too.
    /// </summary>
    readonly ulong HashOf(ReadOnlySpan<byte> key) => _hasKeyHash && key == Arg(Command.FirstKey) ? _keyHash : Database.HashOf(key);

    /// <summary>Requests with more arguments are not checked: each lookup goes through all keys.</summary>
    const int MostChecked = 256;

    /// <summary>
    /// Asserts that the key specs name the key: ACL, cluster routing and tracking rely on them. DEBUG and other commands for
    /// inspection have none.
    /// </summary>
    [Conditional("DEBUG")]
    readonly void AssertDeclared(ReadOnlySpan<byte> key)
    {
        if ((Command.Flags & (CommandFlags.TouchesArbitraryKeys | CommandFlags.Protected)) != 0 || Count > MostChecked) return;
        var keys = new KeyBuffer(stackalloc KeyRef[16]);
        KeyExtractor.TryGetKeys(Command, Request, ref keys);
        var declared = false;
        foreach (var candidate in keys.Keys) declared |= key.SequenceEqual(Request[candidate.Position]);
        keys.Dispose();
        Debug.Assert(declared, $"{Command.FullName} used a key that it does not declare");
    }

    /// <summary>
    /// Prefetches the buckets and records of keys that the command will look up one by one, so that their cache misses overlap.
    /// </summary>
    /// <param name="hashes">Gets the keys' hashes, for their look-ups; as many keys are prefetched as it holds.</param>
    public readonly void PrefetchKeys(int first, int last, int step, Span<ulong> hashes)
    {
        var count = 0;
        for (var i = first; i <= last && count < hashes.Length; i += step)
        {
            hashes[count] = Database.HashOf(Arg(i));
            Database.PrefetchBucket(hashes[count++]);
        }
        foreach (var hash in hashes[..count]) Database.PrefetchRecord(hash);
    }

    /// <summary>Most keys to prefetch at a time; see <see cref="RequestWindow"/>.</summary>
    public const int PrefetchedKeys = 16;

    /// <summary>Whether the value is of <paramref name="type"/> or missing. Answers WRONGTYPE if not.</summary>
    public readonly bool CheckType(in KeyLookup at, ObjectType type)
    {
        if (!at.Found || at.Record.Type == type) return true;
        Fail(Errors.WrongType);
        return false;
    }
}
