using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>Takes a key's value of each server over to the other, by DUMP and RESTORE.</summary>
static class CrossRestore
{
    /// <summary>The version of the format that redis-server 7.0 writes, and the newest that it reads.</summary>
    const char OldVersion = (char)10;

    /// <summary>RDB types that came with 7.2: a set in a listpack, and streams whose consumers know when they were active.</summary>
    const char SetListpack = (char)20, StreamListpacks3 = (char)21;

    /// <summary>Bytes at the end of a payload: two of a version, eight of a checksum, which the old server does not look at.</summary>
    const int FooterLength = 10;

    /// <summary>Answers what went wrong, or null.</summary>
    public static string? Failure(RawClient ours, RawClient theirs, string key)
    {
        // A listpack forgets the sign of a zero. We put members into one until one is too long for it, redis-server only when it has
        // seen all: where a long member follows a -0, only redis-server still knows the sign.
        var scores = theirs.CallWords("ZRANGE", key, "0", "-1", "WITHSCORES") + " ";
        if (scores.Contains("-0 ", StringComparison.Ordinal)) return null;
        var (mine, right) = (ours.CallWords("DUMP", key), theirs.CallWords("DUMP", key));
        if (mine[0] != '$' || right[0] != '$' || mine == "$-1" || right == "$-1") return mine == right ? null : $"DUMP: {mine} and {right}";
        var (our, their) = (Payload(mine), Payload(right));
        var toUs = ours.CallWords("RESTORE", Words.RestoredKey, "0", their, "REPLACE");
        var toThem = theirs.CallWords("RESTORE", Words.RestoredKey, "0", our[0] is SetListpack or StreamListpacks3 ? their : Aged(our), "REPLACE");
        if (toUs != "+OK" || toThem != "+OK") return $"RESTORE of theirs: {toUs}, of ours: {toThem}";
        foreach (var same in (string[])[key, Words.RestoredKey])
        {
            var (digest, expected) = (ours.CallWords("DEBUG", "DIGEST-VALUE", same), theirs.CallWords("DEBUG", "DIGEST-VALUE", same));
            if (digest != expected) return $"digest of {same}: ours {digest}, theirs {expected}";
        }
        return null;
    }

    static string Payload(string reply) => reply[(reply.IndexOf(' ', StringComparison.Ordinal) + 1)..];

    static string Aged(string payload) => string.Concat(payload[..^FooterLength], $"{OldVersion}\0", payload[^(FooterLength - 2)..]);
}
