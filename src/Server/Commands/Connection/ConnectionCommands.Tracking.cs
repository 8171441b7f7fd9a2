using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Tracking;

namespace MiniRedis.Server.Commands.Connection;

/// <summary>CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO: client-side caching. See <see cref="TrackedKeys"/>.</summary>
static partial class ConnectionCommands
{
    const CommandFlags TrackingFlags = ClientFlagsOfAll & ~CommandFlags.Sentinel;

    static Command ClientTrackingSpec => ClientSubcommand("TRACKING", "6.0.0", -3,
        "Turns messages about keys that the connection has read, and that change, on and off.", ClientTrackingRun,
        [
            Arg.OneOf("status", Arg.Token("ON"), Arg.Token("OFF")),
            Arg.Integer("client-id").After("REDIRECT").Optional(),
            Arg.String("prefix").After("PREFIX").Optional().MultipleToken(),
            Arg.Token("BCAST").Optional(),
            Arg.Token("OPTIN").Optional(),
            Arg.Token("OPTOUT").Optional(),
            Arg.Token("NOLOOP").Optional(),
        ],
        flags: TrackingFlags, complexity: "O(1). Some options may introduce additional complexity.");

    static Command ClientCachingSpec => ClientSubcommand("CACHING", "6.0.0", 3,
        "Tells whether the keys that the next command reads are to be tracked.", ClientCaching,
        [Arg.OneOf("mode", Arg.Token("YES"), Arg.Token("NO"))], flags: TrackingFlags);

    static Command ClientGetRedirSpec => ClientSubcommand("GETREDIR", "6.0.0", 2,
        "Tells the id of the connection that gets the connection's messages about keys.",
        static (ref CommandContext c) => c.Reply.Integer(c.Client.TrackingRedirect), flags: TrackingFlags);

    static Command ClientTrackingInfoSpec => ClientSubcommand("TRACKINGINFO", "6.2.0", 2,
        "Tells how the connection tracks keys.", ClientTrackingInfo, flags: TrackingFlags);

    static void ClientTrackingRun(ref CommandContext c)
    {
        var modes = TrackingModes.None;
        long redirect = 0;
        var prefixes = new List<int>();
        for (var i = 3; i < c.Count; i++)
        {
            var isLast = i + 1 == c.Count;
            if (c.IsToken(i, "REDIRECT"u8) && !isLast)
            {
                if (!TryRedirect(ref c, ++i, ref redirect)) return;
            }
            else if (c.IsToken(i, "PREFIX"u8) && !isLast) prefixes.Add(++i);
            else if (c.IsToken(i, "BCAST"u8)) modes |= TrackingModes.Broadcast;
            else if (c.IsToken(i, "OPTIN"u8)) modes |= TrackingModes.OptIn;
            else if (c.IsToken(i, "OPTOUT"u8)) modes |= TrackingModes.OptOut;
            else if (c.IsToken(i, "NOLOOP"u8)) modes |= TrackingModes.NoLoop;
            else
            {
                c.Fail(Errors.Syntax);
                return;
            }
        }
        if (c.IsToken(2, "ON"u8))
        {
            if (!MayTrack(ref c, modes, prefixes)) return;
            c.Server.Tracking.Enable(c.Client, modes, redirect);
            var tracking = c.Client.Tracking!;
            var before = tracking.Prefixes.Count;
            foreach (var at in prefixes) c.Server.Tracking.AddPrefix(c.Client, c.Arg(at));
            if (prefixes.Count == 0 && (modes & TrackingModes.Broadcast) != 0) c.Server.Tracking.AddPrefix(c.Client, default);
            if (tracking.Prefixes.Count != before) tracking.OrderPrefixes();
        }
        else if (c.IsToken(2, "OFF"u8))
        {
            c.Server.Tracking.Disable(c.Client);
        }
        else
        {
            c.Fail(Errors.Syntax);
            return;
        }
        c.Reply.Ok();
    }

    static bool TryRedirect(ref CommandContext c, int at, ref long redirect)
    {
        if (redirect != 0)
        {
            c.Fail(Errors.TrackingOneRedirect);
            return false;
        }
        if (!c.TryInteger(at, out redirect)) return false;
        if (c.Server.Clients.TryGet(redirect, out _)) return true;
        c.Fail(Errors.TrackingNoRedirect);
        return false;
    }

    /// <summary>Whether the modes fit each other and the modes that are on. Answers an error if not.</summary>
    static bool MayTrack(ref CommandContext c, TrackingModes modes, List<int> prefixes)
    {
        var now = c.Client.Tracking?.Modes ?? TrackingModes.None;
        var broadcast = (modes & TrackingModes.Broadcast) != 0;
        var (optIn, optOut) = ((modes & TrackingModes.OptIn) != 0, (modes & TrackingModes.OptOut) != 0);
        if (!broadcast && prefixes.Count > 0) c.Fail(Errors.TrackingPrefixNeedsBcast);
        else if ((now & TrackingModes.On) != 0 && broadcast != ((now & TrackingModes.Broadcast) != 0)) c.Fail(Errors.TrackingSwitchBcast);
        else if (broadcast && (optIn || optOut)) c.Fail(Errors.TrackingOptWithBcast);
        else if (optIn && optOut) c.Fail(Errors.TrackingOptInAndOut);
        else if (optIn && (now & TrackingModes.OptOut) != 0 || optOut && (now & TrackingModes.OptIn) != 0) c.Fail(Errors.TrackingSwitchOpt);
        else return !AnyOverlap(ref c, prefixes);
        return false;
    }

