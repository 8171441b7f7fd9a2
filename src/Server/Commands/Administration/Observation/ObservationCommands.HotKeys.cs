using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Monitoring;
using MiniRedis.Storage.Sketches;

namespace MiniRedis.Server.Commands.Administration.Observation;

/// <summary>
/// HOTKEYS, as Redis 8.6 and Valkey 9.2 have it. GET tells of a session (Redis) if there is one, otherwise of the last window (Valkey) if
/// hotkeys-top-k is set.
/// </summary>
static partial class ObservationCommands
{
    const CommandFlags TrackingHotKeys = CommandFlags.Admin | CommandFlags.NoScript;

    /// <summary>Redis's bounds of COUNT, its default, and the most seconds of DURATION.</summary>
    const int MostHotKeys = 64, UsualHotKeys = 10, MostSeconds = 1_000_000;

    static readonly Command HotKeysSpec = new()
    {
        Name = "HOTKEYS", Group = CommandGroup.Server, Since = "8.6.0", Complexity = "Depends on subcommand.",
        Summary = "A container for commands that find the most used keys.",
        Arity = -2,
        Subcommands =
        [
            HotKeysSubcommand("GET", "O(K) where K is the number of keys", "Tells of the most used keys.", HotKeysGet),
            HotKeysSubcommand("RESET", "O(K) where K is the number of keys", "Forgets what was found.", HotKeysReset),
            new Command
            {
                Name = "START", Group = CommandGroup.Server, Since = "8.6.0", Complexity = "O(1)",
                Summary = "Starts a session that finds the most used keys.",
                Arity = -4, Flags = TrackingHotKeys,
                Args =
                [
                    Arg.Block("metrics", Arg.Integer("count"), Arg.Token("CPU").Optional(), Arg.Token("NET").Optional()).After("METRICS"),
                    Arg.Integer("k").After("COUNT").Optional(), Arg.Integer("seconds").After("DURATION").Optional(),
                    Arg.Integer("ratio").After("SAMPLE").Optional(),
                    Arg.Block("slots", Arg.Integer("count"), Arg.Integer("slot").Multiple()).After("SLOTS").Optional(),
                ],
                Tips = HotKeysTips,
                Run = HotKeysStart,
            },
            HotKeysSubcommand("STOP", "O(1)", "Ends the session and keeps what it found.", HotKeysStop),
            Help.Subcommand("8.6.0", CommandGroup.Server,
                ("GET", "Tells what the session has found, or of the last window if hotkeys-top-k is set and there is no session."),
                ("RESET", "Forgets what was found. A session has to be stopped before."),
                ("START METRICS <count> [CPU] [NET] [COUNT <k>] [DURATION <seconds>] [SAMPLE <ratio>] [SLOTS <count> <slot> [<slot> ...]]",
                    "Starts a session that finds the <k> keys (10 unless told, 64 at most) that take the most time (CPU) and the most bytes "
                        + "(NET), and ends after so many seconds. One key in <ratio> is counted."),
                ("STOP", "Ends the session and keeps what it found.")),
        ],
    };

    static string[] HotKeysTips => ["request_policy:special", "response_policy:special", "nondeterministic_output"];

    static Command HotKeysSubcommand(string name, string complexity, string summary, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.Server, Since = "8.6.0", Complexity = complexity, Summary = summary,
        Arity = 2, Flags = TrackingHotKeys, Tips = HotKeysTips,
        Run = run,
    };

    static void HotKeysStart(ref CommandContext c)
    {
        if (!TryReadHotKeyOptions(ref c, out var options)) return;
        if (c.Server.HotKeys.Session is { IsActive: true })
        {
            c.Fail(Errors.HotKeysActive);
            return;
        }
        c.Server.HotKeys.Start(options);
        c.Reply.Ok();
    }

    static bool TryReadHotKeyOptions(ref CommandContext c, out HotKeyOptions options)
    {
        options = new() { Count = UsualHotKeys, Ratio = 1, Slots = [] };
        if (!TryReadMetrics(ref c, ref options, out var i)) return false;
        while (i < c.Count)
        {
            if (i + 1 == c.Count)
            {
                c.Fail(Errors.Syntax);
                return false;
            }
            int value;
            if (c.IsToken(i, "COUNT"u8))
            {
                if (!TryNumber(ref c, i + 1, "COUNT", MostHotKeys, out value)) return false;
                options = options with { Count = value };
            }
            else if (c.IsToken(i, "DURATION"u8))
            {
                if (!TryNumber(ref c, i + 1, "DURATION", MostSeconds, out value)) return false;
                options = options with { Seconds = value };
            }
            else if (c.IsToken(i, "SAMPLE"u8))
            {
                if (!TryNumber(ref c, i + 1, "SAMPLE", int.MaxValue, out value)) return false;
                options = options with { Ratio = value };
            }
            else if (c.IsToken(i, "SLOTS"u8))
            {
                if (!TryReadSlots(ref c, i + 1, out var slots)) return false;
                options = options with { Slots = slots };
                i += slots.Length;
            }
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
            i += 2;
        }
        return true;
    }

    /// <summary>Reads METRICS, its count, and so many names of metrics.</summary>
    static bool TryReadMetrics(ref CommandContext c, ref HotKeyOptions options, out int next)
    {
        next = 4;
        if (!c.IsToken(2, "METRICS"u8))
        {
            c.Fail(Errors.HotKeysMetrics);
            return false;
        }
        if (!TryNumber(ref c, 3, "METRICS", 2, out var count)) return false;
        for (; next < c.Count; next++)
        {
            if (!options.ByTime && c.IsToken(next, "CPU"u8)) options = options with { ByTime = true };
            else if (!options.ByBytes && c.IsToken(next, "NET"u8)) options = options with { ByBytes = true };
            else break;
        }
        if (next - 4 == count) return true;
        c.Fail(Errors.HotKeysMetrics);
        return false;
    }

    /// <summary>Reads a count and so many slots.</summary>
    static bool TryReadSlots(ref CommandContext c, int at, out int[] slots)
    {
        slots = [];
        if (!c.Server.Config.Cluster.ClusterEnabled)
        {
            c.Fail(Errors.HotKeysSlots);
            return false;
        }
        if (!TryNumber(ref c, at, "SLOTS", KeySlot.Count, out var count)) return false;
        if (count >= c.Count - at)
        {
            c.Fail(Errors.Syntax);
            return false;
        }
        var wanted = new int[count];
        for (var i = 0; i < count; i++)
        {
            if (!c.TryInteger(at + 1 + i, out var slot)) return false;
            wanted[i] = (int)Math.Clamp(slot, -1, KeySlot.Count);
            if (slot is >= 0 and < KeySlot.Count && Array.IndexOf(wanted, (int)slot) == i) continue;
            c.Fail(Errors.HotKeysSlotNumbers);
            return false;
        }
        Array.Sort(wanted);
        slots = wanted;
        return true;
    }

    static bool TryNumber(ref CommandContext c, int at, string name, int most, out int value)
    {
        value = 0;
        if (!c.TryInteger(at, out var wide)) return false;
        if (wide < 1 || wide > most)
        {
            c.Fail(Errors.HotKeysRange(name, most));
            return false;
        }
        value = (int)wide;
        return true;
    }

    /// <summary>Answers null if there is nothing to end: clients of Redis 8.6 rely on it, though its documents promise an error.</summary>
    static void HotKeysStop(ref CommandContext c)
    {
        if (c.Server.HotKeys.Session is not { IsActive: true })
        {
            c.Reply.Null();
            return;
        }
        c.Server.HotKeys.Stop();
        c.Reply.Ok();
    }

    static void HotKeysReset(ref CommandContext c)
    {
        if (c.Server.HotKeys.Session is { IsActive: true })
        {
            c.Fail(Errors.HotKeysActive);
            return;
        }
        c.Server.HotKeys.Reset();
        c.Reply.Ok();
    }