    /// <summary>
    /// Whether a prefix begins with another one of the client or of the request: its keys would be told twice. Answers an error
    /// that names both. (Redis compares only the first prefix with the others of the request; for later ones it answers the error
    /// and then an OK.)
    /// </summary>
    static bool AnyOverlap(ref CommandContext c, List<int> prefixes)
    {
        var present = c.Client.Tracking?.Prefixes.Count ?? 0;
        if ((long)prefixes.Count * (present + prefixes.Count) > MostPairs) return AnyOverlapOfMany(ref c, prefixes);
        for (var i = 0; i < prefixes.Count; i++)
        {
            var prefix = c.Arg(prefixes[i]);
            foreach (var existing in c.Client.Tracking?.Prefixes ?? [])
            {
                if (!Overlap(prefix, existing.Text)) continue;
                c.Fail(Errors.TrackingPrefixExists(prefix, existing.Text));
                return true;
            }
            for (var j = i + 1; j < prefixes.Count; j++)
            {
                if (!Overlap(prefix, c.Arg(prefixes[j]))) continue;
                c.Fail(Errors.TrackingPrefixTwice(prefix, c.Arg(prefixes[j])));
                return true;
            }
        }
        return false;
    }

    /// <summary>Most pairs of prefixes that are compared one by one.</summary>
    const int MostPairs = 10_000;

    /// <summary>
    /// As <see cref="AnyOverlap"/>, in the time of sorting. In sorted order all prefixes between P and one that begins with P
    /// begin with P too, so it is enough to compare neighbours. The pair that is answered may be another one.
    /// </summary>
    static bool AnyOverlapOfMany(ref CommandContext c, List<int> prefixes)
    {
        var all = new List<(byte[] Text, bool IsNew)>(prefixes.Count);
        foreach (var at in prefixes) all.Add((c.Arg(at).ToArray(), true));
        foreach (var existing in c.Client.Tracking?.Prefixes ?? []) all.Add((existing.Text, false));
        all.Sort(static (x, y) => x.Text.AsSpan().SequenceCompareTo(y.Text));
        for (var i = 1; i < all.Count; i++)
        {
            var (one, other) = (all[i - 1], all[i]);
            if (!Overlap(one.Text, other.Text)) continue;
            if (one.IsNew && other.IsNew) c.Fail(Errors.TrackingPrefixTwice(one.Text, other.Text));
            else c.Fail(one.IsNew ? Errors.TrackingPrefixExists(one.Text, other.Text) : Errors.TrackingPrefixExists(other.Text, one.Text));
            return true;
        }
        return false;
    }

    static bool Overlap(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other) => one.StartsWith(other) || other.StartsWith(one);

    static void ClientCaching(ref CommandContext c)
    {
        if (c.Client.Tracking is not { IsOn: true } tracking)
        {
            c.Fail(Errors.CachingNeedsTracking);
            return;
        }
        var yes = c.IsToken(2, "YES"u8);
        if (!yes && !c.IsToken(2, "NO"u8)) c.Fail(Errors.Syntax);
        else if (yes && !tracking.Has(TrackingModes.OptIn)) c.Fail(Errors.CachingYesNeedsOptIn);
        else if (!yes && !tracking.Has(TrackingModes.OptOut)) c.Fail(Errors.CachingNoNeedsOptOut);
        else
        {
            tracking.Modes |= TrackingModes.Caching;
            c.Reply.Ok();
        }
    }

    static void ClientTrackingInfo(ref CommandContext c)
    {
        var reply = c.Reply;
        var tracking = c.Client.Tracking;
        var modes = tracking?.Modes ?? TrackingModes.None;
        reply.Map(3);
        reply.Bulk("flags"u8);
        var flags = reply.BeginDeferred();
        var count = 0;
        Flag((modes & TrackingModes.On) != 0 ? "on" : "off");
        var caching = (modes & TrackingModes.Caching) != 0;
        if ((modes & TrackingModes.Broadcast) != 0) Flag("bcast");
        if ((modes & TrackingModes.OptIn) != 0)
        {
            Flag("optin");
            if (caching) Flag("caching-yes");
        }
        if ((modes & TrackingModes.OptOut) != 0)
        {
            Flag("optout");
            if (caching) Flag("caching-no");
        }
        if ((modes & TrackingModes.NoLoop) != 0) Flag("noloop");
        if ((modes & TrackingModes.Broken) != 0) Flag("broken_redirect");
        reply.EndSet(flags, count);
        reply.Bulk("redirect"u8);
        reply.Integer(c.Client.TrackingRedirect);
        reply.Bulk("prefixes"u8);
        reply.Array(tracking?.Prefixes.Count ?? 0);
        foreach (var prefix in tracking?.Prefixes ?? []) reply.Bulk(prefix.Text);

        void Flag(string name)
        {
            reply.Bulk(name);
            count++;
        }
    }
}