    static void HotKeysGet(ref CommandContext c)
    {
        var hotKeys = c.Server.HotKeys;
        hotKeys.Run();
        if (hotKeys.Session is { } session) ReplySession(ref c, session);
        else if (hotKeys.Windows is { } windows) ReplyWindow(c.Reply, windows);
        else c.Reply.Null();
    }

    static void ReplyWindow(ReplyWriter reply, HotKeyWindows windows)
    {
        var rates = windows.Report();
        reply.Array(rates.Length);
        foreach (var (key, database, perSecond) in rates)
        {
            reply.Map(3);
            reply.Bulk("key"u8);
            reply.Bulk(key);
            reply.Pair("db", database);
            reply.Pair("qps", perSecond);
        }
    }

    /// <summary>One map in an array, so that those of several nodes can be put together.</summary>
    static void ReplySession(ref CommandContext c, HotKeySession session)
    {
        var (reply, clock, options) = (c.Reply, c.Server.Clock, session.Options);
        reply.Array(1);
        var deferred = reply.BeginDeferred();
        var pairs = 0;
        Number("tracking-active", session.IsActive ? 1 : 0);
        Number("sample-ratio", options.Ratio);
        reply.Bulk("selected-slots"u8);
        ReplySlots(reply, options.Slots);
        pairs++;
        var (hasSlots, isSampled) = (options.Slots.Length > 0, options.Ratio > 1);
        if (hasSlots && isSampled) Number("sampled-commands-selected-slots-us", clock.TotalMicroseconds(session.SampledTicks));
        if (hasSlots) Number("all-commands-selected-slots-us", clock.TotalMicroseconds(session.SelectedTicks));
        Number("all-commands-all-slots-us", clock.TotalMicroseconds(session.AllTicks));
        if (hasSlots && isSampled) Number("net-bytes-sampled-commands-selected-slots", session.SampledBytes);
        if (hasSlots) Number("net-bytes-all-commands-selected-slots", session.SelectedBytes);
        Number("net-bytes-all-commands-all-slots", session.AllBytes);
        Number("collection-start-time-unix-ms", session.StartedAt);
        Number("collection-duration-ms", session.DurationMilliseconds);
        if (options.ByTime)
        {
            Number("total-cpu-time-user-ms", (long)session.UserTime.TotalMilliseconds);
            Number("total-cpu-time-sys-ms", (long)session.SystemTime.TotalMilliseconds);
        }
        if (options.ByBytes) Number("total-net-bytes", session.NetworkBytes);
        if (options.ByTime) Keys("by-cpu-time-us", session.ByTime, clock.TotalMicroseconds);
        if (options.ByBytes) Keys("by-net-bytes", session.ByBytes, bytes => bytes);
        reply.EndMap(deferred, pairs);

        void Number(string name, long value)
        {
            reply.Pair(name, value);
            pairs++;
        }

        void Keys(string name, HeavyKey[] keys, Func<long, long> amountOf)
        {
            reply.Bulk(name);
            reply.Array(keys.Length * 2);
            foreach (var key in keys)
            {
                reply.Bulk(key.Key);
                reply.Integer(amountOf(key.Weight));
            }
            pairs++;
        }
    }

    /// <summary>Ranges of slots, and single ones.</summary>
    static void ReplySlots(ReplyWriter reply, int[] slots)
    {
        var ranges = new List<(int First, int Last)>();
        foreach (var slot in slots)
        {
            if (ranges.Count > 0 && ranges[^1].Last == slot - 1) ranges[^1] = (ranges[^1].First, slot);
            else ranges.Add((slot, slot));
        }
        if (slots.Length == 0) ranges.Add((0, KeySlot.Count - 1));
        reply.Array(ranges.Count);
        foreach (var (first, last) in ranges)
        {
            reply.Array(first == last ? 1 : 2);
            reply.Integer(first);
            if (first != last) reply.Integer(last);
        }
    }
}
